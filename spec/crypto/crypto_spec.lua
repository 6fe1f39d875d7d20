-- HMAC-SHA256 in C: the vectors of RFC 4231, comparing, keys of a session, want of memory, and a build without it.
local crypto = require "tavus.crypto"
local http = require "tavus.http"
local memerr = require "spec.support.memerr"

local function bytes(digits) return (digits:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)) end

-- RFC 4231, section 4: key, data, HMAC-SHA-256 (the first 128 bits in the fifth).
local VECTORS = {
  { ("\11"):rep(20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
  { "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
  { ("\170"):rep(20), ("\221"):rep(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
  { bytes "0102030405060708090a0b0c0d0e0f10111213141516171819", ("\205"):rep(50),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
  { ("\12"):rep(20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b" },
  { ("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
  { ("\170"):rep(131), "This is a test using a larger than block-size key and a larger than block-size data. "
    .. "The key needs to be hashed before being used by the HMAC algorithm.",
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
}

describe("tavus.crypto", function()
  it("signs as RFC 4231 says, in digits and in bytes", function()
    for _, vector in ipairs(VECTORS) do
      local key, data, digits = vector[1], vector[2], vector[3]
      local signed = crypto.sign(key, data)
      assert.equal(64, #signed)
      assert.equal(digits, signed:sub(1, #digits))
      assert.equal(bytes(signed), crypto.sign(key, data, true))
    end
  end)

  it("signs texts of any bytes and length, and with an empty key", function()
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", crypto.sign("", ""))
    assert.equal(64, #crypto.sign("k\0k", ("\0x"):rep(2 ^ 20)))
    assert.are_not.equal(crypto.sign("k", "a\0b"), crypto.sign("k", "a\0c"))
    assert.are_not.equal(crypto.sign("k\0a", "d"), crypto.sign("k\0b", "d"))
  end)

  it("takes its own signatures for right, in any case of letters, and no other text", function()
    local right = crypto.sign("key", "data")
    assert.is_true(crypto.verify("key", "data", right))
    assert.is_true(crypto.verify("key", "data", right:upper()))
    assert.is_true(crypto.verify("key", "data", bytes(right)))
    local other = right:sub(-1) == "0" and "1" or "0"
    for _, wrong in ipairs {
      "", right:sub(1, -2), right .. "0", right:sub(1, -2) .. other, other .. right:sub(2), right:sub(1, -2) .. "g",
      " " .. right:sub(2), bytes(right):sub(1, -2), bytes(right) .. "\0", ("\0"):rep(32), ("0"):rep(64), ("\0"):rep(64),
    } do
      assert.is_false(crypto.verify("key", "data", wrong), wrong)
    end
    assert.is_false(crypto.verify("other", "data", right))
    assert.is_false(crypto.verify("key", "date", right))
  end)

  it("signs with the API key of a session, which stays in C", function()
    local session = assert(http.session { api_key = "an-api-key" })
    assert.equal(crypto.sign("an-api-key", "data"), crypto.sign(session, "data"))
    session:close()
    assert.has_error(function() crypto.sign(session, "data") end,
      "bad argument #1 to 'sign' (the session has no key)")
    assert.has_error(function() crypto.sign(io.stdout, "data") end,
      "bad argument #1 to 'sign' (a string or a session expected)")
  end)

  it("raises for what it cannot sign", function()
    for _, wrong in ipairs { { nil, "d" }, { {}, "d" }, { "k" }, { "k", {} } } do
      assert.is_false(pcall(crypto.sign, wrong[1], wrong[2]))
      assert.is_false(pcall(crypto.verify, wrong[1], wrong[2], "s"))
    end
    assert.is_false(pcall(crypto.verify, "k", "d"))
  end)

  it("ends in one clean error at every allocation that fails", function()
    local _, failed = memerr.visit [=[
      local crypto = require "tavus.crypto"
      local key, data = ("k"):rep(80), ("d"):rep(300)
      local right = crypto.sign(key, data)
      return function()
        local signed = crypto.sign(key, data .. "") -- a text that is new each time
        assert(crypto.verify(key, data, signed) and #crypto.sign(key, data, true) == 32 and signed == right)
        crypto.sign(key, data .. signed)
      end]=]
    assert.is_true(failed > 0)
  end)
end)

describe("tavus.signature", function()
  local signature = require "tavus.signature"

  it("signs and verifies", function()
    assert.equal(crypto.sign("k", "d"), signature.sign("k", "d"))
    assert.is_true(signature.verify("k", "d", crypto.sign("k", "d")))
    assert.is_false(signature.verify("k", "d", "0"))
  end)

  it("names the package where the build has no tavus.crypto", function()
    local kept = { crypto = package.loaded["tavus.crypto"], signature = package.loaded["tavus.signature"] }
    package.loaded["tavus.crypto"], package.loaded["tavus.signature"] = nil, nil
    package.preload["tavus.crypto"] = function() error "built without OpenSSL" end
    local fresh = require "tavus.signature"
    local signed, err = fresh.sign("k", "d")
    local verified, other = fresh.verify("k", "d", "s")
    package.preload["tavus.crypto"] = nil
    package.loaded["tavus.crypto"], package.loaded["tavus.signature"] = kept.crypto, kept.signature
    assert.is_nil(signed)
    assert.is_nil(verified)
    for _, each in ipairs { err, other } do
      assert.equal("config", each.type)
      assert.matches("libssl-dev", tostring(each), 1, true)
    end
  end)
end)
