--- The operations on `/v2/documents` that are special: crawling, its quota, and reading a
-- site again. generic.lua serves the others and says what a handler is.

local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local habits = require "tavus.sandbox.habits"
local reply = require "tavus.sandbox.reply"
local states = require "tavus.sandbox.states"
local views = require "tavus.sandbox.views"

local documents = {}

-- Seconds until a site may be read again.
local COOLDOWN = 3600

local function is_crawled(row) return views.is_object(row.crawl_config) end

local function crawled(rows)
  local count = 0
  for n = 1, rows.count do
    if is_crawled((rows:newest(n))) then count = count + 1 end
  end
  return count
end

function documents.create(context, call)
  local body = call.body
  local limit = context.settings.crawl_quota
  if views.is_object(body.crawl) and limit > 0 and crawled(call.rows) >= limit then
    return reply.failure(429, "error", ("Crawl document limit reached (%d). Contact support@tavus.io"):format(limit))
  end
  body.crawl_config, body.crawl = body.crawl or core.null, nil
  return generic.answer(context, call)
end

function documents.recrawl(context, call)
  local row, now = call.row, context.clock:now()
  if not is_crawled(row) then
    return reply.failure(400, "error", "Document was not created with crawl configuration")
  end
  if row.status ~= "ready" and row.status ~= "error" then
    local text = "Document must be in 'ready' or 'error' state to recrawl, current status: " .. tostring(row.status)
    return reply.failure(409, "error", text)
  end
  local left = (context.habits.crawled[call.ids[1]] or -COOLDOWN) + COOLDOWN - now
  if left > 0 then
    return reply.failure(429, "error",
      ("Recrawl cooldown: please wait %d minutes before recrawling this document."):format(math.ceil(left / 60)))
  end
  context.habits.crawled[call.ids[1]] = now
  local count = type(row.crawl_count) == "number" and row.crawl_count or 0
  row = views.copy(row, { crawl_count = count + 1, last_crawled_at = habits.timestamp(context) })
  states.begin(context, call.resource, row, "recrawling")
  call.rows:put(call.ids[1], row)
  return reply.json(202, row)
end

return documents
