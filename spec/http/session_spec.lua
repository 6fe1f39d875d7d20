-- What may be put into a session and a request, and that the key stays inside.
local http = require "tavus.http"
local wire = require "spec.support.wire"

local key = "tvsk_0123456789abcdef"

local function session(options)
  options.api_key = options.api_key or key
  return http.session(options)
end

local function refused(options, pattern)
  local value, message = session(options)
  assert.is_nil(value)
  assert.matches(pattern, message)
end

describe("http.session", function()
  it("keeps a path prefix and drops slashes at the end", function()
    assert.equal("https://example.com", session({ base_url = "https://example.com/" }):base_url())
    assert.equal("https://example.com:8443/a/b", session({ base_url = "https://example.com:8443/a/b//" }):base_url())
    assert.equal("https://tavusapi.com", session({}):base_url())
  end)

  it("accepts plain http for loopback only, or when allowed", function()
    for _, host in ipairs { "127.0.0.1:81", "127.4.5.6", "localhost:80", "LOCALHOST", "[::1]:8080" } do
      assert.truthy(session { base_url = "http://" .. host })
    end
    for _, host in ipairs { "example.com", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]", "0.0.0.0" } do
      refused({ base_url = "http://" .. host }, "plain http")
      assert.truthy(session { base_url = "http://" .. host, allow_http = true })
    end
  end)

  it("reads the host as libcurl will, so that nothing only looks like loopback", function()
    local same = {
      ["http://127.1"] = "http://127.0.0.1", ["http://2130706433:81/a"] = "http://127.0.0.1:81/a", ["http://0x7f.0.0.1"] = "http://127.0.0.1",
      ["http://%6cocalhost"] = "http://localhost", ["http://[0:0::1]/"] = "http://[::1]", ["HTTP://127.0.0.1"] = "http://127.0.0.1",
    }
    for given, read in pairs(same) do assert.equal(read, assert(session { base_url = given }):base_url()) end
    for _, host in ipairs {
      "localhost.", "localhost%2eevil.com", "127.0.0.1.evil.com", "127.0.0.256", "127.0.0.1.1", "[::ffff:127.0.0.1]", "1127.0.0.1",
    } do
      refused({ base_url = "http://" .. host }, "plain http")
    end
    local dotted = session { base_url = "http://127.0.0.1." } -- libcurl from 8.21 on takes it for the address
    assert.is_true(dotted == nil or dotted:base_url() == "http://127.0.0.1")
    for _, host in ipairs {
      "127.0.0.1@evil.com", "localhost:80@evil.com", "evil.com%2f@localhost", "@localhost", ":@localhost", ":pw@localhost",
    } do
      refused({ base_url = "http://" .. host }, "user name")
      refused({ base_url = "https://" .. host }, "user name")
    end
    for _, host in ipairs {
      "localhost%00.evil.com", "localhost%40evil.com", "localhost%0d%0aX: y", "[::1", "[::1]x", "localhost:99999", "localhost:80:90", "a,b", "a'b",
    } do
      refused({ base_url = "http://" .. host }, "base_url")
    end
    refused({ base_url = "http://[::1%25lo]" }, "zone") -- it would be lost on the way
    refused({ base_url = "https://[fe80::1%25eth0]" }, "zone")
  end)

  it("refuses what is no https base URL", function()
    refused({ base_url = "" }, "empty")
    refused({ base_url = "ftp://example.com" }, "https")
    refused({ base_url = "file:///etc/passwd" }, "https")
    refused({ base_url = "example.com" }, "base_url")
    refused({ base_url = "https://" }, "base_url")
    refused({ base_url = "https://user:pass@example.com" }, "user name")
    refused({ base_url = "https://example.com/?a=1" }, "query")
    refused({ base_url = "https://example.com/#x" }, "query or fragment")
    refused({ base_url = "https://example.com/a\r\nHost: b" }, "printable ASCII")
    refused({ base_url = "https://exam\0ple.com" }, "printable ASCII")
    refused({ base_url = "https://exam%DDple.com" }, "base_url") -- by libcurl from 8 on, by us before
    refused({ base_url = "https://exam%2561ple.com" }, "base_url")
    refused({ base_url = "https://example.com/a/../b" }, "dot segments")
    refused({ base_url = "https://example.com/a/%2e%2E/b" }, "dot segments")
    refused({ base_url = "https://example.com/" .. ("a"):rep(9000) }, "too long")
  end)

  it("refuses a key that could not be sent", function()
    refused({ api_key = "" }, "no API key")
    for _, bad in ipairs { "a\r\nb", "abc\n", "a b", "a\0b", "k\195\169y" } do refused({ api_key = bad }, "API key") end
  end)

  it("says what to do without a key", function()
    local value, message = http.session {}
    assert.is_nil(value)
    assert.matches("TAVUS_API_KEY", message)
  end)

  it("names the header that is at fault, and no other", function()
    local headers = {}
    for i = 1, 20 do headers["X-Good-" .. i] = "1" end
    headers["X-Bad"] = {}
    refused({ headers = headers }, "^header 'X%-Bad': a header's value must be a string$")
    headers["X-Bad"], headers[true] = nil, "x"
    refused({ headers = headers }, "^a header's name must be a string$")
  end)

  it("refuses header injection and headers that frame the message", function()
    refused({ headers = { ["X-A"] = "b\r\nX-Evil: 1" } }, "control characters")
    refused({ headers = { ["X-A"] = "b\0c" } }, "control characters")
    refused({ headers = { ["X A"] = "b" } }, "name")
    refused({ headers = { ["X\nA"] = "b" } }, "name")
    refused({ headers = { [""] = "b" } }, "name")
    refused({ headers = { [1] = "X: b" } }, "name must be a string")
    refused({ headers = { A = {} } }, "value must be a string")
    refused({ user_agent = "a\r\nb" }, "control characters")
    for _, name in ipairs { "Host", "content-length", "Transfer-Encoding", "Connection" } do
      refused({ headers = { [name] = "1" } }, "written by the library")
    end
    refused({ headers = { ["X-API-Key"] = "other" } }, "api_key")
  end)

  it("refuses a proxy that is no URL without repeating it", function()
    local value, message = session { proxy = "http://user:secret@host:port" }
    assert.is_nil(value)
    assert.matches("proxy", message)
    assert.is_nil(message:find("secret", 1, true))
  end)

  it("refuses a proxy that libcurl cannot use, and lists the schemes that it can", function()
    for _, proxy in ipairs { "socks9://h:1", "ftp://h", "htp://h:80", "htp:/h", "file:///tmp/x", "ftp.example.com:3128", "ws://h" } do
      refused({ proxy = proxy }, "^proxy has a scheme that is not supported: use http://, https://, socks4://, .*socks5h://$")
    end
    for _, proxy in ipairs { "http://h:0", "http://h:99999", "http://h:8a", "h:-1", "htp:h", "http://h:80:90" } do
      refused({ proxy = proxy }, "^proxy has .* port")
    end
    for _, proxy in ipairs { "http://", "http://:80", "http://u:p@", "//h:80", "http://[::1", "http://h%20x" } do
      refused({ proxy = proxy }, "^proxy is not a URL: http://host:port expected$")
    end
    for _, proxy in ipairs { " http://h", "http://h ", "http://h h", "http://h\n", "http://u p@h", "h\0" } do
      refused({ proxy = proxy }, "^proxy holds a space or a control character")
    end
    for _, proxy in ipairs { "http://u%00:p@h", "http://u:p%0a@h" } do refused({ proxy = proxy }, "^proxy .*user name or password") end
    for _, proxy in ipairs {
      "", "h", "h:80", "http://h", "HTTP://h:3128/", "https://h", "socks4://h", "socks4a://h", "socks5://u:p@h:1080", "socks5h://h", "socks://h",
      "http://[::1]:3128", "u:p@h:1", "socks5h://localhost/tmp/socket",
    } do
      assert.truthy(session { proxy = proxy })
    end
  end)

  it("refuses an https proxy where libcurl has none", function()
    local folder = wire.folder()
    wire.write_file(folder .. "/old.c", [[
      #define _GNU_SOURCE
      #include <curl/curl.h>
      #include <dlfcn.h>
      curl_version_info_data *curl_version_info(CURLversion version) {
        static curl_version_info_data old;
        old = *((curl_version_info_data *(*)(CURLversion))dlsym(RTLD_NEXT, "curl_version_info"))(version);
        old.features &= ~CURL_VERSION_HTTPS_PROXY;
        return &old;
      }
    ]])
    assert.is_truthy(os.execute(("env -u LD_PRELOAD cc -w -shared -fPIC -o %s/old.so -Wl,--no-as-needed %s/old.c -lcurl -ldl"):format(folder, folder)))
    local ok, output = wire.run([[
      local http = require "tavus.http"
      print(select(2, http.session { api_key = "kkkk", proxy = "https://h" }))
      print(select(2, http.session { api_key = "kkkk", proxy = "htp://h" }))
      print(http.session { api_key = "kkkk", proxy = "http://h" } ~= nil)
    ]], { LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " " .. folder .. "/old.so" })
    wire.remove(folder)
    assert.is_true(ok, output)
    assert.matches("^proxy is an https:// one, and this libcurl was built without such proxies: use http://, socks4://", output)
    assert.matches("\nproxy has a scheme that is not supported: use http://, socks4://.*\ntrue\n$", output)
  end)

  it("refuses the environment's proxy likewise, and names the variable, where libcurl would use it", function()
    -- What tavus.new says with these variables, of a base URL.
    local function told(variables, base_url)
      for _, name in ipairs { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" } do
        variables[name] = variables[name] or ""
      end
      local ok, output = wire.run([[
        local client, err = require "tavus".new { api_key = "kkkk", base_url = arg[1], allow_http = true }
        print(client and "fine" or err)
      ]], variables, base_url or "https://api.example.com")
      assert.is_true(ok, output)
      return output
    end
    for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
      local output = told { [name] = "socks9://user:secret@h:1" }
      assert.matches("^config: " .. name .. " has a scheme that is not supported: use http://", output)
      assert.matches("hint: set it to a proxy's address, or unset it", output, 1, true)
      assert.is_nil(output:find("secret", 1, true))
      assert.equal("fine\n", told { [name] = "http://h:3128" })
      assert.equal("fine\n", told({ [name] = "socks9://h" }, "http://127.0.0.1:1"))
      assert.equal("fine\n", told { [name] = "socks9://h", no_proxy = "*" })
      assert.equal("fine\n", told { [name] = "socks9://h", NO_PROXY = "localhost, .Example.com" })
      assert.matches("^config", told { [name] = "socks9://h", no_proxy = "ample.com,other.example.com" })
    end
    assert.matches("^config: http_proxy has no valid port", told({ http_proxy = "h:x" }, "http://api.example.com"))
    assert.equal("fine\n", told({ http_proxy = "socks9://h" }))
    assert.equal("fine\n", told({ HTTP_PROXY = "socks9://h" }, "http://api.example.com"))
    assert.equal("fine\n", told { https_proxy = "http://h", all_proxy = "socks9://h" })
    assert.equal("fine\n", told({ https_proxy = "socks9://h", no_proxy = "10.0.0.0/8" }, "https://10.1.2.3:8443/a"))
  end)

  it("raises on options of the wrong type", function()
    for name, value in pairs { base_url = 1, api_key = true, headers = "x", ca_file = {}, connect_timeout = "5" } do
      assert.has_error(function() session { [name] = value } end)
    end
    assert.has_error(function() http.session() end)
  end)

  it("never shows the key", function()
    local made = session { base_url = "https://example.com" }
    assert.is_nil(tostring(made):find(key, 1, true))
    assert.equal("tavus", getmetatable(made))
    assert.equal("a [redacted] b [redacted]", made:redact("a " .. key .. " b " .. key))
    assert.equal("nothing", made:redact "nothing")
    assert.equal("", made:redact "")
  end)

  it("redacts the key as it looks in URLs and in JSON", function()
    local made = session { api_key = "ab/cd+ef\"gh" }
    assert.equal("<[redacted]>", made:redact "<ab/cd+ef\"gh>")
    assert.equal("<[redacted]>", made:redact "<ab%2Fcd%2Bef%22gh>")
    assert.equal("<[redacted]>", made:redact '<ab\\/cd+ef\\"gh>')
  end)

  it("redacts the key in every spelling that a server may choose, also in a mixture", function()
    local made = session { api_key = "ab/cd+ef\"g<&%25\\h" }
    for _, spelling in ipairs {
      'ab/cd+ef"g<&%25\\h', -- as it is
      'ab%2fcd%2bef%22g%3c%26%2525%5ch', -- lower case
      'ab/cd%2Bef%22g%3C&%2525%5Ch', -- only what must be encoded
      '%61%62%2f%63%64%2b%65%66%22%67%3c%26%25%32%35%5c%68', -- all of it
      [[ab/cd\u002Bef\u0022g\u003C\u0026%25\\h]], -- JSON for HTML
      [[ab\/cd\u002bef\"g\u003c\u0026%25\u005ch]],
      'ab/cd+ef&quot;g&lt;&amp;%25\\h', 'ab&#x2F;cd&#43;ef&#34;g&#60;&#38;&#37;25&#92;h',
    } do
      assert.equal("<[redacted]> <[redacted]>", made:redact("<" .. spelling .. "> <" .. spelling .. ">"), spelling)
    end
    for _, near in ipairs { 'ab/cd+ef"g<&%25\\', 'ab/cd+ef&quot', "ab%2", "%61%62%2f", [[ab\u002]], "&#x2F", "ab&#4", "&", "%", "\\" } do
      assert.equal(near, made:redact(near))
    end
  end)

  it("redacts neighbours, and what overlaps", function()
    local made = session { api_key = "aaaa" }
    assert.equal("[redacted][redacted]aa", made:redact(("a"):rep(10)))
    assert.equal("a%61aba%", made:redact "a%61aba%")
    assert.equal("b[redacted]\0[redacted]", made:redact "ba%61a\\u0061\0aaaa")
    -- backslashes and percent signs of the key itself do not lead the search astray
    made = session { api_key = ("\\"):rep(500) }
    assert.equal("[redacted]", made:redact(("\\"):rep(1000)))
    assert.equal("[redacted]", made:redact(("\\"):rep(500)))
    assert.equal(("\\"):rep(499), made:redact(("\\"):rep(499)))
    made = session { api_key = "%%%%" }
    assert.equal("[redacted] [redacted]", made:redact "%%%% %25%25%25%25")
  end)

  it("searches for no key of three characters or less: it would stand in any text", function()
    assert.equal("id 42 of 420", session({ api_key = "42" }):redact "id 42 of 420")
  end)

  it("forgets the key when it is closed, as often as one likes", function()
    local made = session { base_url = "http://127.0.0.1:1" }
    made:close()
    made:close()
    assert.equal(key, made:redact(key))
    local request, message = http.engine():submit(made, "GET", "/")
    assert.is_nil(request)
    assert.matches("closed", message)
  end)
end)

describe("http.escape", function()
  it("encodes all but unreserved characters", function()
    assert.equal("p123-_.~AZ", http.escape "p123-_.~AZ")
    assert.equal("a%2Fb%3Fc%23d%25%20%C3%A9", http.escape "a/b?c#d% \195\169")
    assert.equal("...", http.escape "...")
  end)

  it("refuses ids that would be another path", function()
    for _, bad in ipairs { "", ".", "..", "a\r\nb", "a\0b", "\127" } do
      local value, message = http.escape(bad)
      assert.is_nil(value)
      assert.matches("id may not", message)
    end
  end)
end)

describe("engine:submit", function()
  local engine, made

  setup(function()
    engine = assert(http.engine())
    made = session { base_url = "http://127.0.0.1:1" }
  end)

  local function fails(pattern, method, path, options)
    local request, message = engine:submit(made, method, path, options)
    assert.is_nil(request)
    assert.matches(pattern, message)
  end

  it("refuses broken methods, paths, queries and headers, and sends nothing", function()
    fails("method", "get", "/")
    fails("method", "GET / HTTP/1.1\r\n", "/")
    fails("slash", "GET", "v2")
    fails("slash", "GET", "")
    fails("printable", "GET", "/a b")
    fails("printable", "GET", "/a\r\nb")
    fails("printable", "GET", "/a\0b")
    fails("printable", "GET", "/\195\169")
    fails("#", "GET", "/a#b")
    fails("dot segments", "DELETE", "/v2/personas/..")
    fails("dot segments", "DELETE", "/v2/personas/.%2e/x")
    fails("control", "GET", "/", { query = { a = "b\r\nc" } })
    fails("control", "GET", "/", { query = { ["a\0"] = "b" } })
    fails("query value", "GET", "/", { query = { a = {} } })
    fails("query pair", "GET", "/", { query = { "a" } })
    fails("query must", "GET", "/", { query = "a=b" })
    fails("control", "GET", "/", { headers = { ["X-A"] = "b\r\nX-Evil: 1" } })
    fails("headers must", "GET", "/", { headers = "X-A: b" })
    local headers = { ["X-Bad"] = {} }
    for i = 1, 20 do headers["X-Good-" .. i] = "1" end
    fails("^header 'X%-Bad': a header's value must be a string$", "GET", "/", { headers = headers })
    assert.equal(0, engine:step(0))
  end)

  it("refuses more headers than libcurl sends: it would notice only after the request counts as sent", function()
    local headers = {}
    for i = 1, 5 do headers["X-" .. i] = ("x"):rep(16000) end
    fails("64 KiB", "POST", "/", { headers = headers })
    refused({ headers = headers }, "64 KiB")
    headers["X-5"] = nil
    local request = assert(engine:submit(made, "POST", "/", { headers = headers }))
    request:cancel()
  end)

  it("refuses a body where none may be", function()
    fails("HEAD", "HEAD", "/", { body = "x" })
  end)

  it("refuses a query that no server reads", function()
    fails("too long", "GET", "/", { query = { a = ("x"):rep(70000) } })
    fails("too long", "GET", "/", { query = { { "a", ("/"):rep(30000) } } })
  end)

  it("sends nothing in the name of a session that was closed while its options were read", function()
    local closing = session { base_url = "http://127.0.0.1:1" }
    local options = setmetatable({}, { __index = function(_, name)
      if name == "headers" then closing:close() end
    end })
    local request, message = engine:submit(closing, "GET", "/", options)
    assert.is_nil(request)
    assert.matches("closed", message)
    assert.equal(0, engine:step(0))
  end)

  it("raises on arguments of the wrong type", function()
    assert.has_error(function() engine:submit(nil, "GET", "/") end)
    assert.has_error(function() engine:submit(made, nil, "/") end)
    assert.has_error(function() engine:submit(made, "GET", "/", { body = {} }) end)
    assert.has_error(function() engine:submit(made, "GET", "/", { timeout = "1" }) end)
    assert.has_error(function() engine:submit(made, "GET", "/", "x") end)
    assert.has_error(function() engine:wait(made, 1) end)
    assert.equal(0, engine:step(0))
  end)
end)
