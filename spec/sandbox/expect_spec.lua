-- sandbox:expect: what a test says about the requests that arrived.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local sandbox = require "tavus.sandbox"

describe("expecting requests", function()
  local server, ask = asking.serve(teardown, before_each)

  local function post(body) return ask("POST", "/v2/personas", body) end

  local function refused(wanted)
    local done, message = pcall(function() server:expect(wanted) end)
    assert.is_false(done)
    assert.matches("^spec/sandbox/expect_spec.lua:%d+: ", (message:gsub("^%./", "")))
    return message
  end

  it("gives the entries that fit", function()
    post { system_prompt = "one", layers = { llm = { model = "tavus-gpt-oss" } } }
    post { system_prompt = "two" }
    ask("GET", "/v2/personas/p5317866")
    assert.equal(2, #server:expect { method = "post", path = "/v2/personas" })
    assert.equal(3, #server:expect { status = 200, times = 3 })
    assert.equal(1, #server:expect { path = "/v2/personas/*", times = 1 })
    local entries = server:expect { body = { layers = { llm = { model = "tavus-gpt-oss" } } }, times = 1 }
    assert.equal("one", entries[1].json.system_prompt)
    assert.same({}, server:expect { method = "DELETE", times = 0 })
  end)

  it("lists what arrived if nothing fits, and says why a body does not fit", function()
    post { system_prompt = "one", document_tags = core.array { "a", "b" } }
    ask("DELETE", "/v2/personas/p00000000000")
    local message = refused { method = "post", path = "/v2/personas", body = { system_prompt = "two" } }
    assert.matches('expected at least 1 of: POST /v2/personas, body with {"system_prompt":"two"}; there were 0.',
      message, 1, true)
    assert.matches('1. POST /v2/personas -> 200  (/system_prompt is "one", not "two")', message, 1, true)
    assert.matches('2. DELETE /v2/personas/p00000000000 -> 400 {"error":"Invalid persona_id"}', message, 1, true)
    assert.matches("/document_tags has 2 items, not 1", refused { body = { document_tags = { "a" } } }, 1, true)
    assert.matches("/layers is missing", refused { body = { layers = {} } }, 1, true)
    assert.matches("there is no body", refused { body = { x = 1 } }, 1, true)
    server:expect { body = { document_tags = { "a", "b" } } }
    server:expect { body = { document_tags = {} } }
  end)

  it("counts", function()
    assert.matches("Nothing arrived.", refused { method = "GET" }, 1, true)
    post { system_prompt = "x" }
    assert.matches("expected 2 of: POST any path; there were 1.", refused { method = "POST", times = 2 }, 1, true)
    assert.matches("expected 0 of: any method, any path answered with 200; there were 1.",
      refused { status = 200, times = 0 }, 1, true)
  end)

  it("takes exact text, and bodies that are not JSON", function()
    post "{oops"
    assert.equal(1, #server:expect { body = "{oops", status = 400 })
    assert.matches("the body is another text", refused { body = "{" }, 1, true)
    assert.matches("the body is not JSON", refused { body = { a = 1 } }, 1, true)
  end)

  it("takes the empty text for a missing body", function()
    ask("POST", "/v2/conversations/c1/end")
    assert.equal(1, #server:expect { path = "/v2/conversations/*/end", body = "", times = 1 })
    post "{}"
    assert.matches("the body is another text", refused { path = "/v2/personas", body = "" }, 1, true)
  end)

  it("says that a body was cut off and cannot be compared", function()
    post { system_prompt = ("x"):rep(1024 * 1024) }
    for _, body in ipairs { "x", { system_prompt = "x" } } do
      assert.matches("only the first 1048576 bytes of its 1048596 are kept", refused { body = body }, 1, true)
    end
  end)

  it("does not judge what the journal no longer has", function()
    ask("DELETE", "/v2/personas/p1")
    local large = ("x"):rep(1024 * 1024)
    for _ = 1, 33 do post(large) end
    assert.is_true(server:requests()[1].seq > 1)
    for _, wanted in ipairs { { method = "DELETE", times = 0 }, { method = "DELETE" },
      { method = "POST", times = 33 } } do
      assert.matches("the journal no longer has the first %d+ requests", refused(wanted))
    end
    assert.is_true(#server:expect { method = "POST" } > 1)
  end)

  it("refuses what cannot fit any request, so that times = 0 is meaningful", function()
    for wanted, text in pairs {
      ["v2/personas"] = "path must begin with / or *", ["/v2/personas?page=1"] = "path is without the query",
      ["/_sandbox/set"] = "path cannot be below /_sandbox",
    } do
      assert.matches(text, refused { path = wanted, times = 0 }, 1, true)
    end
    assert.matches("method must be one word", refused { method = "GET ", times = 0 }, 1, true)
  end)

  it("shows the last of many and says how many, and never the key", function()
    assert(server:next { close = "before" })
    post { system_prompt = ("long "):rep(100) }
    for _ = 1, 25 do ask("GET", "/v2/personas", nil, { key = "very-secret" }) end
    local message = refused { method = "PATCH" }
    assert.matches("the last 20 of 26:", message, 1, true)
    assert.is_nil(message:find("very-secret", 1, true))
    assert.is_nil(message:find("  6. ", 1, true))
    assert.matches("  7. GET /v2/personas -> 200", message, 1, true)
  end)

  it("hides the secrets of bodies", function()
    post { system_prompt = "x", layers = { llm = { model = "m", base_url = "https://x",
      api_key = "sk-their-own-secret" } } }
    local message = refused { body = { layers = { llm = { api_key = "sk-another-secret" } } } }
    assert.matches("/layers/llm/api_key is", message, 1, true)
    assert.is_nil(message:find("-secret", 1, true))
    assert.is_nil(refused({ method = "GET" }):find("-secret", 1, true))
  end)

  it("raises at the caller's line on misuse, and when the sandbox does not answer", function()
    assert.matches("bad argument: expect: options must be a table, not nil", refused(nil), 1, true)
    assert.matches('unknown option "stauts" (did you mean status?)', refused { stauts = 1 }, 1, true)
    assert.matches("times must be 0 or more", refused { times = -1 }, 1, true)
    for _, bad in ipairs { { times = 0.5 }, { status = 200.5 } } do
      assert.matches("must be a whole number", refused(bad), 1, true)
    end
    for _, bad in ipairs { { times = 0 / 0 }, { times = 1 / 0 }, { status = 0 / 0 } } do
      assert.matches("must be a finite number", refused(bad), 1, true)
    end
    assert.matches("status must be 100 or more", refused { status = 99 }, 1, true)
    assert.matches("option body must be a table or string", refused { body = 1 }, 1, true)
    assert.matches("cannot be written as JSON", refused { body = { print } }, 1, true)
    local other = assert(sandbox.start())
    other:stop()
    local done, message = pcall(function() other:expect { method = "GET" } end)
    assert.is_false(done)
    assert.matches("the sandbox has been stopped", message, 1, true)
  end)
end)
