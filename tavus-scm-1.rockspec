rockspec_format = "3.0"
package = "tavus"
version = "scm-1"

-- A checkout builds itself; a release's rockspec names its archive here. LuaRocks repeats the url when it fails.
source = {
   url = "file:///scm-1 has no archive: run 'luarocks make tavus-scm-1.rockspec' in a checkout of tavus",
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

-- Not "builtin": that one leaves objects beside the sources. make leaves the shared objects in .build/rock/, and LuaRocks
-- installs: only it knows where to, when it packs a rock.
build = {
   type = "make",
   build_target = "rock",
   install_pass = false,
   variables = {
      ROCK = "tavus",
      CFLAGS = "$(CFLAGS)",
      LIBFLAG = "$(LIBFLAG)",
      LUA = "$(LUA)",
      LUA_INCDIR = "$(LUA_INCDIR)",
      CURL_INCDIR = "$(CURL_INCDIR)",
      CURL_LIBDIR = "$(CURL_LIBDIR)",
   },
   install = {
      lib = {
         ["tavus.core"] = ".build/rock/tavus/core.so",
         ["tavus.http"] = ".build/rock/tavus/http.so",
      },
      lua = {
         ["tavus.answer"] = "lua/tavus/answer.lua",
         ["tavus.call"] = "lua/tavus/call.lua",
         ["tavus.clean"] = "lua/tavus/clean.lua",
         ["tavus.client"] = "lua/tavus/client.lua",
         ["tavus.errors"] = "lua/tavus/errors.lua",
         ["tavus.failure"] = "lua/tavus/failure.lua",
         ["tavus.host.blocking"] = "lua/tavus/host/blocking.lua",
         ["tavus.host.init"] = "lua/tavus/host/init.lua",
         ["tavus.host.loop"] = "lua/tavus/host/loop.lua",
         ["tavus.host.openresty"] = "lua/tavus/host/openresty.lua",
         ["tavus.host.openresty_tasks"] = "lua/tavus/host/openresty_tasks.lua",
         ["tavus.init"] = "lua/tavus/init.lua",
         ["tavus.keywords"] = "lua/tavus/keywords.lua",
         ["tavus.log"] = "lua/tavus/log.lua",
         ["tavus.options"] = "lua/tavus/options.lua",
         ["tavus.pages"] = "lua/tavus/pages.lua",
         ["tavus.patch"] = "lua/tavus/patch.lua",
         ["tavus.patch_apply"] = "lua/tavus/patch_apply.lua",
         ["tavus.patch_diff"] = "lua/tavus/patch_diff.lua",
         ["tavus.patch_read"] = "lua/tavus/patch_read.lua",
         ["tavus.patch_value"] = "lua/tavus/patch_value.lua",
         ["tavus.perception"] = "lua/tavus/perception.lua",
         ["tavus.pointer"] = "lua/tavus/pointer.lua",
         ["tavus.query"] = "lua/tavus/query.lua",
         ["tavus.record"] = "lua/tavus/record.lua",
         ["tavus.redact"] = "lua/tavus/redact.lua",
         ["tavus.resource"] = "lua/tavus/resource.lua",
         ["tavus.schema"] = "lua/tavus/schema.lua",
         ["tavus.task"] = "lua/tavus/task.lua",
         ["tavus.tool"] = "lua/tavus/tool.lua",
         ["tavus.types"] = "lua/tavus/types.lua",
         ["tavus.unasked"] = "lua/tavus/unasked.lua",
         ["tavus.update"] = "lua/tavus/update.lua",
         ["tavus.version"] = "lua/tavus/version.lua",
      },
   },
}

test = {
   type = "busted",
}
