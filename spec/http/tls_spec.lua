-- Whom a session trusts, and which way it goes there: certificates and proxies.
local http = require "tavus.http"
local wire = require "spec.support.wire"

local key = "tvsk_0123456789abcdef"
local engine, servers

local function serve(script, options)
  local server = wire.start(script, options)
  servers[#servers + 1] = server
  return server
end

local function session(server, options)
  options = options or {}
  options.api_key = key
  options.base_url = options.base_url or server.url
  return assert(http.session(options))
end

local function perform(made, method, path, options)
  options = options or {}
  options.timeout = options.timeout or 10
  local request = assert(engine:submit(made, method, path, options))
  while not engine:wait(request, 1) do end -- luacheck: ignore (a signal or a slow machine)
  return request:result()
end

before_each(function() engine, servers = assert(http.engine()), {} end)

after_each(function()
  for _, server in ipairs(servers) do server:stop() end
end)

describe("a certificate", function()
  local answering = { { "read", { answer = 200, body = "safe" }, "loop" } }

  it("is accepted when the named authority signed it", function()
    local server = serve(answering, { tls = "localhost" })
    local result = perform(session(server, { ca_file = server.ca_file }), "GET", "/")
    assert.equal("answer", result.outcome)
    assert.equal("safe", result.body)
    assert.equal(key, server:requests()[1].headers["x-api-key"])
  end)

  it("of an unknown authority is refused before anything is sent", function()
    local server = serve(answering, { tls = "localhost" })
    for _, ca_file in ipairs { wire.certificates().other_ca_file, false } do
      local result = perform(session(server, { ca_file = ca_file or nil }), "POST", "/", { body = "{}" })
      assert.equal("certificate", result.outcome)
      assert.equal("CURLE_PEER_FAILED_VERIFICATION", result.code)
      assert.equal(0, result.sent)
    end
    assert.equal(0, #server:requests())
  end)

  it("is judged by what the session is told: the environment is read by the client", function()
    local server = serve(answering, { tls = "localhost" })
    local ok, output = wire.run([[
      local http = require "tavus.http"
      local made = assert(http.session { api_key = "kkkk", base_url = arg[1] })
      local request = http.engine():submit(made, "GET", "/", { timeout = 10 })
      while not http.engine():wait(request, 1) do end
      print(request:result().outcome)
    ]], { SSL_CERT_FILE = server.ca_file, CURL_CA_BUNDLE = server.ca_file, SSL_CERT_DIR = wire.certificates().folder }, server.url)
    assert.is_true(ok, output)
    assert.equal("certificate\n", output)
    assert.equal(0, #server:requests())
  end)

  describe("of the environment", function()
    local server, certificates

    -- What a client of another Lua says: a type of error, or the answer's total_count; and its message and hint.
    local function ask(environment, options)
      for _, name in ipairs { "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR" } do environment[name] = environment[name] or "" end
      local ok, output = wire.run(([[
        local tavus = require "tavus"
        local client, err = tavus.new { api_key = "kkkk", base_url = arg[1], retries = 0, %s }
        local answer
        if client then answer, err = client.personas:list() end
        print(answer and answer.total_count or err.type)
        print(client ~= nil, err)
      ]]):format(options or ""), environment, server.url)
      assert.is_true(ok, output)
      return output:match "^%S+", output
    end

    before_each(function()
      server = serve({ { "read", { answer = 200, body = '{"data":[],"total_count":7}' }, "loop" } }, { tls = "localhost" })
      certificates = wire.certificates()
    end)

    it("is trusted by a client: CURL_CA_BUNDLE, else SSL_CERT_FILE", function()
      assert.equal("certificate", (select(2, ask {}):match "certificate"))
      assert.equal("7", ask { SSL_CERT_FILE = server.ca_file })
      assert.equal("7", ask { CURL_CA_BUNDLE = server.ca_file, SSL_CERT_FILE = certificates.other_ca_file })
      assert.equal("connection", ask { CURL_CA_BUNDLE = certificates.other_ca_file, SSL_CERT_FILE = server.ca_file })
    end)

    it("may be a list of folders, SSL_CERT_DIR, with the file or alone", function()
      local folder = wire.folder()
      assert(os.execute(("cp '%s' '%s/ca.pem' && openssl rehash '%s' 2>/dev/null"):format(server.ca_file, folder, folder)))
      assert.equal("7", ask { SSL_CERT_DIR = folder })
      assert.equal("7", ask { SSL_CERT_DIR = "/nonexistent:" .. folder })
      assert.equal("7", ask { SSL_CERT_DIR = folder, SSL_CERT_FILE = certificates.other_ca_file })
      assert.equal("connection", ask { SSL_CERT_DIR = folder, CURL_CA_BUNDLE = certificates.other_ca_file })
      wire.remove(folder)
    end)

    it("gives way to the option ca_file", function()
      local option = ("ca_file = %q"):format(server.ca_file)
      assert.equal("7", ask({ CURL_CA_BUNDLE = "/nonexistent", SSL_CERT_FILE = "/nonexistent" }, option))
      assert.equal("connection", ask({ SSL_CERT_FILE = server.ca_file }, ("ca_file = %q"):format(certificates.other_ca_file)))
    end)

    it("is a config error that names the variable where it cannot be used", function()
      for name, values in pairs {
        CURL_CA_BUNDLE = { "/nonexistent", "README.md", "/tmp" }, SSL_CERT_FILE = { "/nonexistent", "README.md", "/tmp" },
        SSL_CERT_DIR = { "/nonexistent:/nowhere", "README.md" },
      } do
        for _, value in ipairs(values) do
          local kind, output = ask { [name] = value }
          assert.equal("config", kind)
          assert.matches("\nfalse\tconfig: " .. name .. " [^\n]+" .. value:match "[^:]+$":gsub("%p", "%%%0"), output)
          assert.matches("hint: set it to certificates in PEM, or unset it", output, 1, true)
        end
      end
      assert.equal(0, #server:requests())
    end)

    it("matters to https alone", function()
      server = serve { { "read", { answer = 200, body = '{"data":[],"total_count":7}' }, "loop" } }
      assert.equal("7", ask { SSL_CERT_FILE = "/nonexistent" })
    end)
  end)

  it("for another host is refused", function()
    local server = serve(answering, { tls = "elsewhere" })
    local result = perform(session(server, { ca_file = server.ca_file }), "GET", "/")
    assert.equal("certificate", result.outcome)
    assert.equal(0, #server:requests())
  end)

  it("file that is missing or broken is a certificate fault, not a connection one", function()
    local server = serve(answering, { tls = "localhost" })
    for _, path in ipairs { "/nonexistent/ca.pem", "spec/support/wire.lua" } do
      local result = perform(session(server, { ca_file = path }), "GET", "/")
      assert.equal("certificate", result.outcome)
    end
    assert.equal(0, #server:requests())
  end)

  it("is asked for once: sessions with the same options share connections, others do not", function()
    local server = serve(answering, { tls = "localhost" })
    for _ = 1, 3 do perform(session(server, { ca_file = server.ca_file }), "GET", "/") end
    assert.equal(1, server:count "connect")
    -- a session that does not trust the authority may not ride on that connection
    assert.equal("certificate", perform(session(server), "GET", "/").outcome)
    assert.equal(3, #server:requests())
  end)

  it("matters: plain HTTP behind https is not_sent", function()
    local server = serve { { "hang" } }
    server.url = server.url:gsub("^http:", "https:")
    local plain = serve { { { send = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }, "hang" } }
    local result = perform(session(nil, { base_url = (plain.url:gsub("^http:", "https:")) }), "POST", "/", { body = "{}" })
    assert.equal("not_sent", result.outcome)
    assert.equal(0, result.sent)
  end)

  it("leaves the process alive when a connection is reset while it writes", function()
    local server = serve({ { "read", { answer = 200 }, { wait = 0.05 }, "reset" }, { "reset" } }, { tls = "localhost" })
    local made = session(server, { ca_file = server.ca_file })
    assert.equal("answer", perform(made, "GET", "/").outcome)
    local result = perform(made, "POST", "/", { body = ("x"):rep(8 * 1024 * 1024) })
    assert.is_truthy(result.outcome == "lost" or result.outcome == "not_sent", result.outcome)
  end)

  it("lets an answer cut inside TLS not pass for a whole one", function()
    local server = serve({ { "read", { send = "HTTP/1.1 204 No Content\r\n" }, "close" } }, { tls = "localhost" })
    assert.equal("lost", perform(session(server, { ca_file = server.ca_file }), "DELETE", "/").outcome)
  end)
end)

describe("a proxy", function()
  it("is used when it is named, also for loopback, and whatever no_proxy says", function()
    local proxy = serve { { "read", { answer = 200, body = "by proxy" }, "loop" } }
    local result = perform(session(nil, { base_url = "http://127.0.0.1:9", proxy = proxy.url }), "GET", "/x")
    assert.equal("by proxy", result.body)
    assert.equal("http://127.0.0.1:9/x", proxy:requests()[1].path)
  end)

  local script = [[
    local http = require "tavus.http"
    local engine = http.engine()
    local made = assert(http.session { api_key = "some key":gsub(" ", "_"), base_url = arg[1], allow_http = true, proxy = arg[2] })
    local request = engine:submit(made, "GET", "/", { timeout = 10 })
    while not engine:wait(request, 1) do end
    local result = request:result()
    print(result.outcome, result.status, result.body)
  ]]
  script = script:gsub('"some key":gsub%(" ", "_"%)', '"some_key"')

  it("of the environment does not capture loopback", function()
    local proxy = serve { { "read", { answer = 200, body = "captured" }, "loop" } }
    local server = serve { { "read", { answer = 200, body = "direct" }, "loop" } }
    local environment = { http_proxy = proxy.url, https_proxy = proxy.url, all_proxy = proxy.url, ALL_PROXY = proxy.url }
    local ok, output = wire.run(script, environment, server.url)
    assert.is_true(ok, output)
    assert.matches("answer\t200\tdirect", output)
    assert.same({}, proxy:journal())
    ok, output = wire.run(script, environment, "http://tavus-spec.invalid")
    assert.is_true(ok, output)
    assert.matches("captured", output)
    environment.no_proxy = "*"
    ok, output = wire.run(script, environment, "http://127.0.0.1:9", proxy.url)
    assert.is_true(ok, output)
    assert.matches("captured", output)
  end)

  it("that refuses a tunnel leaves the request not sent", function()
    local proxy = serve { { "read", { answer = 403, headers = { ["X-Proxy"] = "no" } }, "loop" } }
    local result = perform(session(nil, { base_url = "https://tavus-spec.invalid", proxy = proxy.url }), "POST", "/", { body = "{}" })
    assert.equal("not_sent", result.outcome)
    assert.equal(0, result.sent)
    assert.equal("CONNECT", proxy:requests()[1].method)
    assert.is_nil(proxy:requests()[1].headers["x-api-key"])
  end)

  it("with other credentials is another proxy: nobody travels through a tunnel that he did not pay for", function()
    local server = serve({ { "read", { answer = 200 }, "loop" } }, { tls = "localhost" })
    local proxy = serve { { "read", { send = "HTTP/1.1 200 OK\r\n\r\n" }, { tunnel = server.port } } }
    local function through(credentials, path)
      local made = session(server, { ca_file = server.ca_file, proxy = (proxy.url:gsub("//", "//" .. credentials, 1)) })
      assert.equal("answer", perform(made, "GET", path).outcome)
    end
    for _, credentials in ipairs { "a:1@", "b:2@", "a:1@", "b:3@", "", "a:1@", "b:2@" } do
      through(credentials, "/" .. credentials:sub(1, 1))
    end
    local tunnels = {}
    for _, request in ipairs(proxy:requests()) do
      assert.equal("CONNECT", request.method)
      tunnels[#tunnels + 1] = request.headers["proxy-authorization"] or "none"
    end
    assert.same({ "Basic YTox", "Basic Yjoy", "Basic Yjoz", "none" }, tunnels) -- the second time round each has its own
    assert.equal(7, #server:requests())
  end)
end)
