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
         ["tavus.crypto"] = ".build/rock/tavus/crypto.so",
         ["tavus.http"] = ".build/rock/tavus/http.so",
      },
      lua = {
         ["tavus.build.keywords"] = "lua/tavus/build/keywords.lua",
         ["tavus.build.objectives"] = "lua/tavus/build/objectives.lua",
         ["tavus.build.perception"] = "lua/tavus/build/perception.lua",
         ["tavus.build.property"] = "lua/tavus/build/property.lua",
         ["tavus.build.registered"] = "lua/tavus/build/registered.lua",
         ["tavus.build.tool"] = "lua/tavus/build/tool.lua",
         ["tavus.client.answer"] = "lua/tavus/client/answer.lua",
         ["tavus.client.call"] = "lua/tavus/client/call.lua",
         ["tavus.client.failure"] = "lua/tavus/client/failure.lua",
         ["tavus.client.find"] = "lua/tavus/client/find.lua",
         ["tavus.client.init"] = "lua/tavus/client/init.lua",
         ["tavus.client.library"] = "lua/tavus/client/library.lua",
         ["tavus.client.merge"] = "lua/tavus/client/merge.lua",
         ["tavus.client.pages"] = "lua/tavus/client/pages.lua",
         ["tavus.client.progress"] = "lua/tavus/client/progress.lua",
         ["tavus.client.record"] = "lua/tavus/client/record.lua",
         ["tavus.client.resource"] = "lua/tavus/client/resource.lua",
         ["tavus.client.task"] = "lua/tavus/client/task.lua",
         ["tavus.client.update"] = "lua/tavus/client/update.lua",
         ["tavus.client.wait"] = "lua/tavus/client/wait.lua",
         ["tavus.client.with"] = "lua/tavus/client/with.lua",
         ["tavus.errors"] = "lua/tavus/errors.lua",
         ["tavus.host.blocking"] = "lua/tavus/host/blocking.lua",
         ["tavus.host.init"] = "lua/tavus/host/init.lua",
         ["tavus.host.loop"] = "lua/tavus/host/loop.lua",
         ["tavus.host.openresty"] = "lua/tavus/host/openresty.lua",
         ["tavus.host.openresty_signal"] = "lua/tavus/host/openresty_signal.lua",
         ["tavus.host.openresty_tasks"] = "lua/tavus/host/openresty_tasks.lua",
         ["tavus.init"] = "lua/tavus/init.lua",
         ["tavus.live.check"] = "lua/tavus/live/check.lua",
         ["tavus.live.event"] = "lua/tavus/live/event.lua",
         ["tavus.live.init"] = "lua/tavus/live/init.lua",
         ["tavus.live.kinds"] = "lua/tavus/live/kinds.lua",
         ["tavus.live.message"] = "lua/tavus/live/message.lua",
         ["tavus.log"] = "lua/tavus/log.lua",
         ["tavus.meanings"] = "lua/tavus/meanings.lua",
         ["tavus.modules"] = "lua/tavus/modules.lua",
         ["tavus.names"] = "lua/tavus/names.lua",
         ["tavus.options"] = "lua/tavus/options.lua",
         ["tavus.patch.apply"] = "lua/tavus/patch/apply.lua",
         ["tavus.patch.diff"] = "lua/tavus/patch/diff.lua",
         ["tavus.patch.init"] = "lua/tavus/patch/init.lua",
         ["tavus.patch.pointer"] = "lua/tavus/patch/pointer.lua",
         ["tavus.patch.read"] = "lua/tavus/patch/read.lua",
         ["tavus.patch.values"] = "lua/tavus/patch/values.lua",
         ["tavus.query"] = "lua/tavus/query.lua",
         ["tavus.secret.redact"] = "lua/tavus/secret/redact.lua",
         ["tavus.setup.apply"] = "lua/tavus/setup/apply.lua",
         ["tavus.setup.check"] = "lua/tavus/setup/check.lua",
         ["tavus.setup.compare"] = "lua/tavus/setup/compare.lua",
         ["tavus.setup.environment"] = "lua/tavus/setup/environment.lua",
         ["tavus.setup.faults"] = "lua/tavus/setup/faults.lua",
         ["tavus.setup.folder"] = "lua/tavus/setup/folder.lua",
         ["tavus.setup.globals"] = "lua/tavus/setup/globals.lua",
         ["tavus.setup.graph"] = "lua/tavus/setup/graph.lua",
         ["tavus.setup.guard"] = "lua/tavus/setup/guard.lua",
         ["tavus.setup.init"] = "lua/tavus/setup/init.lua",
         ["tavus.setup.kinds"] = "lua/tavus/setup/kinds.lua",
         ["tavus.setup.live"] = "lua/tavus/setup/live.lua",
         ["tavus.setup.llm"] = "lua/tavus/setup/llm.lua",
         ["tavus.setup.loader"] = "lua/tavus/setup/loader.lua",
         ["tavus.setup.overlay"] = "lua/tavus/setup/overlay.lua",
         ["tavus.setup.plan"] = "lua/tavus/setup/plan.lua",
         ["tavus.setup.pull"] = "lua/tavus/setup/pull.lua",
         ["tavus.setup.saved"] = "lua/tavus/setup/saved.lua",
         ["tavus.setup.snapshot"] = "lua/tavus/setup/snapshot.lua",
         ["tavus.setup.source"] = "lua/tavus/setup/source.lua",
         ["tavus.setup.state"] = "lua/tavus/setup/state.lua",
         ["tavus.setup.values"] = "lua/tavus/setup/values.lua",
         ["tavus.setup.write"] = "lua/tavus/setup/write.lua",
         ["tavus.signature"] = "lua/tavus/signature.lua",
         ["tavus.text"] = "lua/tavus/text.lua",
         ["tavus.types"] = "lua/tavus/types.lua",
         ["tavus.version"] = "lua/tavus/version.lua",
      },
   },
}

test = {
   type = "busted",
}
