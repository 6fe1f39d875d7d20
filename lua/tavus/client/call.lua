--- One call: attempts and sleeps until there is an answer, the retries are
-- used up, or the deadline is near.
--
-- The same loop serves every host (tavus.host): it waits only through the
-- host's `perform` and `sleep`, and no pcall of its own lies around them, so
-- that a host may yield there.
--
-- A host is a table: `perform(engine, request)` returns when the request is
-- done (or an error table, when it turns out that it cannot wait here: the
-- request is cancelled then), `sleep(engine, seconds)` when the time is over; with `notify`
-- the engine reports finished requests by their ids. With `protect(fn, ...)` it
-- calls what submits a request and waits for it.

local core = require "tavus.core"
local http = require "tavus.http"
local errors = require "tavus.errors"
local failure = require "tavus.client.failure"
local hosts = require "tavus.host"
local log = require "tavus.log"
local redact = require "tavus.secret.redact"

local now, verdict_of = http.now, http.verdict
local max, min, huge = math.max, math.min, math.huge

local call = {}

--- Seconds, unless the call, the client or the contract says otherwise.
call.TIMEOUT = 30
call.DEADLINE = 60
--- How often a call is repeated by default.
call.RETRIES = 2

--- Methods that change nothing, where no contract says it.
call.reads = { GET = true, HEAD = true, OPTIONS = true }

-- The path as it is told: a query may hold what nobody else should read.
local function shown(path)
  return (path:match "^[^?#]*")
end
call.shown = shown

local function hook(client, name, facts)
  local ok, err = log.guarded(client["_" .. name], facts)
  if not ok then log.hook_failed(client, name, err) end
end

-- Answers of Tavus name no request; proxies before it do.
local function request_id(headers)
  return headers["x-request-id"] or headers["request-id"] or headers["x-amzn-requestid"]
    or headers["x-amzn-trace-id"] or headers["cf-ray"]
end
call.request_id = request_id

-- Seconds to sleep before retry n: the backoff, or what the server asks for
-- when that is longer.
local function pause_before(client, n, retry_after)
  local seconds
  if client._backoff then
    seconds = client._backoff(n)
    if type(seconds) ~= "number" or seconds ~= seconds then
      error("the option backoff must return a number of seconds, not " .. tostring(seconds), 0)
    end
  else
    seconds = http.backoff(n)
  end
  return max(seconds, retry_after or 0, 0)
end

-- What the parts of one call share. It is also the table of options of each
-- attempt: the engine reads the members that it knows.
---@class tavus.Calling
---@field client table
---@field host table       who waits
---@field engine userdata
---@field op table         an operation of the contract, or like one
---@field path string      with the query; `shown` for what is told
---@field body string|nil
---@field headers table|nil
---@field query table|nil
---@field given table|nil  the options of the call
---@field secrets string[]|nil
---@field may_repeat boolean
---@field notify boolean|nil
---@field without_key boolean|nil  the key stays here
---@field place string|nil  the path as it is told
---@field known string[]|nil  secrets that it has sent
---@field timeout number   seconds for this attempt
---@field deadline number  seconds left for the call
---@field started number   when it began
---@field ends number      when its deadline is
---@field attempts integer  how many went out, those counted that libcurl repeated by itself
---@field retried integer  how often it was begun again here
---@field doubtful boolean  an earlier try went out, of which no answer came, and may have done it
---@field asked table|nil   what the recording keeps of the request

-- The path as it is told of a call, without secrets: an id may be one by mistake.
local function place(calling)
  calling.place = calling.place or redact.text(calling.client._session, shown(calling.path), calling.secrets)
  return calling.place
end

-- What it has sent that is not to be shown.
local function known(calling)
  calling.known = calling.known or redact.sent(calling)
  return calling.known
end

-- Sleeps before the next attempt. Returns the seconds left for it, or nil, and
-- the seconds that were not slept when the deadline comes first.
local function rest(calling, result)
  local client, n = calling.client, calling.retried + 1
  local retry_after = result.headers and http.retry_after(result.headers)
  local pause = pause_before(client, n, retry_after)
  if now() + pause >= calling.ends then return nil, pause < huge and pause or retry_after end
  local status = result.outcome == "answer" and result.status or nil
  local method, path = calling.op.method, place(calling)
  if client._log then
    log.write(client._log, "info", ("%s %s: %s, retry %d in %.6g s"):format(method, path,
      status and "status " .. status or result.outcome, n, pause))
  end
  if client._on_retry then
    hook(client, "on_retry", {
      method = method, path = path, retry = n, delay = pause, retry_after = retry_after,
      status = status, outcome = result.outcome, attempts = calling.attempts,
    })
  end
  if pause > 0 then calling.host.sleep(calling.engine, pause) end
  local left = calling.ends - now()
  if left > 0 then return left end
  return nil
