-- Cases for want of memory: reading, writing and copying JSON. Each returns a function; see spec/support/memerr.lua.
return {
  opening = 'local core = require "tavus.core" ',
  cases = {
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
  },
}
