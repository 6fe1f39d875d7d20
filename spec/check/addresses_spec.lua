-- luacheck: std max+busted
-- What the check says of addresses that Tavus' servers call: those that they cannot reach, and texts that are none.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, layers, codes = checking.look, checking.layers, checking.codes

local function llm(url) return { model = "m", base_url = url, api_key = "k" } end

-- Each address by what the check says of it. "%" in a word is a pattern's.
local doubtful = {
  ["the machine itself"] = {
    "http://localhost:8000", "http://LOCALHOST/v1", "https://localhost.", "http://api.localhost:3000/v1",
    "http://127.0.0.1:8000/v1",
    "http://127.1", "http://127.0.1/v1", "http://2130706433/", "http://0x7f000001:8080", "http://0x7f.1",
    "http://0177.0.0.1",
    "http://017700000001/v1", "http://127.8.9.10", "http://127.0.0.1./v1", "http://user:pass@127.0.0.1/",
    "http://me@localhost:1/v1",
    "http://[::1]:3000", "http://[0:0:0:0:0:0:0:1]/v1", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]",
    "http://[::127.0.0.1]",
    "HTTP://LocalHost:11434/v1", "http://0.0.0.0:8000", "http://0/", "http://[::]:80", "http://%6cocalhost/v1",
    "http://%31%32%37.0.0.1",
    "http://app.localtest.me", "http://lvh.me:3000", "http://localhost?x=1", "http://localhost#x",
    "https://localhost.localdomain/v1",
  },
  ["a private address"] = {
    "http://10.0.0.1", "http://192.168.1.5:1234/v1", "http://172.16.0.1", "http://172.31.255.255/",
    "http://169.254.169.254/latest",
    "http://100.64.0.7:8000", "http://100.127.255.255", "http://3232235777/v1", "http://0xC0A80105",
    "http://0300.0250.1.5", "http://192.168.261",
    "http://10.1", "http://012.0.0.1", "http://[fe80::1]/v1", "http://[FE80::1%25eth0]:8000", "http://[fd12:3456::1]",
    "http://[fc00::1]:443",
    "http://[::ffff:192.168.0.1]/v1", "http://[::ffff:a00:1]", "http://[64:ff9b::10.0.0.1]", "http://[fec0::1]",
    "http://[ff02::1]",
    "http://255.255.255.255", "http://224.0.0.1", "http://198.18.0.1/", "http://240.0.0.1",
    "http://[2002:0a00:0001::1]",
  },
  ["a name of a local network"] = {
    "http://macbook.local:11434/v1", "http://host.docker.internal:11434/v1", "http://HOST.Docker.Internal./v1",
    "http://gateway.docker.internal",
    "http://metadata.google.internal", "http://api.railway.internal:8080", "http://svc.default.svc.cluster.local",
    "http://nas.lan", "http://box.home.arpa",
    "http://router.home", "https://llm.corp/v1", "https://myapp.test/hook", "https://x.invalid", "http://ollama:11434",
    "http://vllm:8000/v1", "https://db",
    "http://llm.intranet/v1", "https://abcdefgh.onion",
  },
  ["does not begin with https://"] = {
    "api.openai.com/v1", "example.com/hook", "localhost:3000/hook", "www.host.com", "/hook", "hook", "127.0.0.1:8000",
    "//api.host.com/v1",
    "llm.host.com:443", "://host.com", "mailto:me@host.com", "api.openai.com", "[::1]:80",
  },
  ["is not a URL"] = {
    "https:/api.host.com", "https:api.host.com/v1", "http:api.host.com", "https://", "https:///v1", "http://:8080/v1",
    "https://host.com:port/v1", "https://api..host.com",
    "https://host.com:99999", "https://256.1.1.1/v1", "https://[::1", "https://[zz::1]", "https:\\\\host.com",
    "https://host.com\\v1",
    "https://.host.com", "https://.../v1", "https://a,b.com", "https://host.com:0", "https://user@",
    "https://http://api.host.com/v1",
  },
  ["http and https only"] = {
    "ws://host.com/v1", "wss://host.com", "ftp://files.host.com/a.pdf", "file:///etc/a.pdf", "s3://bucket/key",
    "gs://bucket/a", "httpss://host.com",
    "postgres://db.host.com", "javascript://x.com", "grpc://llm.host.com:443", "tcp://host.com:80", "htttps://host.com",
  },
  ["a placeholder"] = {
    "your-base-url", "YOUR_BASE_URL", "<url>", "<your-url>", "https://<your-host>/v1", "https://your-domain.com/hook",
    "https://your-app.ngrok.io/v1",
    "https://api.yourdomain.com/hook", "https://yourserver.com", "${BASE_URL}", "{{base_url}}", "https://${HOST}/v1",
    "https://{host}/v1", "$BASE_URL",
    "%BASE_URL%", "https://YOUR-NGROK-URL.ngrok-free.app", "https://your_host/v1", "{base_url}/v1",
    "https://llm.host.com/{tenant}/v1", "https://your.domain.com/v1",
    "https://xxxx.ngrok.io", "<string>", "https://%YOUR_HOST%/v1", "https://www.yourwebsite.com/x",
    "https://your-company.com", "yourdomain.com",
  },
  ["holds a blank"] = {
    "https://llm.host.com/v1 ", " https://llm.host.com/v1", "https://llm.host.com/v1\n", "https://llm.host.com/v1\r\n",
    "\thttps://llm.host.com",
    "https://llm host.com", "https://llm.host.com/my hook", "https://llm.host.com/\tv1", "https://llm.host.com/v1\0",
    "\194\160https://llm.host.com/v1",
    "https://llm.host.com/v1\226\128\139", "\239\187\191https://llm.host.com/v1",
  },
}

