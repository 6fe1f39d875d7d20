rockspec_format = "3.0"
package = "tavus-cli"
version = "scm-1"

-- A checkout builds itself; a release's rockspec names its archive here. LuaRocks repeats the url when it fails.
source = {
   url = "file:///scm-1 has no archive: run 'luarocks make tavus-cli-scm-1.rockspec' in a checkout of tavus",
}

description = {
   summary = "The command tavus-lua: the calls of Tavus' persona API, from a shell",
   detailed = [[
Every call of Tavus' persona API as a command, the contract of each field for
people, and a check-up of key, certificates and connection.]],
   license = "MIT",
   labels = { "tavus", "commandline" },
}

dependencies = {
   "lua >= 5.1",
   "tavus",
   "argparse",
}

build = {
   type = "none",
   install = {
      bin = {
         ["tavus-lua"] = "lua/tavus/cli/main.lua",
      },
      lua = {
         ["tavus.cli.body"] = "lua/tavus/cli/body.lua",
         ["tavus.cli.commands"] = "lua/tavus/cli/commands.lua",
         ["tavus.cli.context"] = "lua/tavus/cli/context.lua",
         ["tavus.cli.doctor"] = "lua/tavus/cli/doctor.lua",
         ["tavus.cli.main"] = "lua/tavus/cli/main.lua",
         ["tavus.cli.operations"] = "lua/tavus/cli/operations.lua",
         ["tavus.cli.parser"] = "lua/tavus/cli/parser.lua",
         ["tavus.cli.plan_text"] = "lua/tavus/cli/plan_text.lua",
         ["tavus.cli.program"] = "lua/tavus/cli/program.lua",
         ["tavus.cli.schema"] = "lua/tavus/cli/schema.lua",
         ["tavus.cli.services"] = "lua/tavus/cli/services.lua",
         ["tavus.cli.setup"] = "lua/tavus/cli/setup.lua",
         ["tavus.cli.status"] = "lua/tavus/cli/status.lua",
         ["tavus.cli.terminal"] = "lua/tavus/cli/terminal.lua",
      },
   },
}

test = {
   type = "busted",
}
