rockspec_format = "3.0"
package = "tavus-sandbox"
version = "scm-1"

-- A checkout builds itself (`luarocks make`); a release's rockspec names its archive here.
source = {
   url = "git+file://.",
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

-- Not "builtin": that one leaves objects beside the sources and installs the whole of lua/,
-- the other rock's files among it.
build = {
   type = "make",
   build_target = "rock",
   install_target = "rock-install",
   variables = {
      ROCK = "tavus-sandbox",
      CFLAGS = "$(CFLAGS)",
      LIBFLAG = "$(LIBFLAG)",
      LUA = "$(LUA)",
      LUA_INCDIR = "$(LUA_INCDIR)",
      MICROHTTPD_LIBDIR = "$(MICROHTTPD_LIBDIR)",
   },
   install_variables = {
      ROCK = "tavus-sandbox",
      LUADIR = "$(LUADIR)",
      LIBDIR = "$(LIBDIR)",
   },
   install = {
      bin = {
         ["tavus-sandbox"] = "lua/tavus/sandbox/cli.lua",
      },
   },
}

test = {
   type = "busted",
}
