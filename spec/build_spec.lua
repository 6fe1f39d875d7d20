-- The build elsewhere: libraries in a place of their own, the caller's compiler and flags, tools that know POSIX alone, rocks
-- that are packed, and a checkout below a folder with an awkward name.
-- Once is enough: each build names its Lua.
if _VERSION ~= "Lua 5.4" then return end

local process = require "spec.support.process"

local quote = process.quote

-- FOLDER has stand-ins for programs in bin/, and the system's libcurl and libmicrohttpd once more in other/.
local prepare = [[
  set -e
  mkdir -p FOLDER/bin FOLDER/home CHECKOUT
  cp -R Makefile .ci csrc lua examples ./*.rockspec CHECKOUT
  mkdir -p FOLDER/other/include FOLDER/other/lib
  for name in curl microhttpd; do
    case $name in curl) header=curl/curl.h ;; *) header=$name.h ;; esac
    found=$(echo "#include <$header>" | cc -E -x c - | sed -n "s,^# 1 \"\(.*/$header\)\".*,\1,p" | sed 1q)
    case $header in */*) cp -R "${found%/*}" FOLDER/other/include ;; *) cp "$found" FOLDER/other/include ;; esac
    library=$(cc -print-file-name=lib$name.so)
    cp "$library" FOLDER/other/lib/lib$name.so
    loaded=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
    cp "$library" FOLDER/other/lib/"$loaded"
  done
  # the options that install has on macOS and BSD
  cat > FOLDER/bin/install <<'end'
#!/bin/sh
while getopts bCcdf:g:m:o:pSsv option; do [ "$option" != '?' ] || exit 64; done
exec /usr/bin/install "$@"
end
  for name in nproc readlink realpath; do printf '#!/bin/sh\nexit 127\n' > FOLDER/bin/$name; done
  chmod +x FOLDER/bin/*
  # where LuaRocks installs when it is not told where to, and what it is told by `luarocks config variables.CURL_DIR`
  printf 'rocks_trees = { { name = "home", root = "%s/rocks" } }\nvariables = { CURL_DIR = "%s/other" }\n' \
    FOLDER/home FOLDER > FOLDER/luarocks.lua
]]

describe("the build", function()
  local folder, checkout

  -- Runs shell text in the checkout; it sees nothing of what this process was started with.
  local function run(command, environment)
    local all = {
      PATH = folder .. "/bin:" .. os.getenv "PATH", HOME = folder .. "/home", POSIXLY_CORRECT = "1",
      LUAROCKS_CONFIG = folder .. "/luarocks.lua",
    }
    for name in ("LD_PRELOAD MAKEFLAGS MFLAGS MAKELEVEL LUA_PATH LUA_CPATH CC CPPFLAGS CFLAGS LDFLAGS LIBFLAG"):gmatch "%S+" do
      all[name] = false
    end
    for name, value in pairs(environment or {}) do all[name] = value end
    return process.run(("cd %s && %s"):format(quote(checkout), command), all)
  end

  local function must(command, environment)
    local status, output = run(command, environment)
    assert(status == 0, output)
    return output
  end

  setup(function()
    local status, output = process.run [[mktemp -d "${TMPDIR:-/tmp}/tavus.XXXXXX"]]
    assert(status == 0, output)
    folder = output:match "^[^\n]+"
    checkout = folder .. [[/O'Brien's (work) $HOME #1 100% "é"]]
    status, output = process.run((prepare:gsub("%u%u%u%u+", { FOLDER = quote(folder), CHECKOUT = quote(checkout) })),
      { LD_PRELOAD = false })
    assert(status == 0, output)
  end)

  teardown(function() process.run("rm -rf " .. quote(folder)) end)

  local function needed(object)
    return must(("readelf -d %s | grep -e RUNPATH -e RPATH || true; ldd %s"):format(object, object))
  end

  describe("with libraries of another place, the caller's compiler and flags, and without the tools of GNU", function()
    local output, log

    setup(function()
      output = must(([[make demo CURL_DIR=FOLDER/other MICROHTTPD_INCDIR=FOLDER/other/include MICROHTTPD_LIBDIR=FOLDER/other/lib \
        CFLAGS="-O0 -fPIE -DTEXT='\"a b\"'" LIBFLAG=-Wl,-z,now]]):gsub("FOLDER", folder), {
          CC = "gcc -DOF_CC", CFLAGS = "-DOF_NOBODY", CPPFLAGS = "-DOF_CPPFLAGS", LDFLAGS = [[-pie -Wl,-rpath,\$$ORIGIN]],
        })
      log = must "cat .build/lua5.4/log"
    end)

    it("works below a folder whose name the shell would read", function()
      assert.matches("The sandbox is stopped", output, 1, true)
      assert.equal("0.1.0\n", must [[eval "$(make -s env)"; lua5.4 -e 'print((require "tavus.version"))']])
      assert.matches("^tavus%-sandbox 0.1.0\n$", must [[eval "$(make -s env)"; tavus-sandbox --version]])
      assert.equal("tavus-lua 0.1.0\n", must [[eval "$(make -s env)"; tavus-lua --version]])
    end)

    it("takes their headers, their libraries and finds these at run time", function()
      local tree = ".build/lua5.4/tree/lib/lua/5.4/tavus/"
      for object, library in pairs { ["http.so"] = "curl", ["sandbox/httpd.so"] = "microhttpd" } do
        local text = needed(tree .. object)
        assert.matches(("lib%s.so.%%d+ => %s/other/lib/lib%s"):format(library, folder:gsub("%p", "%%%0"), library), text)
        assert.matches("$ORIGIN", text, 1, true)
      end
      assert.matches("/other/include/curl/curl.h", must "cat .build/lua5.4/csrc/http/engine.d", 1, true)
      assert.matches("/other/include/microhttpd.h", must "cat .build/lua5.4/csrc/sandbox/server.d", 1, true)
    end)

    it("adds what it needs to the flags, and nothing to what others need", function()
      for line in log:gmatch "[^\n]*%-c csrc/[^\n]*" do
        assert.matches("^gcc %-DOF_CC .*%-DOF_CPPFLAGS .*%-O0 %-fPIE %-DTEXT='\"a b\"' .*%-fPIC", line)
      end
      assert.is_nil(log:find "OF_NOBODY")
      assert.matches("BIND_NOW", must "readelf -d .build/lua5.4/tree/lib/lua/5.4/tavus/core.so", 1, true)
    end)

    it("and for a program that has it inside", function()
      local line = must("make -s -j2 static CFLAGS=-O0 CC='gcc -DOF_CC' CURL_DIR=" .. folder .. "/other"):match "[^\n]*program%.c[^\n]*"
      assert.matches("^gcc %-DOF_CC ", line)
      must((line:gsub("program%.c", "examples/embed/host.c -o " .. quote(folder .. "/host"))))
      assert.matches("=> " .. folder .. "/other/lib/libcurl", needed(folder .. "/host"), 1, true)
    end)

    it("makes what a changed compiler or flag is about again, and nothing else", function()
      local one = "make .build/lua5.4/csrc/json/number.o LUA_INCDIR=/usr/include/lua5.4 "
      must(one)
      assert.is_nil(must(one):find "%-c csrc")
      for _, change in ipairs { "CC='cc -g'", "CFLAGS=-O0", "CPPFLAGS=-DX", "CURL_INCDIR=/opt/x", "LUA_INCDIR=/usr/include/lua5.3" } do
        assert.matches("-c csrc", must(one .. change), 1, true)
      end
      must "printf '#!/bin/sh\necho called >> ../called\n' > ../bin/luarocks; chmod +x ../bin/luarocks"
      for _, change in ipairs { "", "", "CC=gcc", "CC=gcc", "CC=gcc LDFLAGS=-s", "CC=gcc CURL_LIBDIR=/opt/x" } do
        must("make build " .. change)
      end
      assert.equal(4 * 3, select(2, must "cat ../called; rm ../called ../bin/luarocks":gsub("called", "")))
    end)
  end)

  it("goes without OpenSSL where its header is missing, says so, and has it when it is there", function()
    must "mkdir -p ../none/openssl && echo '#error none' > ../none/openssl/hmac.h"
    local build = "make .build/lua5.4/lib/tavus/crypto.so .build/lua5.4/lib/tavus/core.so LUA_INCDIR=/usr/include/lua5.4 CFLAGS=-O0 "
    local use = "lua5.4 -e " .. quote [[
      local signature = require "tavus.signature"
      local signed, err = signature.sign("k", "d")
      print(signed and #signed or err)]]
    local paths = { LUA_PATH = "lua/?.lua;lua/?/init.lua", LUA_CPATH = ".build/lua5.4/lib/?.so" }
    assert.matches("needs openssl/hmac.h (Debian: libssl-dev)", must(build .. "OPENSSL_INCDIR=../none"), 1, true)
    assert.matches("^config: this build of tavus has no tavus.crypto.*libssl%-dev", must(use, paths))
    assert.is_nil(must(build):find "libssl-dev")
    assert.equal("64\n", must(use, paths))
    assert.matches("libssl-dev", must(build .. "CRYPTO=0"), 1, true)
  end)

  it("has tavus.crypto in an archive with CRYPTO=1 only", function()
    for option, found in pairs { [""] = false, [" CRYPTO=1"] = true } do
      local line = must("make -s -j2 static CFLAGS=-O0" .. option):match "[^\n]*program%.c[^\n]*"
      assert.equal(found, line:find "-lcrypto" ~= nil)
      assert.equal(found, must "nm .build/lua5.4-static/libtavus.a":find "T luaopen_tavus_crypto" ~= nil)
    end
  end)

  it("gives no place for the loader to look into where it does so by itself", function()
    -- built before the specs run, with nothing named
    local status, output = process.run "readelf -d .build/lua5.4/tree/lib/lua/5.4/tavus/*.so"
    assert.equal(0, status, output)
    assert.is_nil(output:find "RUNPATH" or output:find "RPATH")
  end)

  it("asks the compiler with its flags what is there, and installs nothing then", function()
    must [[
      mkdir -p ../few ../headers/curl && touch ../headers/curl/curl.h && echo '#define LUA_VERSION_NUM 509' > ../headers/lua.h
      for name in sh env cc gcc as ld sed id sort tr make; do ln -s "$(command -v $name)" ../few; done
      printf '#!/bin/sh\necho 5.9\n' > ../few/lua5.9; chmod +x ../few/lua5.9]]
    local environment = { PATH = folder .. "/few", CC = "gcc -nostdinc" }
    local status, output = run(".ci/packages static lua5.9", environment)
    assert.equal(1, status)
    assert.matches("libcurl4-openssl-dev liblua5.9-dev", output, 1, true)
    for _, name in ipairs { "CPPFLAGS", "CFLAGS" } do
      environment[name] = "-I'" .. folder .. "/headers'"
      assert.equal("", must(".ci/packages static lua5.9", environment))
      assert.equal(folder .. "/headers\n", must(".ci/headers lua5.9", environment))
      environment[name] = nil
    end
    environment.CC = "gcc -no-such-flag"
    status, output = run(".ci/packages static lua5.9", environment)
    assert.equal(1, status)
    assert.matches("This compiles and links nothing here, though cc alone does: gcc -no-such-flag", output, 1, true)
  end)

  it("says which names of a folder cannot be in a path of Lua's", function()
    must "mkdir -p '../a;b' && cp -R Makefile .ci '../a;b'"
    for _, target in ipairs { "env", "build" } do
      local status, output = run(("cd '../a;b' && make -s %s 2>&1"):format(target))
      assert.equal(2, status)
      assert.matches("which LUA_PATH and PATH cannot hold: move it", output, 1, true)
      assert.is_nil(output:find "export")
    end
  end)

  describe("a rock", function()
    local use = [[
      local sandbox = assert(require("tavus.sandbox").start { port = 0 })
      local client = assert(require("tavus").new { api_key = "k", base_url = sandbox.url })
      local list, err = client.personas:list()
      print(list and list.total_count >= 0 or tostring(err))
      sandbox:stop()
    ]]

    for version, interpreters in pairs { ["5.4"] = { "lua5.4" }, ["5.1"] = { "lua5.1", "luajit" } } do
      it("is packed and installed into an empty tree for Lua " .. version, function()
        local luarocks = ("MAKEFLAGS=-j2 luarocks --lua-version=%s "):format(version)
        must "rm -rf ../pack && mkdir ../pack"
        for _, rock in ipairs { "tavus", "tavus-sandbox", "tavus-cli" } do
          must(luarocks .. ("make --deps-mode none --pack-binary-rock %s-scm-1.rockspec CFLAGS=-O0 && mv *.rock ../pack"):format(rock))
        end
        assert.equal("", must "find ../home -type f") -- neither the tree that is meant without --pack-binary-rock, nor ~/.luarocks
        must(("for rock in ../pack/*.rock; do %s --tree ../pack/tree install --deps-mode none $rock || exit 1; done"):format(luarocks))
        for _, interpreter in ipairs(interpreters) do
          local path = ("../pack/tree/%s/lua/%s/?"):format("%s", version)
          assert.equal("true\n", must(interpreter .. " -e " .. quote(use), {
            LUA_PATH = path:format "share" .. ".lua;" .. path:format "share" .. "/init.lua;;",
            LUA_CPATH = path:format "lib" .. ".so;;",
          }))
        end
        assert.matches(folder .. "/other/lib/libcurl", needed(("../pack/tree/lib/lua/%s/tavus/http.so"):format(version)), 1, true)
      end)
    end

    it("says what to do where there is no checkout", function()
      for _, rock in ipairs { "tavus", "tavus-sandbox", "tavus-cli" } do
        local status, output = run(("cd .. && luarocks --tree ../none install --deps-mode none %s/%s-scm-1.rockspec")
          :format(quote(checkout), rock))
        assert.is_true(status ~= 0)
        assert.matches(("run 'luarocks make %s-scm-1.rockspec' in a checkout"):format(rock), output, 1, true)
      end
    end)

    it("installs every Lua file under its own name, once", function()
      local pipe = assert(io.popen "find lua -name '*.lua'")
      local files = {}
      for name in pipe:lines() do files[name] = name:match "^lua/(.*)%.lua$":gsub("/", ".") end
      pipe:close()
      for _, rock in ipairs { "tavus", "tavus-sandbox", "tavus-cli" } do
        local rockspec = {}
        assert(loadfile(rock .. "-scm-1.rockspec", "t", rockspec))()
        for module, file in pairs(rockspec.build.install.lua) do
          assert.equal(module, files[file], file)
          assert.equal(rock == "tavus-sandbox", module:find "^tavus%.sandbox%." ~= nil, file)
          assert.equal(rock == "tavus-cli", module:find "^tavus%.cli%." ~= nil, file)
          files[file] = nil
        end
      end
      assert.is_nil((next(files)))
    end)
  end)
end)
