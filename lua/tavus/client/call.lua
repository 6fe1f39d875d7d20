--- One call: attempts and pauses until there is an answer, the retries are used up, or the deadline is near.
--
-- `call.new` makes the record of a call; `answer`, this module and `failure` pass it on. The loop in `call.run` serves
-- every host (tavus.host). It waits only through the host's `perform` and `sleep`, outside of any pcall of its own, so
-- that a host may yield there.

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

--- Seconds of an attempt and of a whole call, unless the call, the client or the contract sets others.
call.TIMEOUT = 30
call.DEADLINE = 60
--- How often a call is repeated by default.
call.RETRIES = 2

--- Methods that change nothing; for calls without an operation of the contract.
call.reads = { GET = true, HEAD = true, OPTIONS = true }

--- The record of one call. It is also the table of options of each attempt: the engine reads the members it knows.
---@class tavus.Calling
---@field client table
---@field op table the operation of the contract, or a table like one
---@field path string with the query; errors, hooks and the log show it without
---@field body string?
---@field headers table?
---@field query table?
---@field without_key boolean? the key is not sent
---@field may_repeat boolean? repeating the request has the same effect as sending it once
---@field settled (fun(calling: tavus.Calling): boolean)? asks whether nothing was left to do, after an unclear refusal
---@field secrets string[]? secrets in the body
---@field title string? the method's name for messages, where it is not the operation's
---@field beside table? a value that is not sent, and whose secrets are hidden, too
---@field warnings tavus.Issue[]? what the check found doubtful in the body
---@field place string? the path as it is shown
---@field known string[]? secrets that the call has sent
---@field host table? what waits (tavus.host); that of the place of the call by default
---@field engine userdata?
---@field notify boolean?
---@field asked table? what the recording keeps of the request
---@field per_attempt number seconds that an attempt may take
---@field timeout number seconds of this attempt: per_attempt, or less when the deadline is near
---@field deadline number seconds left for the call
---@field started number when the call began
---@field ends number when its deadline is reached
---@field retries integer how often it may be repeated
---@field retried integer how often it was repeated here
---@field attempts integer how often it was sent, repeats by libcurl included
---@field doubtful boolean an earlier attempt got no answer and may have taken effect
---@field elapsed_ms number? set when the call succeeded

--- Makes the record of a call. The caller sets `may_repeat`, `secrets` and `warnings`.
---@param client table
---@param op table the operation of the contract, or a table like one
---@param path string ids in it are percent-encoded
---@param body string?
---@param given table? options of the call, checked
---@return tavus.Calling
function call.new(client, op, path, body, given)
  local timeout = given and given.timeout or client._timeout or op.timeout or call.TIMEOUT
  local deadline = given and given.deadline or client._deadline or max(op.deadline or call.DEADLINE, timeout)
  local started = now()
  -- Lua makes room for 32 members of a constructor with more than 16, so that the later ones do not grow the table.
  return {
    client = client, op = op, path = path, body = body,
    headers = given and given.headers, query = given and given.query, without_key = op.without_key,
    may_repeat = false,
    per_attempt = timeout, timeout = timeout, deadline = deadline, started = started, ends = started + deadline,
    retries = given and given.retries or client._retries, retried = 0, attempts = 0, doubtful = false,
  }
end

--- The path as it is shown: without its query and without secrets, which an id may be by mistake.
---@param calling tavus.Calling
---@return string
local function place(calling)
  calling.place = calling.place
    or redact.text(calling.client._session, calling.path:match "^[^?#]*", calling.secrets)
  return calling.place
end
call.place = place

--- Secrets that the call has sent.
---@param calling tavus.Calling
---@return string[]
local function known(calling)
  calling.known = calling.known or redact.sent(calling)
  return calling.known
end
call.known = known

local function hook(client, name, facts)
  local ok, err = log.guarded(client["_" .. name], facts)
  if not ok then log.hook_failed(client, name, err) end
end

--- The id that a server or a proxy gave the request; Tavus itself sends none.
---@param headers table<string, string>
---@return string?
local function request_id(headers)
  return headers["x-request-id"] or headers["request-id"] or headers["x-amzn-requestid"]
    or headers["x-amzn-trace-id"] or headers["cf-ray"]