local reachable = {
  "", "https://api.openai.com/v1", "http://api.openai.com/v1", "https://example.com", "https://llm.example.com/v1",
  "https://x.example/hook", "https://x.example/v1",
  "HTTPS://API.HOST.COM:8443/v1/", "https://abc123.ngrok-free.app/v1", "https://8.8.8.8/v1",
  "http://203.0.113.7:8000/hook", "https://11.0.0.1", "https://172.15.0.1", "https://172.32.0.1",
  "https://192.167.1.1", "https://169.253.1.1", "https://100.63.0.1", "https://100.128.0.1", "https://128.0.0.1",
  "https://134744072/", "https://[2606:4700::1111]/v1",
  "https://[2001:db8::1]", "https://[::ffff:8.8.8.8]", "https://[64:ff9b::808:808]", "https://localhost.host.com",
  "https://notlocalhost.com", "https://local.host.com", "https://internal.host.com/v1", "https://localhost.run",
  "https://abc.localhost.run",
  "https://my-internal.io", "https://thelocal.se/hook", "https://lan.host.com", "https://192.168.1.5.host.com",
  "https://10.0.0.1.example.net/", "https://yourself.io/hook", "https://yours.com",
  "https://static.1.2.3.4.clients.your-server.de/hook", "https://u1.your-storagebox.de", "https://host.com/your-hook",
  "https://host.com/?next=http://localhost:3000", "https://host.com/#localhost", "https://host.com/hook/127.0.0.1",
  "https://user:pass@host.com/v1", "https://localhost@host.com/", "https://b\195\188cher.de/hook",
  "https://xn--bcher-kva.de", "https://my_host.host.com", "https://host.com.:443/v1", "https://host.com:/v1",
  "https://host.com/a%20b", "https://host.com/%7Btenant%7D", "https://test.host.com",
  "https://machine.tailnet.ts.net/v1", "https://0xdeadbeef.com", "https://10.com", "https://1.1.1.1.in-addr.host.com",
  "https://xxx.com", "https://hook.eu1.make.com/abc?x=1&y=[2]",
}

describe("an address that Tavus calls warns", function()
  for about, list in pairs(doubtful) do
    for _, url in ipairs(list) do
      it(("of %q: %s"):format(url, about), function()
        local call = { persona_id = "p5317866", callback_url = url }
        for kind, value in pairs { persona = layers("llm", llm(url)), conversation = call } do
          local issue, ok = look(kind, value, kind == "persona" and "/layers/llm/base_url" or "/callback_url")
          assert.is_true(ok)
          assert.is_table(issue)
          assert.equal("warning", issue.severity)
          assert.equal("url", issue.code)
          assert.truthy(issue.message:find(about, 1, true), issue.message)
          assert.is_string(issue.hint)
        end
      end)
    end
  end
end)

