-- The retry table, the sleeps between attempts, and Retry-After.
local http = require "tavus.http"

describe("http.verdict", function()
  local rows = {
    -- outcome, statuses, repeatable, not repeatable
    { "not_sent", { 0 }, "retry", "retry" },
    { "lost", { 0, 200 }, "retry", "ambiguous" },
    { "timeout", { 0 }, "retry", "ambiguous" },
    { "answer", { 429 }, "retry", "retry" },
    { "answer", { 408, 500, 502, 503, 504 }, "retry", "ambiguous" },
    { "answer", { 200, 204, 301, 304, 400, 401, 403, 404, 409, 422, 501, 505, 520 }, "no", "no" },
    { "too_large", { 0, 200 }, "no", "no" },
    { "certificate", { 0 }, "no", "no" },
    { "garbled", { 200 }, "no", "no" },
    { "cancelled", { 0 }, "no", "no" },
  }

  it("follows the table", function()
    for _, row in ipairs(rows) do
      for _, status in ipairs(row[2]) do
        local name = row[1] .. " " .. status
        for _, method in ipairs { "GET", "DELETE", "PUT" } do
          assert.equal(row[3], http.verdict(method, row[1], status), method .. " " .. name)
        end
        assert.equal(row[3], http.verdict("POST", row[1], status, true), "end " .. name)
        assert.equal(row[3], http.verdict("PATCH", row[1], status, true), "repeatable PATCH " .. name)
        assert.equal(row[4], http.verdict("PATCH", row[1], status, false), "other PATCH " .. name)
        assert.equal(row[4], http.verdict("PATCH", row[1], status), "PATCH " .. name)
        assert.equal(row[4], http.verdict("POST", row[1], status), "POST " .. name)
      end
    end
  end)
end)

describe("http.backoff", function()
  it("doubles from half a second to eight", function()
    for n, seconds in ipairs { 0.5, 1, 2, 4, 8, 8, 8 } do
      assert.equal(seconds, http.backoff(n, 1))
      assert.equal(seconds / 2, http.backoff(n, 0))
    end
    assert.equal(8, http.backoff(1000000, 1))
  end)

  it("draws by itself within the same bounds", function()
    local seen, different = nil, false
    for _ = 1, 50 do
      local seconds = http.backoff(1)
      assert.is_true(seconds >= 0.25 and seconds <= 0.5)
      different = different or seen ~= nil and seen ~= seconds
      seen = seconds
    end
    assert.is_true(different)
  end)
end)

describe("http.retry_after", function()
  local function after(headers, now) return http.retry_after(headers, now) end

  it("reads seconds and milliseconds, milliseconds first", function()
    assert.equal(3, after { ["retry-after"] = "3" })
    assert.equal(1.5, after { ["retry-after"] = " 1.5 " })
    assert.equal(0.25, after { ["retry-after-ms"] = "250", ["retry-after"] = "9" })
    assert.equal(9, after { ["retry-after-ms"] = "soon", ["retry-after"] = "9" })
    assert.equal(0, after { ["retry-after"] = "0" })
  end)

  it("is nil for what is neither", function()
    for _, text in ipairs { "", "soon", "-1", "1e3", "0x10", "1 2", "nan", "inf", "99999999999999999999", "1s" } do
      assert.is_nil(after { ["retry-after"] = text })
    end
    assert.is_nil(after {})
  end)

  it("reads the three forms of an HTTP date", function()
    local now = 784111777 -- Sun, 06 Nov 1994 08:49:37 GMT
    for _, text in ipairs {
      "Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994",
    } do
      assert.equal(60, after({ ["retry-after"] = text }, now))
    end
    assert.equal(0, after({ ["retry-after"] = "Sun, 06 Nov 1994 08:48:37 GMT" }, now))
    assert.equal(86400, after({ ["retry-after"] = "Fri, 01 Mar 2024 00:00:00 GMT" }, 1709164800)) -- a leap day between
  end)

  it("counts a date from the answer's own Date", function()
    assert.equal(30, after { ["retry-after"] = "Fri, 20 Nov 2026 13:00:30 GMT", date = "Fri, 20 Nov 2026 13:00:00 GMT" })
  end)

  it("refuses dates that are none", function()
    for _, text in ipairs {
      "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST",
      "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x", "06 Nov 1994 08:49:37 GMT", "Sun,", "Sun",
    } do
      assert.is_nil(after({ ["retry-after"] = text }, 0))
    end
  end)
end)
