rockspec_format = "3.0"
package = "tavus"
version = "scm-1"

-- A checkout builds itself (`luarocks make`); a release's rockspec names its archive here.
source = {
   url = "git+file://.",
}

description = {
   summary = "Personas of Tavus' conversational video API, checked and sent from native code",
   detailed = [[
Describe, check, create, list, read, patch and delete the personas of Tavus'
conversational video API, and start conversations with them. Checking, JSON and
HTTP are C on libcurl; the builders for tools, perception queries and patch
operations are Lua. For Lua 5.1 to 5.5 and LuaJIT.]],
   license = "MIT",
   labels = { "tavus", "http", "api", "json" },
}

supported_platforms = { "unix" }

dependencies = {
   "lua >= 5.1",
   "lua-cjson",
}

-- No `header` here: LuaRocks does not look in Debian's multiarch include folder, the compiler does.
external_dependencies = {
   CURL = { library = "curl" },
}

-- Not "builtin": that one leaves objects beside the sources and installs the whole of lua/,
-- the sandbox's files among it.
build = {
   type = "make",
   build_target = "rock",
   install_target = "rock-install",
   variables = {
      ROCK = "tavus",
      CFLAGS = "$(CFLAGS)",
      LIBFLAG = "$(LIBFLAG)",
      LUA = "$(LUA)",
      LUA_INCDIR = "$(LUA_INCDIR)",
      CURL_LIBDIR = "$(CURL_LIBDIR)",
   },
   install_variables = {
      LUADIR = "$(LUADIR)",
      LIBDIR = "$(LIBDIR)",
   },
}

test = {
   type = "busted",
}
