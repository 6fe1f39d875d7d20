-- luacheck: std max+busted
local core = require "tavus.core"
local locale = require "spec.support.locale"
local process = require "spec.support.process"

local has_integers = math.type ~= nil

--- Shows bytes in a test's name.
local function shown(text)
  local visible = text:gsub("[%c\128-\255]", function(c) return ("\\x%02X"):format(c:byte()) end)
  if #visible > 60 then visible = visible:sub(1, 57) .. "..." end
  return visible
end

local function decoded(text)
  local value, err = core.decode(text)
  assert(err == nil, err and err.message)
  return value
end

local function accepts(text)
  it("accepts " .. shown(text), function()
    local value, err = core.decode(text)
    assert.is_nil(err and err.message)
    assert.is_not_nil(value)
  end)
end

--- `position` is the one-based byte where reading stops.
local function refuses(text, position, message)
  it("refuses " .. shown(text), function()
    local value, err = core.decode(text)
    assert.is_nil(value)
    assert.are.equal(position, err.position)
    assert.is_truthy(err.message:find(message, 1, true), err.message)
  end)
end

describe("decode: structure", function()
  accepts "[]"
  accepts "{}"
  accepts " \t\r\n[ \t\r\n] \t\r\n"
  accepts '{"a":[{"b":{}},[[]],"",0,true,false,null]}'
  accepts '{"":0}'
  accepts '{"a":1,"a":2}'
  accepts '""'
  accepts "42"
  accepts "true"
  accepts "null"
  accepts '["\\u0000"]'
  accepts '["\127"]'
  accepts '["\226\128\168\226\128\169"]' -- U+2028 and U+2029 need no escape

  local ended = "unexpected end of the text"
  refuses("", 1, ended)
  refuses(" \n", 3, ended)
  refuses("[", 2, ended)
  refuses("{", 2, ended)
  refuses("[1", 3, ended)
  refuses("[1,", 4, ended)
  refuses('{"a"', 5, ended)
  refuses('{"a":', 6, ended)
  refuses('{"a":1', 7, ended)
  refuses('{"a":1,', 8, ended)
  refuses('"abc', 5, ended)
  refuses('"abc\\', 6, ended)
  refuses("tru", 4, ended)
  refuses("-", 2, ended)
  refuses("[1,]", 4, "value expected")
  refuses("[,1]", 2, "value expected")
  refuses("[1,,2]", 4, "value expected")
  refuses("[1 2]", 4, "',' or ']' expected")
  refuses("[1}", 3, "',' or ']' expected")
  refuses('{"a":1]', 7, "',' or '}' expected")
  refuses('{"a":1 "b":2}', 8, "',' or '}' expected")
  refuses('{"a" 1}', 6, "':' expected")
  refuses('{"a",1}', 5, "':' expected")
  refuses('{"a"::1}', 6, "value expected")
  refuses('{a:1}', 2, "a name in double quotes expected")
  refuses("{'a':1}", 2, "a name in double quotes expected")
  refuses('{1:1}', 2, "a name in double quotes expected")
  refuses('{"a":1,}', 8, "a name in double quotes expected")
  refuses("{,}", 2, "a name in double quotes expected")
  refuses("]", 1, "value expected")
  refuses("'a'", 1, "value expected")
  refuses("[1]x", 4, "unexpected text after the value")
  refuses("1 2", 3, "unexpected text after the value")
  refuses("{}}", 3, "unexpected text after the value")
  refuses('""""', 3, "unexpected text after the value")
  refuses("[]\0", 3, "unexpected text after the value")
  refuses("\0", 1, "value expected")
  refuses("[\0]", 2, "value expected")
  refuses("[1\0]", 3, "',' or ']' expected")
  refuses("// x\n1", 1, "value expected")
  refuses("[1/**/]", 3, "',' or ']' expected")
  refuses("\f[]", 1, "value expected")
  refuses("\194\160[]", 1, "value expected") -- a no-break space is no JSON space
  refuses("\239\187\191[]", 1, "byte order mark")
  refuses("\239\187\191", 1, "byte order mark")
  refuses("True", 1, "value expected")
  refuses("nul1", 4, "unknown word")
  refuses("truefalse", 5, "unexpected text after the value")
  refuses("NaN", 1, "value expected")
  refuses("Infinity", 1, "value expected")
  refuses("undefined", 1, "value expected")
end)