end

--- The error of a call on a closed client.
---@return tavus.Error
function call.closed()
  return errors.new { type = "config", code = "closed", message = "the client is closed",
    hint = "make a new one with tavus.new" }
end

--- The body of an answer, also of one that was read from where it lay.
---@param result table
---@return string|nil
function call.body(result)
  return result.body or result.request:body()
end

-- Before an attempt.
local function tell_request(calling)
  local client, method, number = calling.client, calling.op.method, calling.retried + 1
  if client._on_request then
    hook(client, "on_request", {
      method = method, path = place(calling), attempt = number, timeout = calling.timeout,
    })
  end
  if client._log then
    log.write(client._log, "debug", ("%s %s: attempt %d, at most %.6g s"):format(method, place(calling), number, calling.timeout))
  end
  if client._record and not calling.asked then
    calling.asked = client._record:asked(client, calling)
  end
end

-- After it.
local function tell_response(calling, result)
  local client, number = calling.client, calling.retried + 1
  if calling.asked then client._record:answered(client, calling.asked, result, number) end
  if not client._on_response then return end
  local id = result.headers and request_id(result.headers)
  if id then id = redact.text(client._session, id, known(calling)) end
  hook(client, "on_response", {
    method = calling.op.method, path = place(calling), attempt = number, outcome = result.outcome,
    status = result.outcome == "answer" and result.status or nil, elapsed_ms = result.elapsed_ms, request_id = id,
  })
end

local function log_end(calling, status, elapsed_ms, remark)
  local where = calling.client._log
  if not where then return end
  log.write(where, "info", ("%s %s: %d in %.0f ms%s"):format(calling.op.method, place(calling), status, elapsed_ms, remark))
end

-- Says in an error which call it is of.
local function signed(calling, err)
  err.method, err.path = calling.op.method, place(calling)
  err.attempts, err.elapsed_ms = calling.attempts, (now() - calling.started) * 1000
  return err
end

-- The error of an attempt that could not be made, or not be waited for.
local function not_made(calling, err)
  err.ambiguous = calling.doubtful and not calling.op.reads
  return nil, signed(calling, err)
end

-- Makes one attempt.
---@return table|nil result
---@return tavus.Error|nil where nothing could be asked
local function attempt(calling)
  local client, engine, op = calling.client, calling.engine, calling.op
  if client._watched then tell_request(calling) end
  local request, refused = engine:submit(client._session, op.method, calling.path, calling)
  if not request then
    -- A hook may have closed the client meanwhile.
    return not_made(calling, client._closed and call.closed()
      or errors.new { type = "config", message = redact.text(client._session, refused, known(calling)) })
  end
  local cannot_wait = calling.host.perform(engine, request)
  if cannot_wait then
    -- Mostly nothing was sent: that comes with the first step.
    request:cancel()
    local sent = request:take().sent
    calling.attempts, calling.doubtful = calling.attempts + sent, calling.doubtful or sent > 0
    return not_made(calling, cannot_wait)
  end
  local result = request:take(op.answers ~= "nothing" and core.reader)
  if not result then
    -- The host gave up before the request was done.
    request:cancel()
    result = request:take()
  end
  result.request = request
  calling.attempts = calling.attempts + max(1, result.sent)
  if client._watched then tell_response(calling, result) end
  return result
end

-- The error of an attempt after which there is no other.
local function failed(calling, result, verdict)
  local session, secrets = calling.client._session, known(calling)
  local err
  local doubtful = false
  if result.outcome == "answer" then
    err = failure.of_answer(session, result, secrets)
    err.request_id = request_id(err.headers)
  else
    err = failure.of_outcome(session, result, secrets)
    local status = (result.outcome == "too_large" or result.outcome == "garbled") and result.status or 0
    if calling.op.reads then status = 0 end
    if status >= 200 and status < 300 then err.hint = failure.look_first(status) end
    doubtful = status >= 100 and status < 200 -- nobody knows what the final answer was
  end
  err.retryable = verdict == "retry"
  err.ambiguous = verdict == "ambiguous" or doubtful
  err.retry_after = result.headers and http.retry_after(result.headers)
  return signed(calling, err)
end

-- Says so in the error where it was the deadline that ended the call.
local function blame_deadline(calling, err, result, late, timeout)
  local deadline = calling.ends - calling.started
  if result.outcome == "timeout" and (calling.deadline < timeout or late) then
    err.message = ("the deadline of %g s came before an answer"):format(deadline)
  elseif late and result.outcome == "not_sent" and result.elapsed_ms == 0 then
    err.type, err.hint = "timeout", "a longer deadline, or fewer calls at a time (client:map)"
    err.message = ("the deadline of %g s came while the call waited in line; nothing was sent"):format(deadline)
  end
end

