--- `tavus-lua doctor`: checks what a call needs, one after the other, and says what is wrong and what to do.

local library = require "tavus.client.library"
local status = require "tavus.cli.status"
local version = require "tavus.version"

local doctor = {}

-- Seconds that the clock of this machine may be wrong.
local CLOCK = 60
-- The library works with older ones, with fewer reused connections.
local GOOD_LIBCURL = { 7, 80 }

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11,
  Dec = 12 }

-- Seconds since 1970 of a date of HTTP, or nil.
local function seconds_of(date)
  local day, month, year, hour, minute, second = (date or ""):match "(%d+) (%a+) (%d+) (%d+):(%d+):(%d+)"
  if not MONTHS[month] then return nil end
  local y, m = tonumber(year), MONTHS[month]
  if m <= 2 then y, m = y - 1, m + 12 end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * (m - 3) + 2) / 5) + tonumber(day) - 719469
  return ((days * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end

local function check_library(report)
  local curl = library()
  local major, minor = curl.version:match "^(%d+)%.(%d+)"
  local old = tonumber(major) < GOOD_LIBCURL[1]
    or tonumber(major) == GOOD_LIBCURL[1] and tonumber(minor) < GOOD_LIBCURL[2]
  local features = {}
  for name in pairs(curl.features) do features[#features + 1] = name end
  table.sort(features)
  local text = ("libcurl %s, %s (%s)"):format(curl.version, curl.tls or "no TLS", table.concat(features, ", "))
  if not curl.tls then return report("libcurl", "bad", text, "install a libcurl with TLS, and build tavus again") end
  report("libcurl", old and "doubtful" or "good", text, old and "7.80 or newer reuses more connections" or nil)
end

local function check_key(report)
  local key = os.getenv "TAVUS_API_KEY"
  if key and key:find "^%s*$" then key = nil end
  if not key then
    report("key", "bad", "TAVUS_API_KEY is not set",
      "export TAVUS_API_KEY=...; keys are made in the Tavus developer portal")
  elseif key:find "%s" or key:find "^[\"']" then
    report("key", "bad", "TAVUS_API_KEY has blanks or quotes in it", "set it to the key alone")
    return nil
  end
  return key
end

local function check_clock(report, headers)
  local theirs = seconds_of(headers and headers.date)
  if not theirs then return end
  local off = os.time() - theirs
  if math.abs(off) <= CLOCK then return report("clock", "good", "agrees with the server's") end
  report("clock", "bad", ("is %d s %s"):format(math.abs(off), off > 0 and "ahead" or "behind"),
    "set the clock: certificates and signatures depend on it")
end

-- What an error without an answer is about, by libcurl's names.
local function place_of(err)
  local code = (err.code or ""):lower()
  if code:find "resolve" then return "dns", "check the name in TAVUS_BASE_URL, and the resolver of this machine" end
  if code:find "ssl" or code:find "tls" or code:find "peer" or code:find "cert" then
    return "tls", "check the clock, the package ca-certificates, and CURL_CA_BUNDLE or SSL_CERT_FILE"
  end
  return "connection", "check the network, the proxy (https_proxy) and TAVUS_BASE_URL"
end

-- One call that only reads.
local function check_call(report, key)
  local client, err = require("tavus.client").new { api_key = not key and "none" or nil, retries = 0, log = false,
    timeout = 15 }
  if not client then
    local is_trust = err.code == "CURL_CA_BUNDLE" or (err.code or ""):find "^SSL_CERT"
    return report(is_trust and "certificates" or "settings", "bad", err.message, err.hint)
  end
  local address = tostring(client):gsub("^tavus.client: ", "")
  local list, about = client.personas:list { limit = 1 }
  client:close()
  if not list and not about.status then
    local place, hint = place_of(about)
    return report(place, "bad", about.message, hint)
  end
  report("connection", "good", address .. (address:find "^https:" and " (DNS, TLS and certificates)" or ""))
  check_clock(report, about.headers)
  if list then
    if key then report("key", "good", "is accepted") end
  elseif key or about.type ~= "auth" then
    local about_key = about.type == "auth" or about.type == "permission" or about.type == "payment"
    report(about_key and "key" or "call", "bad", about.message, about.hint)
  end
end

--- Runs the checks.
---@param its tavus.Context
---@return integer status
function doctor.run(its)
  local out, worst = its.out, status.DONE
  local colors = { good = "green", doubtful = "yellow", bad = "red" }
  local function report(what, verdict, text, hint)
    if verdict == "bad" and worst == status.DONE then worst = what == "key" and status.ACCOUNT or status.ERROR end
    if out.json then return out:object { check = what, verdict = verdict, message = text, hint = hint } end
    out:line(("%-8s  %-12s  %s"):format(verdict, what, text), colors[verdict])
    if hint then out:line(("%24s%s"):format("", hint)) end
  end
  local jit = rawget(_G, "jit")
  report("program", "good", ("tavus %s, %s"):format(version, jit and jit.version or _VERSION))
  check_library(report)
  check_call(report, check_key(report))
  return worst
end

return doctor
