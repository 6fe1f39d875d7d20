rockspec_format = "3.0"
package = "tavus-sandbox"
version = "scm-1"

-- A checkout builds itself; a release's rockspec names its archive here. LuaRocks repeats the url when it fails.
source = {
   url = "file:///scm-1 has no archive: run 'luarocks make tavus-sandbox-scm-1.rockspec' in a checkout of tavus",
}

description = {
   summary = "A local stand-in for Tavus' persona API, to test against without a key or a bill",
   detailed = [[
Personas and conversations over real HTTP on loopback, stateful, answering as
Tavus' documents say, with scripted answers, delays and cut connections on
order. In the same process on a thread of its own, or as the program
`tavus-sandbox`. It is not Tavus: nothing is sent anywhere.]],
   license = "MIT",
   labels = { "tavus", "http", "testing", "mock" },
}

supported_platforms = { "linux" }

dependencies = {
   "lua >= 5.1",
   "tavus",
   "argparse",
}

-- No `header` here: LuaRocks does not look in Debian's multiarch include folder, the compiler does.
external_dependencies = {
   MICROHTTPD = { library = "microhttpd" },
}

-- Not "builtin": that one leaves objects beside the sources. make leaves the shared objects in .build/rock/, and LuaRocks
-- installs: only it knows where to, when it packs a rock.
build = {
   type = "make",
   build_target = "rock",
   install_pass = false,
   variables = {
      ROCK = "tavus-sandbox",
      CFLAGS = "$(CFLAGS)",
      LIBFLAG = "$(LIBFLAG)",
      LUA = "$(LUA)",
      LUA_INCDIR = "$(LUA_INCDIR)",
      MICROHTTPD_INCDIR = "$(MICROHTTPD_INCDIR)",
      MICROHTTPD_LIBDIR = "$(MICROHTTPD_LIBDIR)",
   },
   install = {
      bin = {
         ["tavus-sandbox"] = "lua/tavus/sandbox/cli.lua",
      },
      lib = {
         ["tavus.sandbox.httpd"] = ".build/rock/tavus/sandbox/httpd.so",
      },
      lua = {
         ["tavus.sandbox.answers"] = "lua/tavus/sandbox/answers.lua",
         ["tavus.sandbox.browser"] = "lua/tavus/sandbox/browser.lua",
         ["tavus.sandbox.changes"] = "lua/tavus/sandbox/changes.lua",
         ["tavus.sandbox.checks"] = "lua/tavus/sandbox/checks.lua",
         ["tavus.sandbox.cli"] = "lua/tavus/sandbox/cli.lua",
         ["tavus.sandbox.clock"] = "lua/tavus/sandbox/clock.lua",
         ["tavus.sandbox.context"] = "lua/tavus/sandbox/context.lua",
         ["tavus.sandbox.contract"] = "lua/tavus/sandbox/contract.lua",
         ["tavus.sandbox.control"] = "lua/tavus/sandbox/control.lua",
         ["tavus.sandbox.conversations"] = "lua/tavus/sandbox/conversations.lua",
         ["tavus.sandbox.data"] = "lua/tavus/sandbox/data.lua",
         ["tavus.sandbox.deployments"] = "lua/tavus/sandbox/deployments.lua",
         ["tavus.sandbox.documents"] = "lua/tavus/sandbox/documents.lua",
         ["tavus.sandbox.drafts"] = "lua/tavus/sandbox/drafts.lua",
         ["tavus.sandbox.expect"] = "lua/tavus/sandbox/expect.lua",
         ["tavus.sandbox.faults"] = "lua/tavus/sandbox/faults.lua",
         ["tavus.sandbox.generations"] = "lua/tavus/sandbox/generations.lua",
         ["tavus.sandbox.generic"] = "lua/tavus/sandbox/generic.lua",
         ["tavus.sandbox.guardrails"] = "lua/tavus/sandbox/guardrails.lua",
         ["tavus.sandbox.habits"] = "lua/tavus/sandbox/habits.lua",
         ["tavus.sandbox.init"] = "lua/tavus/sandbox/init.lua",
         ["tavus.sandbox.journal"] = "lua/tavus/sandbox/journal.lua",
         ["tavus.sandbox.lists"] = "lua/tavus/sandbox/lists.lua",
         ["tavus.sandbox.llm"] = "lua/tavus/sandbox/llm.lua",
         ["tavus.sandbox.memory_stores"] = "lua/tavus/sandbox/memory_stores.lua",
         ["tavus.sandbox.objectives"] = "lua/tavus/sandbox/objectives.lua",
         ["tavus.sandbox.overview"] = "lua/tavus/sandbox/overview.lua",
         ["tavus.sandbox.parts"] = "lua/tavus/sandbox/parts.lua",
         ["tavus.sandbox.patching"] = "lua/tavus/sandbox/patching.lua",
         ["tavus.sandbox.personas"] = "lua/tavus/sandbox/personas.lua",
         ["tavus.sandbox.play"] = "lua/tavus/sandbox/play.lua",
         ["tavus.sandbox.replay"] = "lua/tavus/sandbox/replay.lua",
         ["tavus.sandbox.reply"] = "lua/tavus/sandbox/reply.lua",
         ["tavus.sandbox.routes"] = "lua/tavus/sandbox/routes.lua",
         ["tavus.sandbox.rows"] = "lua/tavus/sandbox/rows.lua",
         ["tavus.sandbox.script"] = "lua/tavus/sandbox/script.lua",
         ["tavus.sandbox.service"] = "lua/tavus/sandbox/service.lua",
         ["tavus.sandbox.settings"] = "lua/tavus/sandbox/settings.lua",
         ["tavus.sandbox.state"] = "lua/tavus/sandbox/state.lua",
         ["tavus.sandbox.states"] = "lua/tavus/sandbox/states.lua",
         ["tavus.sandbox.stock"] = "lua/tavus/sandbox/stock.lua",
         ["tavus.sandbox.ties"] = "lua/tavus/sandbox/ties.lua",
         ["tavus.sandbox.tools"] = "lua/tavus/sandbox/tools.lua",
         ["tavus.sandbox.views"] = "lua/tavus/sandbox/views.lua",
         ["tavus.sandbox.voices"] = "lua/tavus/sandbox/voices.lua",
      },
   },
}

test = {
   type = "busted",
}