-- May an earlier try, of which no answer came, have done it?
local function in_doubt(calling, result) return calling.doubtful or result.sent > 1 end

-- Does an answer mean that an earlier try has done what this one was to do?
local function says_done(op, result)
  if not op.done then return false end
  local kind = failure.classify(result.status, (failure.message(result.status, call.body(result) or "", result.headers)))
  for _, done in ipairs(op.done) do
    if done == kind then return true end
  end
  return false
end

-- The verdict on an answer, where the operation has one of its own.
local function exception_of(op, result)
  for _, exception in ipairs(op.exceptions or {}) do
    if exception.status == result.status then
      if not exception.text then return exception.verdict end
      local message = failure.message(result.status, call.body(result) or "", result.headers)
      if message:lower():find(exception.text:lower(), 1, true) then return exception.verdict end
    end
  end
  return nil
end

local DOUBT = "an earlier try, of which no answer came, may have done it"

-- Ends a call whose last attempt was no success.
local function give_up(calling, result, err)
  local method = calling.op.method
  -- A refusal now says nothing about an earlier try. A 400 may even be its effect: Tavus refuses what is over or gone with
  -- the same status as a mistake, so the hint for a mistake would mislead.
  if in_doubt(calling, result) and not err.retryable and not err.ambiguous and not calling.op.reads then
    err.ambiguous = true
    err.hint = err.hint and err.status ~= 400 and err.hint .. "; " .. DOUBT or DOUBT
  end
  local where = calling.client._log
  if where then log.write(where, "error", ("%s %s: %s: %s"):format(method, err.path, err.type, err.message)) end
  return nil, err
end

--- Makes one call.
---@param client table the client
---@param op table an operation of the contract, or like one
---@param path string ids percent-encoded
---@param body string|nil
---@param given table|nil checked options of the call
---@param may_repeat boolean doing it twice does what doing it once does
---@param secrets string[]|nil secrets in the body
---@return table|nil result the request's result, and the request, to be forgotten: 2xx, 304, or the error by which a repeat says that an earlier try did it
---@return integer|tavus.Error attempts
---@return number|nil elapsed_ms
---@return boolean|nil doubtful an earlier try went out, of which no answer came, and may have done it
function call.run(client, op, path, body, given, may_repeat, secrets)
  if client._closed then return nil, call.closed() end
  local host, nowhere = hosts.current()
  if not host then return nil, nowhere end
  local timeout = given and given.timeout or client._timeout or op.timeout or call.TIMEOUT
  local deadline = given and given.deadline or client._deadline or max(op.deadline or call.DEADLINE, timeout)
  local retries = given and given.retries or client._retries
  local engine, no_engine = hosts.engine()
  if not engine then return nil, no_engine end
  local method, started = op.method, now()
  local calling = {
    client = client, host = host, engine = engine, op = op, path = path, body = body, secrets = secrets, may_repeat = may_repeat,
    notify = host.notify, timeout = timeout, deadline = deadline, started = started, ends = started + deadline,
    attempts = 0, retried = 0, doubtful = false, without_key = op.without_key,
  }
  if given then calling.given, calling.headers, calling.query = given, given.headers, given.query end

  while true do
    calling.timeout = min(timeout, calling.deadline)
    local result, err
    if host.protect then result, err = host.protect(attempt, calling) else result, err = attempt(calling) end
    if not result then return nil, err end
    local outcome, status = result.outcome, result.status
    if outcome == "answer" and ((status >= 200 and status < 300) or status == 304) then
      local elapsed = (now() - started) * 1000
      if client._watched then log_end(calling, status, elapsed, "") end
      return result, calling.attempts, elapsed, in_doubt(calling, result)
    end

    local own = outcome == "answer" and exception_of(op, result)
    if outcome == "answer" and in_doubt(calling, result) and says_done(op, result) then
      local elapsed = (now() - started) * 1000
      log_end(calling, status, elapsed, ", an earlier try had done it")
      return result, calling.attempts, elapsed, true
    end
    local verdict = own or verdict_of(method, outcome, status or 0, may_repeat)
    if outcome == "cancelled" and result.sent > 0 and not may_repeat then verdict = "ambiguous" end
    local late = outcome ~= "answer" and now() >= calling.ends
    local left, unslept
    if verdict == "retry" and calling.retried < retries and not late then left, unslept = rest(calling, result) end
    if not left then
      err = failed(calling, result, verdict)
      err.retry_after = unslept or err.retry_after
      blame_deadline(calling, err, result, late, timeout)
      return give_up(calling, result, err)
    end
    -- (sent > 1: libcurl sent it before, and that try had no answer.)
    local undone = outcome == "not_sent" or status == 429 or own == "retry"
    calling.doubtful = calling.doubtful or result.sent > 1 or not undone
    calling.deadline, calling.retried = left, calling.retried + 1
  end
end

return call
