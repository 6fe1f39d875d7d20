-- The test of interviewer.lua, on a local Tavus: busted interviewer_spec.lua
local tavus = require "tavus"
local interviewer = require "interviewer"

describe("the interviewer", function()
  local sandbox, client

  before_each(function()
    sandbox = assert(require("tavus.sandbox").start())
    client = assert(tavus.new { api_key = "any", base_url = sandbox.url, backoff = function() return 0 end })
  end)

  after_each(function()
    client:close()
    sandbox:stop()
  end)

  it("is made once, and gets a new prompt after that", function()
    local id = assert(interviewer(client, "Be kind."))
    assert.equal(id, interviewer(client, "Be brief."))
    assert.equal("Be brief.", client.personas:get(id).system_prompt)
    assert.equal(1, #sandbox:requests { method = "POST" })
  end)

  it("gets its prompt though Tavus is busy for a while", function()
    local id = assert(interviewer(client, "Be kind."))
    sandbox:next { status = 503, method = "PATCH", times = 2 }
    assert.equal(id, interviewer(client, "Be brief."))
  end)

  it("is not made twice when the answer is lost", function()
    sandbox:next { close = "after", method = "POST" }
    local id, err = interviewer(client, "Be kind.")
    assert.is_nil(id)
    assert.is_true(err.ambiguous) -- the script looks when it is run again
    assert.is_string(interviewer(client, "Be kind."))
    assert.equal(1, client.personas:list({ persona_type = "user" }).total_count)
  end)
end)
