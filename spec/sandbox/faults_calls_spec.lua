-- Every fault of the sandbox against every operation of the client: a proper error in time, and nothing that outlasts
-- it.
local clients = require "spec.support.clients"
local faults = require "tavus.sandbox.faults"
local faulty = require "spec.support.faulty"
local http = require "tavus.http"
local resource = require "tavus.client.resource"
local sandbox = require "tavus.sandbox"

local ATTACHED = {}
for name in ("publish tools attach_tools detach_tool skills replace_skills skill set_skill patch_skill remove_skill clone check_username")
  :gmatch "%S+" do ATTACHED[name] = true end

describe("a fault of the sandbox", function()
  local server, client, rows, start

  setup(function()
    server = assert(sandbox.start())
    rows, start = faulty.rows(server)
  end)
  teardown(function() server:stop() end)
  before_each(function()
    assert(server:restore(start))
    client = clients.new(server.url)
  end)
  after_each(function() client:close() end)

  it("has a case here, whichever it is, and so has every operation", function()
    for name in pairs(faults.all) do assert.truthy(faulty.cases[name], name) end
    local have = {}
    for _, call in ipairs(faulty.calls) do have[call[1] .. ":" .. call[2]] = true end
    for collection in pairs { personas = true, conversations = true } do -- the others have specs of their own in spec/client
      for method in pairs(resource.classes()[collection].methods) do
        -- attached_spec.lua calls the methods of what is attached to a persona.
        assert.is_true(have[collection .. ":" .. method] or ATTACHED[method], collection .. ":" .. method)
      end
    end
  end)

  for name, case in pairs(faulty.cases) do
    for i, call in ipairs(faulty.calls) do
      it(("%s is a proper error of %s, once, and does not outlast its connection"):format(name, call.title), function()
        assert(client.personas:get(rows[i].persona)) -- and now the connection is a reused one
        local open = faulty.descriptors()
        faulty.order(server, name)
        local begun = http.now()
        local value, err = faulty.make(client, call, rows[i], case, { timeout = 2, deadline = 4 })
        assert.is_true(http.now() - begun < 4)
        assert.is_nil(faulty.flaw(case, call, value, err, 1))
        assert.equal(case.unsent and 0 or err.attempts, #server:requests() - 1)

        -- The next call may not be repeated, so a dead or poisoned connection would end it.
        assert(server:restore(start))
        local persona, meta = client.personas:create(clients.persona())
        assert.truthy(persona, tostring(meta))
        assert.equal(1, meta.attempts)
        assert.equal(persona.persona_id, assert(client.personas:get(persona.persona_id)).persona_id)
        local limit = http.now() + 5
        while faulty.descriptors() > open and http.now() < limit do http.engine():step(0.001) end
        assert.is_true(faulty.descriptors() <= open, ("%d and then %d"):format(open, faulty.descriptors()))
      end)
    end
  end
end)