describe("an address that Tavus reaches is silent:", function()
  for _, url in ipairs(reachable) do
    it(("%q"):format(url), function()
      assert.same({}, codes("conversation", { persona_id = "p5317866", callback_url = url }))
      if url ~= "" then assert.same({}, codes("persona", layers("llm", llm(url)))) end
    end)
  end
end)

describe("an address in a patch", function()
  local function patch(op, url)
    return { { op = op, path = "/layers/llm/base_url", value = url },
      { op = op, path = "/layers/llm/api_key", value = "k" } }
  end

  it("warns where it is written", function()
    for _, op in ipairs { "add", "replace" } do
      assert.equal("url", look("persona_patch", patch(op, "http://10.0.0.1"), "/0/value").code)
      assert.same({}, codes("persona_patch", patch(op, "https://llm.host.com/v1")))
    end
  end)

  it("is silent where it is only compared", function()
    assert.same({}, codes("persona_patch", patch("test", "http://10.0.0.1")))
  end)
end)

describe("the hint for an address", function()
  it("is the address without the blanks around it", function()
    for _, blanks in ipairs { { " ", "" }, { "", "\n" }, { "\t ", " \r\n" } } do
      local url = blanks[1] .. "https://llm.host.com/v1" .. blanks[2]
      local issue = look("persona", layers("llm", llm(url)), "/layers/llm/base_url")
      assert.equal('write "https://llm.host.com/v1"', issue.hint)
    end
  end)
end)

describe("base_url without the route", function()
  for url, meant in pairs {
    ["https://llm.host.com/v1/chat/completions"] = "https://llm.host.com/v1",
    ["https://llm.host.com/v1/chat/completions/"] = "https://llm.host.com/v1",
    ["https://llm.host.com/chat/completions//"] = "https://llm.host.com",
    ["https://llm.host.com/v1/Chat/Completions"] = "https://llm.host.com/v1",
    ["https://llm.host.com/v1/completions"] = "https://llm.host.com/v1",
    ["https://llm.host.com/completions/"] = "https://llm.host.com",
    ["https://llm.host.com/v1/chat/completions?api-version=1"] = "https://llm.host.com/v1",
    ["https://llm.host.com/v1/completions#x"] = "https://llm.host.com/v1",
    ["https://llm.host.com/v1//chat/completions"] = "https://llm.host.com/v1",
    ["https://llm.host.com/openai/v1/chat/completions"] = "https://llm.host.com/openai/v1",
  } do
    it("is what the hint writes for " .. url, function()
      local issue = look("persona", layers("llm", llm(url)), "/layers/llm/base_url")
      assert.equal("value", issue.code)
      assert.equal(('write "%s": Tavus appends /chat/completions'):format(meant), issue.hint)
      assert.same({}, codes("persona", layers("llm", llm(meant))))
    end)
  end

  it("is silent of other paths", function()
    for _, path in ipairs { "/v1", "/chat", "/v1/chat", "/chat/completions/v2", "/mycompletions",
    "/v1/chat/completionsx", "/completions/v1", "/?x=/chat/completions" } do
      assert.same({}, codes("persona", layers("llm", llm("https://llm.host.com" .. path))))
    end
  end)
end)

describe("the contract", function()
  it("calls each address that is sent public, except those that Tavus does not call", function()
    local others = { livekit_ws_url = true }
    local function walk(fields, seen)
      for _, field in ipairs(fields or {}) do
        local is_url = (field.name or ""):find "url$" and field.type == "string" and not field.read_only
        if is_url and not others[field.name] then
          assert.is_string(field.address, field.name)
        end
        if field.fields and not seen[field.fields] then
          seen[field.fields] = true
          walk(field.fields, seen)
        end
      end
    end
    for _, resource in ipairs(core.contract().resources) do walk(resource.fields, {}) end
  end)
end)