end
call.request_id = request_id

--- Writes into an error which call it belongs to. Every error of a call is signed once, before it is returned.
---@param calling tavus.Calling
---@param err tavus.Error
---@return tavus.Error err
function call.sign(calling, err)
  err.method, err.path = calling.op.method, place(calling)
  err.attempts, err.elapsed_ms = calling.attempts, (now() - calling.started) * 1000
  err.request_id = err.headers and request_id(err.headers)
  return err
end

-- Seconds to sleep before retry n: the backoff, or what the server asks for when that is longer.
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

-- Sleeps before the next attempt. Returns the seconds left for it. Returns nil when the deadline comes first, and the
-- pause that was due when it was not begun.
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

--- The body of an answer, also when it was decoded without becoming a string.
---@param result table
---@return string?
function call.body(result)
  return result.body or result.request:body()
end

-- Tells the hook, the log and the recording of an attempt that begins.
local function tell_request(calling)
  local client, method, number = calling.client, calling.op.method, calling.retried + 1
  local path = place(calling)
  if client._on_request then
    hook(client, "on_request", { method = method, path = path, attempt = number, timeout = calling.timeout })
  end
  if client._log then
    log.write(client._log, "debug", ("%s %s: attempt %d, at most %.6g s"):format(method, path, number, calling.timeout))
  end
  if client._record and not calling.asked then
    calling.asked = client._record:asked(client, calling)
  end
end

-- Tells the recording and the hook of an attempt that ended.
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

-- The error of an attempt that could not be submitted, or not be waited for.
local function not_made(calling, err)
  err.ambiguous = calling.doubtful and not calling.op.reads
  return nil, err
end

-- Makes one attempt.
---@param calling tavus.Calling
---@return table? result
---@return tavus.Error? err why nothing could be sent or awaited
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
    -- In most cases nothing was sent yet: the engine sends with its first step.
    request:cancel()
    local sent = request:take().sent
    calling.attempts, calling.doubtful = calling.attempts + sent, calling.doubtful or sent > 0
    return not_made(calling, cannot_wait)
  end
  local result = request:take(op.answers ~= "nothing" and core.reader)
  if not result then
    -- The host returned before the request was done.
    request:cancel()
    result = request:take()
  end
  result.request = request
  calling.attempts = calling.attempts + max(1, result.sent)
  if client._watched then tell_response(calling, result) end
  return result
end

-- The error of the last attempt.
local function failed(calling, result, verdict)
  local session, secrets = calling.client._session, known(calling)
  local err
  local doubtful = false
  if result.outcome == "answer" then
    err = failure.of_answer(session, result, secrets)
  else
    err = failure.of_outcome(session, result, secrets)
    local status = (result.outcome == "too_large" or result.outcome == "garbled") and result.status or 0
    if calling.op.reads then status = 0 end
    if status >= 200 and status < 300 then err.hint = failure.look_first(status) end
    doubtful = status >= 100 and status < 200 -- the final answer never came
  end
  err.retryable = verdict == "retry"
  err.ambiguous = verdict == "ambiguous" or doubtful
  err.retry_after = result.headers and http.retry_after(result.headers)
  return err
end

-- Names the deadline in the error when it ended the call.
local function blame_deadline(calling, err, result, late)
  local deadline = calling.ends - calling.started
  if result.outcome == "timeout" and (calling.deadline < calling.per_attempt or late) then
    err.message = ("the deadline of %g s came before an answer"):format(deadline)
  elseif late and result.outcome == "not_sent" and result.elapsed_ms == 0 then
    err.type, err.hint = "timeout", "a longer deadline, or fewer calls at a time (client:map)"
    err.message = ("the deadline of %g s came while the call waited in line; nothing was sent"):format(deadline)
  end
end

-- Whether an earlier attempt without an answer may have taken effect. libcurl may have sent this attempt twice, too.
local function in_doubt(calling, result) return calling.doubtful or result.sent > 1 end

local function is_in(list, kind, code)
  for _, name in ipairs(list or {}) do
    if name == kind or name == code then return true end
  end
  return false
end

