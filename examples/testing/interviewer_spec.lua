-- Run: `cd examples/testing && busted --lua=lua5.4 interviewer_spec.lua`. The test of interviewer.lua, on a local Tavus.
local tavus = require "tavus"
local interviewer = require "interviewer"

describe("the interviewer", function()
  local sandbox, client

  before_each(function()
    sandbox = assert(require("tavus.sandbox").start())
    client = assert(tavus.new { api_key = "any", base_url = sandbox.url, backoff = function() return 0 end }) -- retries at once
  end)

  after_each(function()
    client:close()
    sandbox:stop()
  end)

  it("is made once, and gets a new prompt after that", function()
    local id = assert(interviewer(client, "Be kind."))
    assert.equal(id, assert(interviewer(client, "Be brief.")))
    assert.equal("Be brief.", client.personas:get(id).system_prompt)
    sandbox:expect { method = "POST", path = "/v2/personas", body = { persona_name = "Interviewer" }, times = 1 }
  end)

  it("gets its prompt though Tavus is busy for a while", function()
    local id = assert(interviewer(client, "Be kind."))
    sandbox:next { status = 503, method = "PATCH", times = 2 }
    assert.equal(id, assert(interviewer(client, "Be brief.")))
    sandbox:expect { method = "PATCH", times = 3 }
  end)

  it("is not made twice when the answer is cut off", function()
    sandbox:next { fault = "cut_body", method = "POST" }
    local _, err = interviewer(client, "Be kind.")
    assert.is_true(err.ambiguous) -- it may be there: the script looks when it is run again
    assert.is_string(interviewer(client, "Be kind."))
    sandbox:expect { method = "POST", times = 1 }
  end)
end)
