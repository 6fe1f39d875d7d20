local memerr = require "spec.support.memerr"

-- A function a case; each runs once for every allocation that it makes, with
-- that one and all later ones failing. LuaJIT's own recorder does not survive
-- that, so it is off.
local cases = {
  decode = [=[
    local text = '{"a":[1,2.5,"' .. ("x"):rep(100) .. '\\n\\u20ac",{"b":null}],"' .. ("k"):rep(60) .. '":[[],{}]}'
    return function()
      local value = assert(core.decode(text))
      assert(value.a[2] == 2.5 and #value.a[3] == 104 and core.is_array(value.a))
    end]=],
  ["decode of a large text"] = [=[
    local text = "[" .. ('"a\\n",{"b":[0]},'):rep(8000) .. "0]"
    return function() assert(#assert(core.decode(text)) == 16001) end]=],
  ["decode of a bad text"] = [=[
    local text = "[" .. ('"abc",[],'):rep(1000) .. "?]"
    return function()
      local value, err = core.decode(text)
      assert(value == nil and err.position == 9002)
    end]=],
  encode = [=[
    local value = { list = core.array { 1, 2.5, "x\n\195\169" }, long = ("y"):rep(5000), empty = {}, none = core.null }
    return function() assert(core.equal(core.decode(assert(core.encode(value))), value)) end]=],
  copy = [=[
    local value = { list = core.array { 1, { 2, { a = core.object() } } }, b = { c = { d = {} } } }
    return function() assert(core.equal(assert(core.copy(value)), value)) end]=],
  marks = [=[
    return function()
      assert(core.is_array(core.array()) and not core.is_array(core.object()))
      core.use_marks { array_mt = {}, empty_array_mt = {} }
      assert(core.is_array(core.array()))
    end]=],
}

describe("when memory runs out", function()
  for name, body in pairs(cases) do
    it(name .. " ends in one clean error, at every allocation", function()
      local setup = 'if jit then jit.off() end local core = require "tavus.core" ' .. body
      local outcome, allocations = memerr.run(setup, 0)
      assert.are.equal("done", outcome)
      assert.is_true(allocations > 0)
      local step = math.max(1, math.floor(allocations / 300))
      local n, failed = 1, 0
      repeat
        outcome = memerr.run(setup, n)
        if outcome == "memory" then
          failed = failed + 1
        else
          assert.are.equal("done", outcome, "allocation " .. n)
        end
        n = n + (n < 200 and 1 or step)
      until n > allocations
      assert.is_true(failed > 0)
    end)
  end

  it("leaves nothing of opening the module either", function()
    local setup = [=[
      if jit then jit.off() end
      local path = assert(package.searchpath and package.searchpath("tavus.core", package.cpath) or SEARCH())
      return function()
        assert(package.loadlib(path, "luaopen_tavus_core"))("tavus.core")
      end]=]
    local search = [=[
      local function SEARCH()
        for template in package.cpath:gmatch "[^;]+" do
          local name = template:gsub("%?", "tavus/core")
          local file = io.open(name)
          if file then file:close() return name end
        end
      end ]=]
    local _, allocations = memerr.run(search .. setup, 0)
    for n = 1, allocations do
      local outcome = memerr.run(search .. setup, n)
      assert.is_truthy(outcome == "memory" or outcome == "done", outcome)
    end
  end)
end)