-- What an error answer means to an operation that may find nothing left to do: a remark for the log, or nil when it is
-- an error.
local function nothing_left(calling, result)
  local op, status = calling.op, result.status
  local done = in_doubt(calling, result) and op.done or nil
  if not (done or op.already) then return nil end
  local message = failure.message(status, call.body(result) or "", result.headers)
  local kind, _, code = failure.classify(status, message)
  if is_in(done, kind, code) then return ", an earlier attempt had done it" end
  if is_in(op.already, kind, code) then return ", nothing was left to do" end
  local unclear = calling.settled and (status == 400 or status == 404)
  return unclear and calling:settled() and ", nothing was left to do" or nil
end

-- The operation's own verdict on an answer, or nil.
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

local DOUBT = "an earlier attempt without an answer may have done it"

-- The error that ends a call after its last attempt.
local function give_up(calling, result, verdict, late)
  local err = failed(calling, result, verdict)
  blame_deadline(calling, err, result, late)
  -- A refusal does not tell whether an earlier attempt took effect. A 400 may even be the consequence of that attempt
  -- (Tavus answers 400 for what has ended or is gone), so the hint for a mistake in the body would mislead.
  if in_doubt(calling, result) and not err.retryable and not err.ambiguous and not calling.op.reads then
    err.ambiguous = true
    err.hint = err.hint and err.status ~= 400 and err.hint .. "; " .. DOUBT or DOUBT
  end
  if calling.client._log then
    log.write(calling.client._log, "error",
      ("%s %s: %s: %s"):format(calling.op.method, place(calling), err.type, err.message))
  end
  return err
end

-- Ends a call that succeeded.
local function finish(calling, result, remark)
  calling.doubtful = in_doubt(calling, result)
  calling.elapsed_ms = (now() - calling.started) * 1000
  local client = calling.client
  if client._log then
    log.write(client._log, "info", ("%s %s: %d in %.0f ms%s"):format(calling.op.method, place(calling),
      result.status, calling.elapsed_ms, remark))
  end
  return result
end

-- Prepares the next attempt after one that did not succeed: sleeps, and notes what is left.
---@return tavus.Error? err when there is no next attempt
local function prepare_next(calling, result)
  local outcome, status = result.outcome, result.status
  local own = outcome == "answer" and exception_of(calling.op, result)
  local verdict = own or verdict_of(calling.op.method, outcome, status or 0, calling.may_repeat)
  if outcome == "cancelled" and result.sent > 0 and not calling.may_repeat then verdict = "ambiguous" end
  local late = outcome ~= "answer" and now() >= calling.ends
  local left, unslept
  if verdict == "retry" and calling.retried < calling.retries and not late then
    left, unslept = rest(calling, result)
  end
  if not left then
    local err = give_up(calling, result, verdict, late)
    err.retry_after = unslept or err.retry_after
    return err
  end
  local undone = outcome == "not_sent" or status == 429 or own == "retry"
  calling.doubtful = in_doubt(calling, result) or not undone
  calling.deadline, calling.retried = left, calling.retried + 1
  return nil
end

--- Makes one call. Afterwards the record tells attempts, elapsed_ms and doubtful.
---@param calling tavus.Calling
---@return table? result the last attempt's, with `request`, which the caller must forget. Its status is 2xx, 304, or an
--- error that says that nothing was left to do.
---@return tavus.Error? err not signed yet
function call.run(calling)
  if calling.client._closed then return nil, call.closed() end
  local host, nowhere = calling.host, nil
  if not host then host, nowhere = hosts.current() end
  if not host then return nil, nowhere end
  local engine, no_engine = hosts.engine()
  if not engine then return nil, no_engine end
  calling.host, calling.engine, calling.notify = host, engine, host.notify
  while true do
    calling.timeout = min(calling.per_attempt, calling.deadline)
    local result, err
    if host.protect then result, err = host.protect(attempt, calling) else result, err = attempt(calling) end
    if not result then return nil, err end
    if result.outcome == "answer" then
      local status = result.status
      if (status >= 200 and status < 300) or status == 304 then return finish(calling, result, "") end
      local remark = nothing_left(calling, result)
      if remark then return finish(calling, result, remark) end
    end
    err = prepare_next(calling, result)
    if err then return nil, err end
  end
end

return call
