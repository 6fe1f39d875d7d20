local pointer = require "tavus.patch.pointer"

describe("a JSON Pointer", function()
  -- RFC 6901, section 5: the pointers of its example document.
  local examples = {
    { "", {} },
    { "/foo", { "foo" } },
    { "/foo/0", { "foo", "0" } },
    { "/", { "" } },
    { "/a~1b", { "a/b" } },
    { "/c%d", { "c%d" } },
    { "/e^f", { "e^f" } },
    { "/g|h", { "g|h" } },
    { "/i\\j", { "i\\j" } },
    { '/k"l', { 'k"l' } },
    { "/ ", { " " } },
    { "/m~0n", { "m~n" } },
    { "//", { "", "" } },
    { "/a//b", { "a", "", "b" } },
    { "/~01", { "~1" } },
    { "/~10", { "/0" } },
    { "/~00", { "~0" } },
    { "/~1~0~1", { "/~/" } },
    { "/\0/\195\169", { "\0", "\195\169" } },
  }

  for _, example in ipairs(examples) do
    local text, tokens = example[1], example[2]
    it(("%q has %d token(s), and is written the same again"):format(text, #tokens), function()
      assert.are.same(tokens, pointer.parse(text))
      assert.are.equal(text, pointer.format(tokens))
    end)
  end

  it("is refused without a leading slash", function()
    for _, text in ipairs { "foo", "0", "#/foo", "a/b", "-" } do
      local tokens, message = pointer.parse(text)
      assert.is_nil(tokens)
      assert.matches('starting with "/"', message, 1, true)
    end
  end)

  it("is refused with a tilde that escapes nothing", function()
    for _, text in ipairs { "/~", "/a~", "/~2", "/~~0", "/a~/b", "/~a" } do
      local tokens, message = pointer.parse(text)
      assert.is_nil(tokens, text)
      assert.matches('"~" is written "~0"', message, 1, true)
    end
  end)

  it("is a string", function()
    for _, value in ipairs { 5, true, {} } do
      local tokens, message = pointer.parse(value)
      assert.is_nil(tokens)
      assert.matches("not a " .. type(value), message, 1, true)
    end
  end)

  it("escapes the tilde before the slash", function()
    assert.are.equal("~01", pointer.escape("~1"))
    assert.are.equal("~1", pointer.escape("/"))
    assert.are.equal("~0~1~0", pointer.escape("~/~"))
    assert.are.equal("plain", pointer.escape("plain"))
  end)

  it("can be cut short when written", function()
    assert.are.equal("/a/b~1c", pointer.format({ "a", "b/c", "d" }, 2))
    assert.are.equal("", pointer.format({ "a" }, 0))
  end)

  it("counts array items from zero", function()
    assert.are.equal(1, pointer.position("0"))
    assert.are.equal(2, pointer.position("1"))
    assert.are.equal(101, pointer.position("100"))
  end)

  it("refuses what is no array index", function()
    for _, token in ipairs { "", "-", "-1", "+1", "1.0", "1e0", " 1", "1 ", "0x1", "one", "1\n" } do
      local position, message = pointer.position(token)
      assert.is_nil(position, token)
      assert.matches("a number from 0", message, 1, true)
    end
    for _, token in ipairs { "00", "01", "007" } do
      local position, message = pointer.position(token)
      assert.is_nil(position, token)
      assert.matches("no leading zero", message, 1, true)
    end
  end)

  it("puts an index of many digits past the end of every array", function()
    assert.is_true(pointer.position("99999999999999999999") > 1e14)
    assert.is_true(pointer.position("18446744073709551616") > 1e14)
  end)
end)
