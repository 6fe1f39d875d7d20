-- The sandbox's page as a browser shows it: headless Chromium, which is the same whatever Lua runs the spec.
local asking = require "spec.support.asking"
local http = require "tavus.http"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

local HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
local ESCAPED = "&lt;script&gt;document.title='owned'&lt;/script&gt;&lt;img src=x "
  .. "onerror=\"document.title='owned'\"&gt;"

describe("the sandbox's page in a browser", function()
  local server, ask, folder

  setup(function()
    server = assert(sandbox.start { set = { rate_window_ms = 777 } })
    ask = asking.of(server.url)
    folder = wire.folder()
  end)
  teardown(function()
    server:stop()
    wire.remove(folder)
  end)
  before_each(function() assert(server:reset()) end)

  local function create(name)
    local result = ask("POST", "/v2/personas", { persona_name = name, system_prompt = "x" })
    assert.equal(200, result.status)
    return result.json.persona_id
  end

  -- The page's document after that much of its own time, in milliseconds; `meanwhile` is called until it is there.
  local function dump(budget, meanwhile, url)
    local quoted = process.quote(folder)
    local command = ("HOME=%s XDG_CONFIG_HOME=%s XDG_CACHE_HOME=%s timeout 90 chromium --headless --no-sandbox "
      .. "--disable-gpu "
      .. "--disable-dev-shm-usage --no-first-run --user-data-dir=%s/profile --virtual-time-budget=%d --dump-dom %s")
      :format(quoted, quoted, quoted, quoted, budget, url or server.url)
    os.remove(folder .. "/ended")
    os.execute(("(unset LD_PRELOAD; %s >%s/dom 2>%s/said; echo $? >%s/ended.new; mv %s/ended.new %s/ended) &")
      :format(command, quoted, quoted, quoted, quoted, quoted))
    local give_up = http.now() + 100
    local ended
    repeat
      meanwhile()
      http.engine():sleep(0.02)
      assert(http.now() < give_up, "the browser does not come to an end")
      ended = io.open(folder .. "/ended")
    until ended
    local status = ended:read "*l"
    ended:close()
    local said = wire.read_file(folder .. "/said")
    assert.equal("0", status, said)
    return wire.read_file(folder .. "/dom"), said
  end

  local function rows(dom, id)
    local table_ = assert(dom:match('<table id="' .. id .. '">(.-)</table>'), dom)
    local list = {}
    for row in table_:match "<tbody>(.-)</tbody>":gmatch "<tr.-</tr>" do list[#list + 1] = row end
    return list
  end

  it("shows what is stored, asked and switched on, as text", function()
    assert(server:set { get_shape = "flat" })
    local id = create(HOSTILE)
    assert(server:next { fault = "html_502" })
    ask("GET", "/v2/personas")
    asking.bare(server.url, "GET /v2/<img/src=x/onerror=document.title='owned'>", { ["User-Agent"] = HOSTILE })
    local arrived = #server:requests()
    local dom, said = dump(4000, function() end)

    assert.matches("<title>Sandbox (not Tavus)</title>", dom, 1, true)
    local personas = rows(dom, "personas")
    assert.equal(1, #personas)
    assert.matches(ESCAPED, personas[1], 1, true)
    assert.matches(id, personas[1], 1, true)
    assert.is_nil(dom:find("<img", 1, true))
    assert.is_nil(dom:find("<script>document", 1, true))
    assert.matches("None yet.", rows(dom, "conversations")[1], 1, true)

    local requests = rows(dom, "requests")
    assert.equal(3, #requests)
    assert.matches("/v2/&lt;img/src=x/onerror=document.title='owned'&gt;", requests[1], 1, true)
    assert.matches(">GET</td>.*>/v2/personas</td>.*>502</td>.*>html_502</td>", requests[2])
    assert.matches(">POST</td>.*>200</td>", requests[3])

    local switches = rows(dom, "switches")
    assert.matches('<tr class="changed">.*>get_shape</th>.*flat.*changed, default: array', switches[1])
    assert.matches(">rate_window_ms</th>.*777.*changed, default: 1000", switches[2])
    assert.is_nil(switches[3]:find("changed", 1, true))

    -- the browser asked nothing that the sandbox took for a request to Tavus, and its policy had nothing to forbid
    assert.equal(arrived, #server:requests())
    assert.is_nil(said:find("Content Security Policy", 1, true), said)
  end)

  it("is not for a page of another site: it neither steers the sandbox nor reads from it", function()
    create "kept"
    local page = [[<!DOCTYPE html><title>waits</title><script>
      const ask = (path, how) => fetch("URL" + path, how).then(answer => answer.text())
        .then(text => "read " + text.length, () => "nothing");
      Promise.all([
        ask("/_sandbox/reset", { method: "POST", mode: "no-cors",
          headers: { "Content-Type": "text/plain" }, body: "{}" }),
        ask("/_sandbox/requests"), ask("/_sandbox/overview"), ask("/v2/personas", { headers: { "x-api-key": "any" } }),
      ]).then(all => { document.title = all.join(", "); });
    </script>]]
    local other = wire.start { { "read",
      { answer = 200, headers = { ["Content-Type"] = "text/html" }, body = (page:gsub("URL", server.url)) }, "loop" } }
    local dom = dump(4000, function() end, other.url)
    other:stop()
    assert.matches("<title>read 0, nothing, nothing, nothing</title>", dom, 1, true)
    assert.equal(1, server:about().personas)
  end)

  it("shows new rows and requests by itself", function()
    local dom = dump(300000, function() create(HOSTILE) end)
    local newest = rows(dom, "personas")[1]
    assert.matches('<tr class="new">', newest, 1, true) -- was not there when the page was drawn before
    assert.matches(ESCAPED, newest, 1, true)
    assert.matches('<tr class="new">', rows(dom, "requests")[1], 1, true)
  end)
end)