describe("decode: values", function()
  it("marks arrays, and only arrays", function()
    local value = decoded '[[],{},{"a":[]}]'
    assert.is_true(core.is_array(value))
    assert.is_true(core.is_array(value[1]))
    assert.is_false(core.is_array(value[2]))
    assert.is_false(core.is_array(value[3]))
    assert.is_true(core.is_array(value[3].a))
    assert.are.equal(core.array_mt, getmetatable(value[1]))
    assert.is_nil(getmetatable(value[2]))
  end)

  it("reads each name as it stands, however many there were before", function()
    -- more than are remembered, of lengths around what is remembered; many fall on the same place
    local names = { "", "a\\u0000b", "a\\nb", "\\u00e9", "\195\169" }
    for length = 1, 40 do
      for i = 1, 20 do names[#names + 1] = ("n%02d"):format(i):rep(14):sub(1, length) .. (length > 3 and "" or length .. "." .. i) end
    end
    for round = 1, 2 do
      for i, name in ipairs(names) do
        local value = decoded(('{"%s":%d,"%s2":true}'):format(name, i + round, name))
        local plain = decoded('"' .. name .. '"')
        assert.are.equal(i + round, value[plain])
        assert.is_true(value[plain .. "2"])
      end
    end
    collectgarbage()
    assert.are.same({ same = { same = 1, sane = 2 }, sane = 3 }, decoded '{"same":{"same":1,"sane":2},"sane":3}')
  end)

  it("keeps null inside arrays and objects", function()
    local value = decoded '{"a":null,"b":[1,null,null]}'
    assert.are.equal(core.null, value.a)
    assert.are.equal(3, #value.b)
    assert.are.equal(core.null, value.b[2])
    assert.are.equal(core.null, value.b[3])
    assert.are.equal(core.null, decoded "null")
  end)

  it("tells false from nothing", function()
    local value, err = core.decode "false"
    assert.is_false(value)
    assert.is_nil(err)
  end)

  it("lets the last of several equal names count", function()
    local value = decoded '{"a":1,"b":2,"a":{"c":3},"\\u0061":"last"}'
    assert.are.same({ a = "last", b = 2 }, value)
  end)

  it("reads names with escapes, the empty name and names with NUL", function()
    local value = decoded '{"":1,"a\\u0000b":2,"\\/":3}'
    assert.are.equal(1, value[""])
    assert.are.equal(2, value["a\0b"])
    assert.are.equal(3, value["/"])
  end)

  it("raises for what is no string", function()
    for _, wrong in ipairs { 12, true, {}, print } do
      assert.has_error(function() core.decode(wrong) end)
    end
    assert.has_error(function() core.decode() end)
  end)
end)

describe("decode: where it went wrong", function()
  it("counts lines where a line breaks", function()
    for text, place in pairs {
      ["x"] = { 1, 1, 1 }, ["\nx"] = { 2, 1, 2 }, ["\n\nx"] = { 3, 1, 3 }, ["\n \n x"] = { 3, 2, 5 },
      ["[1,\r\nx]"] = { 2, 1, 6 }, ["\rx"] = { 1, 2, 2 },
      ["[1\n"] = { 2, 1, 4 }, ["{\n\n"] = { 3, 1, 4 }, ["[1"] = { 1, 3, 3 }, -- the end is behind the last byte
      ['["a\nb"]'] = { 1, 4, 4 }, ['[\n"a\n"]'] = { 2, 3, 5 }, -- the line break is what is wrong
      ['{"a":1,\n"b" 2}'] = { 2, 5, 13 }, ["[1]\nx"] = { 2, 1, 5 }, ["[1,2\n3]"] = { 2, 1, 6 },
    } do
      local value, err = core.decode(text)
      assert.is_nil(value)
      assert.are.same(place, { err.line, err.column, err.position }, ("%q"):format(text))
      assert.matches(("at line %d, column %d (byte %d)"):format(place[1], place[2], place[3]), err.message, 1, true)
    end
  end)

  it("counts lines, columns and bytes from one", function()
    local _, err = core.decode '{\n  "a": 1,\n  "b": \195\169\n}'
    assert.are.equal(3, err.line)
    assert.are.equal(8, err.column)
    assert.are.equal(20, err.position)
    assert.are.equal("value expected at line 3, column 8 (byte 20)", err.message)
    for _, name in ipairs { "line", "column", "position" } do
      assert.are.equal("integer", (math.type or function() return "integer" end)(err[name]))
    end
  end)

  it("points at the first bad byte of a string", function()
    local _, err = core.decode '["good", "a\195\169\255"]'
    assert.are.equal("invalid UTF-8 at line 1, column 14 (byte 14)", err.message)
  end)

  it("finds an error behind a large good part", function()
    local _, err = core.decode("[" .. ('"x",\n'):rep(50000) .. "?]")
    assert.are.equal(50001, err.line)
    assert.are.equal(1, err.column)
    assert.are.equal(250002, err.position)
  end)
end)

describe("decode: strings", function()
  local escapes = {
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"'] = '"\\/\b\f\n\r\t',
    ['"\\u0041\\u00e9\\u20AC"'] = "A\195\169\226\130\172",
    ['"\\u0000"'] = "\0",
    ['"\\u007f\\u0080\\u07ff\\u0800\\uffff"'] = "\127\194\128\223\191\224\160\128\239\191\191",
    ['"\\ud800\\udc00\\uDBFF\\uDFFF"'] = "\240\144\128\128\244\143\191\191",
    ['"\\uD83D\\uDE00!"'] = "\240\159\152\128!",
    ['"a\\u0022b"'] = 'a"b',
    ['"\\\\u0041"'] = "\\u0041",
  }
  for text, value in pairs(escapes) do
    it("reads " .. text, function() assert.are.equal(value, decoded(text)) end)
  end

  refuses('"\\x"', 2, "unknown escape")
  refuses('"\\U0041"', 2, "unknown escape")
  refuses('"\\\n"', 2, "unknown escape")
  refuses('"\\\0"', 2, "unknown escape")
  refuses('"\\u"', 2, "four hexadecimal digits")
  refuses('"\\u004"', 2, "four hexadecimal digits")
  refuses('"\\u00g0"', 2, "four hexadecimal digits")
  refuses('"\\u+123"', 2, "four hexadecimal digits")
  refuses('"\\u00', 2, "four hexadecimal digits")
  refuses('"\\ud800"', 2, "surrogate")
  refuses('"\\udc00"', 2, "surrogate")
  refuses('"\\udc00\\ud800"', 2, "surrogate")
  refuses('"\\ud800\\ud800"', 2, "surrogate")
  refuses('"\\ud800\\u0041"', 2, "surrogate")
  refuses('"\\ud800x"', 2, "surrogate")
  refuses('"\\ud800\\n"', 2, "surrogate")
  refuses('"\\ud800\\', 2, "surrogate")
  refuses('"ab\\ud800\\u', 4, "surrogate")

  it("refuses every control character, wherever it stands in the string", function()
    for code = 0, 31 do
      for _, before in ipairs { 0, 1, 6, 7, 8, 14, 15, 16, 17, 40 } do
        local _, err = core.decode('"' .. ("x"):rep(before) .. string.char(code) .. ("y"):rep(20) .. '"')
        assert.are.equal(before + 2, err.position)
        assert.is_truthy(err.message:find("control character", 1, true))
      end
    end
  end)

  it("finds the end of strings of every length", function()
    for length = 0, 70 do
      local body = ("abcdefgh"):rep(9):sub(1, length)
      assert.are.equal(body, decoded('"' .. body .. '"'))
      assert.are.same({ body, "z" }, { decoded('["' .. body .. '","z"]')[1], "z" })
      assert.are.equal(body .. "\n" .. body, decoded('"' .. body .. "\\n" .. body .. '"'))
      assert.are.equal(body .. "\195\169" .. body, decoded('"' .. body .. "\195\169" .. body .. '"'))
    end
  end)
end)

describe("decode: UTF-8", function()
  local function utf8_of(code)
    local floor, char = math.floor, string.char
    if code < 0x80 then return char(code) end
    local function tail(shift) return 0x80 + floor(code / shift) % 64 end
    if code < 0x800 then return char(0xC0 + floor(code / 64), tail(1)) end
    if code < 0x10000 then return char(0xE0 + floor(code / 4096), tail(64), tail(1)) end
    return char(0xF0 + floor(code / 262144), tail(4096), tail(64), tail(1))
  end

  it("accepts every character there is", function()
    for plane = 0, 16 do
      local parts = {}
      for low = 0, 0xFFFF do
        local code = plane * 0x10000 + low
        if code >= 0x20 and code ~= 0x22 and code ~= 0x5C and (code < 0xD800 or code > 0xDFFF) then
          parts[#parts + 1] = utf8_of(code)
        end
      end
      local body = table.concat(parts)
      assert.is_true(decoded('"' .. body .. '"') == body)
    end
  end)

  it("accepts, of all pairs of bytes, only those of two-byte characters", function()
    for first = 0x80, 0xFF do
      for second = 0x20, 0xFF do
        local body = string.char(first, second)
        local good = first >= 0xC2 and first <= 0xDF and second >= 0x80 and second <= 0xBF
        assert.are.equal(good, core.decode('"' .. body .. '."') ~= nil, body)
      end
    end
  end)

  it("accepts, of the three-byte forms, no overlong ones and no surrogates", function()
    for first = 0xE0, 0xEF do
      for second = 0x7F, 0xC0 do
        local lowest = first == 0xE0 and 0xA0 or 0x80
        local highest = first == 0xED and 0x9F or 0xBF
        local good = second >= lowest and second <= highest
        assert.are.equal(good, core.decode('"' .. string.char(first, second, 0x80) .. '"') ~= nil)
        assert.is_nil(core.decode('"' .. string.char(first, second, 0x7F) .. '"'))
        assert.is_nil(core.decode('"' .. string.char(first, second, 0xC0) .. '"'))
        assert.is_nil(core.decode('"' .. string.char(first, second) .. '"'))
      end
    end
  end)

  it("accepts, of the four-byte forms, none that is overlong or above U+10FFFF", function()
    for first = 0xF0, 0xFF do
      for second = 0x7F, 0xC0 do
        local lowest = first == 0xF0 and 0x90 or 0x80
        local highest = first == 0xF4 and 0x8F or 0xBF
        local good = first <= 0xF4 and second >= lowest and second <= highest
        assert.are.equal(good, core.decode('"' .. string.char(first, second, 0x80, 0xBF) .. '"') ~= nil)
        assert.is_nil(core.decode('"' .. string.char(first, second, 0x80) .. '"'))
        assert.is_nil(core.decode('"' .. string.char(first, second, 0x80, 0x22) .. '"'))
      end
    end
  end)

  refuses('"\128"', 2, "invalid UTF-8")
  refuses('"\192\128"', 2, "invalid UTF-8")
  refuses('"\237\160\189\237\184\128"', 2, "invalid UTF-8") -- CESU-8
  refuses('"\254"', 2, "invalid UTF-8")
  refuses('{"\255":1}', 3, "invalid UTF-8")
  refuses('"\195', 2, "invalid UTF-8")
end)

describe("decode: numbers", function()
  for _, text in ipairs {
    "0", "-0", "1", "-1", "10", "0.5", "-0.5", "1e5", "1E5", "1e+5", "1e-5", "1.5E-07", "0e0", "0.0e-0",
    "123456789012345678901234567890", "1e-400", "0e999999999999", "0.000e-99999999999999999999",
  } do accepts(text) end

  refuses("01", 2, "leading zero")
  refuses("-01", 3, "leading zero")
  refuses("00", 2, "leading zero")
  refuses("+1", 1, "value expected")
  refuses(".5", 1, "value expected")
  refuses("-.5", 2, "digit expected")
  refuses("-a", 2, "digit expected")
  refuses("[-]", 3, "digit expected")
  refuses("[1.]", 4, "decimal point")
  refuses("[1.e5]", 4, "decimal point")
  refuses("[1e]", 4, "exponent")
  refuses("[1e+]", 5, "exponent")
  refuses("[1.5e-]", 7, "exponent")
  refuses("1.2.3", 4, "unexpected text")
  refuses("1e5.5", 4, "unexpected text")
  refuses("0x10", 2, "unexpected text")
  refuses("1_000", 2, "unexpected text")
  refuses("1,5", 2, "unexpected text")
  refuses("[1e400]", 2, "beyond the range of a double")
  refuses("[0,-1e999999999999999999999]", 4, "beyond the range of a double")
  refuses("1.7976931348623159e308", 1, "beyond the range of a double")
  refuses(("9"):rep(400), 1, "beyond the range of a double")

  -- each text with the double nearest to it, as %.17g shows it
  local nearest = {
    { "0.1", "0.10000000000000001" },
    { "9007199254740993.0", "9007199254740992" }, -- a tie goes to the even one
    { "9007199254740995.0", "9007199254740996" },
    { "9007199254740993.00000000000000000000000000001", "9007199254740994" },
    { "1e23", "9.9999999999999992e+22" },
    { "8.5e22", "8.4999999999999998e+22" },
    { "1.7976931348623157e308", "1.7976931348623157e+308" },
    { "1.7976931348623158e308", "1.7976931348623157e+308" },
    { "2.2250738585072014e-308", "2.2250738585072014e-308" },
    { "2.2250738585072011e-308", "2.2250738585072009e-308" }, -- has hung other readers
    { "4.9406564584124654e-324", "4.9406564584124654e-324" },
    { "2.4703282292062328e-324", "4.9406564584124654e-324" },
    { "2.4703282292062327e-324", "0" },
    { "7.2057594037927933e16", "72057594037927936" },
    { "6929495644600919.5", "6929495644600920" },
    { "3.2378839133029012895883524125015321748630094185445e-25", "3.2378839133029015e-25" },
    { "0.000000000000000000000000000000000000000000000000000000000000000000000001e72", "1" },
    { "1" .. ("0"):rep(300) .. "e-300", "1" },
    { "0." .. ("0"):rep(400) .. "1e401", "1" },
    { "123456789012345678901234567890", "1.2345678901234568e+29" },
  }
  for _, case in ipairs(nearest) do
    it("reads " .. shown(case[1]) .. " as " .. case[2], function()
      assert.are.equal(case[2], ("%.17g"):format(decoded(case[1])))
      assert.are.equal(case[2], ("%.17g"):format(-decoded("-" .. case[1])))
    end)
  end

  it("rounds the exact middle of two doubles to the even one, and a hair beyond it up", function()
    -- 1 + 2^-53 lies between 1 and 1 + 2^-52
    local middle = "1.00000000000000011102230246251565404236316680908203125"
    assert.are.equal(1.0, decoded(middle))
    assert.are.equal(1.0, decoded(middle .. ("0"):rep(900)))
    assert.are.equal(1 + 2 ^ -52, decoded(middle .. ("0"):rep(900) .. "1"))
    assert.are.equal(1.0, decoded(middle:gsub("5$", "4999999999999999999999999999")))
  end)

  it("keeps the sign of zero", function()
    assert.are.equal(-math.huge, 1 / decoded "-0")
    assert.are.equal(-math.huge, 1 / decoded "-0.0")
    assert.are.equal(-math.huge, 1 / decoded "-1e-999")
    assert.are.equal(math.huge, 1 / decoded "0")
  end)

  it("keeps integers integers where Lua has them", function()
    local limits = { "9223372036854775807", "-9223372036854775808", "0", "-1", "1000000000000000000" }
    for _, text in ipairs(limits) do
      local value = decoded(text)
      if has_integers then
        assert.are.equal("integer", math.type(value))
        assert.are.equal(text, ("%d"):format(value))
      else
        assert.are.equal(tonumber(text), value)
      end
    end
    if has_integers then
      for _, text in ipairs { "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1.0", "1e2", "-0" } do
        assert.are.equal("float", math.type(decoded(text)))
      end
    end
    assert.are.equal(2 ^ 63, decoded "9223372036854775808" + 0.0)
    assert.are.equal(2 ^ 64, decoded "18446744073709551616")
    assert.are.equal(2 ^ 53, decoded "9007199254740992")
  end)

  it("does not ask the locale", function()
    local folder = locale.make()
    local chunk = [[
      local core = require "tavus.core"
      assert(os.setlocale("comma", "numeric"), "no comma locale")
      -- LuaJIT formats by itself
      assert(jit or string.format("%.1f", 1.5) == "1,5", "the locale has no decimal comma")
      local list = assert(core.decode "[0.1, 1.5e300, 123456789.123456789, 5e-324, 2.2250738585072011e-308]")
      assert(list[1] == 1 / 10 and list[3] == 123456789123456789 / 1000000000)
      io.write(assert((core.encode(list))))
    ]]
    local status, output = process.lua({ chunk = chunk }, { LOCPATH = folder, LC_ALL = false })
    process.run("rm -rf " .. process.quote(folder))
    assert.are.equal("[0.1,1.5e+300,123456789.12345679,5e-324,2.225073858507201e-308]", output)
    assert.are.equal(0, status)
  end)
end)

describe("decode: hostile sizes", function()
  it("reads 128 levels and no more", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local inner = pair[1] == "[" and "" or "1"
      assert.is_not_nil(decoded(pair[1]:rep(128) .. inner .. pair[2]:rep(128)))
      local value, err = core.decode(pair[1]:rep(129) .. inner .. pair[2]:rep(129))
      assert.is_nil(value)
      assert.are.equal(128 * #pair[1] + 1, err.position)
      assert.is_truthy(err.message:find("nested deeper than 128 levels", 1, true))
    end
  end)

  it("stops at once in a million brackets", function()
    local _, err = core.decode(("["):rep(1000000))
    assert.are.equal(129, err.position)
  end)

  it("reads wide arrays and objects", function()
    local count = 300000
    local list = decoded("[" .. ("1,"):rep(count - 1) .. "1]")
    assert.are.equal(count, #list)
    local parts = {}
    for i = 1, 100000 do parts[i] = ('"k%d":%d'):format(i, i) end
    local object = decoded("{" .. table.concat(parts, ",") .. "}")
    assert.are.equal(1, object.k1)
    assert.are.equal(100000, object.k100000)
  end)

  it("reads long strings, with escapes and without", function()
    local long = ("0123456789abcdef"):rep(65536)
    assert.is_true(decoded('"' .. long .. '"') == long)
    assert.is_true(decoded('"' .. ("\\n"):rep(500000) .. '"') == ("\n"):rep(500000))
  end)

  it("works inside a coroutine with little stack", function()
    local text = ("["):rep(128) .. ("]"):rep(128)
    local run = coroutine.wrap(function() return core.decode(text) end)
    assert.is_true(core.is_array((run())))
  end)

  it("never raises, whatever single byte is changed, cut or doubled", function()
    local text = '{"a":[1,-2.5e3,"x\\u00e9\\ud83d\\ude00\195\169",true,false,null,{}],"b":{"c":""}}'
    for at = 1, #text do
      for _, byte in ipairs { "", "\0", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "e", "-", ".", "\255", "\127" } do
        for _, rest in ipairs { text:sub(at + 1), text:sub(at), "" } do
          local candidate = text:sub(1, at - 1) .. byte .. rest
          local value, err = core.decode(candidate)
          if value == nil then
            assert.is_true(err.position >= 1 and err.position <= #candidate + 1)
          else
            assert.is_true(core.equal(value, decoded((core.encode(value)))))
          end
        end
      end
    end
  end)
end)
