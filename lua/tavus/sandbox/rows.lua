--- Rows of single resources, as data: what a new row has that its body does not, and
-- which members an operation answers with, where it is not the whole row.

local core = require "tavus.core"

local rows = {}

local null = core.null

--- Members of a new row, by the names of resources; %s in a text is its id.
---@type table<string, table<string, any>>
rows.filled = {
  deployment = {
    status = "active", customization = core.object {}, limits = core.object {}, allowed_origins = core.array {},
    usage_total = 0, usage_today = 0,
  },
  document = {
    document_name = "Document %s", tags = core.array {},
    crawled_urls = null, last_crawled_at = null, crawl_count = null,
  },
  replica = { replica_type = "user", model_name = "phoenix-4", default_voice_id = null, original_voice_id = null },
  video = { hosted_url = "https://videos.example.com/watch/%s" },
  voice = { voice_type = "user", description = null, tags = core.array {} },
}

--- Members that a GET has only with `?verbose=true`, by the names of resources and operations.
---@type table<string, table<string, string[]>>
rows.verbose = {
  replica = { get = { "replica_type" }, list = { "replica_type" } },
  video = { get = { "still_image_thumbnail_url", "gif_thumbnail_url" } },
}

--- Members that count the items of others, by the names of resources.
---@type table<string, table<string, string>>
rows.counted = { pronunciation_dictionary = { rules_count = "rules" } }

--- Resources whose read-only fields a patch may name, without an effect.
---@type table<string, boolean>
rows.ignores_read_only = { pronunciation_dictionary = true }

--- Resources whose lists echo `page` and `limit`.
---@type table<string, boolean>
rows.echoed = { deployment = true, document = true, pronunciation_dictionary = true, voice = true }

--- The style of times, by the names of resources; the others have that of the switch `timestamps`.
---@type table<string, "no_zone"|"rfc1123">
rows.times = { registered_tool = "no_zone", video = "rfc1123", voice = "no_zone" }

--- The member and the beginning of a 400 for a body that does not fit, by kinds; the others have Tavus' schema text.
---@type table<string, string[]>
rows.unfit = {
  document = { "error", "Invalid request: " }, document_patch = { "error", "Invalid request: " },
  guardrail = { "message", "" }, objectives = { "message", "" },
  pronunciation_dictionary = { "error", "Invalid request: " },
}

--- The message that a PATCH is answered with instead of the row, by the names of resources.
---@type table<string, string>
rows.messages = {
  guardrail = "Guardrails updated successfully", objective_set = "Objectives updated successfully",
}

--- The forms of ids, by the names of resources: what they begin with, and how many hex digits follow, if not 12. The
--- others begin with the letter of the resource.
---@type table<string, { [1]: string, [2]: integer? }>
rows.ids = {
  conversation = { "c", 15 }, document = { "d1-" }, lipsync = { "w" }, persona = { "p", 11 },
  pronunciation_dictionary = { "pd_" }, registered_tool = { "t" }, replacement = { "w" },
}

--- The members that an operation answers with, by the names of resources and operations.
---@type table<string, table<string, string[]>>
rows.answered = {
  pronunciation_dictionary = {
    list = { "pronunciation_dictionary_id", "name", "rules_count", "created_at", "updated_at" },
  },
  lipsync = { create = { "lipsync_id", "lipsync_name", "status", "callback_url", "created_at" } },
  replacement = { create = { "replacement_id", "replacement_name", "status", "created_at" } },
  replica = {
    create = { "replica_id", "status" },
    patch = { "replica_id", "replica_name", "default_voice_id", "original_voice_id" },
  },
  transcription = { create = { "transcription_id", "status", "callback_url" } },
  video = { create = { "video_id", "video_name", "status", "hosted_url", "created_at" } },
}

--- The member and the text (%s is the id) of the 404 for an unknown id, by the names of ids; the others have a 400.
---@type table<string, string[]>
rows.missing = {
  deployment_id = { "error", "Deployment not found" },
  document_id = { "message", "Document not found" },
  memory_id = { "error", "Memory not found" },
  memory_store_id = { "error", "Memory store not found" },
  pronunciation_dictionary_id = { "message", "Pronunciation dictionary not found" },
  skill_id = { "error", "Unknown skill '%s'" },
  voice_id = { "error", "Voice not found" },
}

--- Resources whose lists begin with the oldest row, if the query has no `sort`.
---@type table<string, boolean>
rows.oldest_first = { document = true, voice = true }

---@class tavus.sandbox.BelowHabits
---@field most integer?     how many there may be
---@field missing table?    the answer about what is not there: status, member, text; `unknown`: not for an unknown id
---@field shape string?     the switch that names the member with the items of a list
---@field stamped boolean?  items have `attached_at` and `updated_at`
---@field lacking string?   the switch that names what the account lacks
---@field config table<string, table<string, boolean>>?  members of `config` by id, and whether they are required
---@field whole string?     the member of `config` that a merge replaces
---@field put_wrapped boolean?  a PUT answers with them in `data`

--- Items below a row, by their names in the path.
---@type table<string, tavus.sandbox.BelowHabits>
rows.below = {
  tools = { most = 50, missing = { 400, "error", "Tool not attached to this PAL" }, shape = "attached_tools" },
  skills = {
    missing = { 404, "error", "The skill is not attached to this PAL", unknown = true },
    stamped = true, lacking = "missing_skill", whole = "components", put_wrapped = true,
    config = {
      internet_search = {},
      presentation = { document_ids = true, slides_trigger = false, prompt = false },
      magic_canvas = { components = false, usage_guidance = false },
    },
  },
}

--- The stock rows, which can be read and not changed, by the names of resources.
---@type table<string, table[]>
rows.stock = {
  replica = {},
  skill = {},
}

for _, id in ipairs { "internet_search", "presentation", "magic_canvas" } do
  table.insert(rows.stock.skill, { skill_id = id })
end

for id, name in pairs { r79e1c033f = "Sandbox Face Ann", r90bbd427f71 = "Sandbox Face Ben" } do
  table.insert(rows.stock.replica, {
    replica_id = id, replica_name = name, replica_type = "system", status = "completed", training_progress = "100/100",
    model_name = "phoenix-4", default_voice_id = null, original_voice_id = null, error_message = null,
    created_at = "2026-02-12T09:30:00.000000Z", updated_at = "2026-02-12T09:30:00.000000Z",
    thumbnail_video_url = "https://videos.example.com/" .. id .. ".mp4",
  })
end
table.sort(rows.stock.replica, function(a, b) return a.replica_id > b.replica_id end)

return rows
