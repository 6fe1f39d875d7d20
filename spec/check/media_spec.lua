-- What the check says of bodies for replicas, voices, videos, deployments, memory stores and the four that are passed
-- through: what the server refuses is an error that names the place, everything else a warning at most.
local core = require "tavus.core"

local VIDEO, IMAGE = "https://media.example.com/a.mp4", "https://media.example.com/a.png"

-- The issues of a value, as "error /path code", sorted.
local function issues_of(kind, value)
  local _, list = core.validate(kind, value)
  local found = {}
  for i, issue in ipairs(list) do found[i] = ("%s %s %s"):format(issue.severity, issue.path, issue.code) end
  table.sort(found)
  return found
end

local RENAMED = "warning  rule" -- of the root: names of both paths

local cases = {
  replica = {
    { "from a video", { train_video_url = VIDEO, replica_name = "Ann" } },
    { "from an image with a stock voice", { train_image_url = IMAGE, voice_name = "Anna", auto_fix_training_image = true } },
    { "from an image with a voice of Tavus", { train_image_url = IMAGE, default_voice_id = "v97f5402513a0" } },
    { "from nothing", { replica_name = "Ann" }, "error /train_video_url required" },
    { "from an empty text", { train_video_url = "" }, "error /train_video_url required" },
    { "from both", { train_video_url = VIDEO, train_image_url = IMAGE, voice_name = "anna" }, "error /train_image_url rule" },
    { "from an image without a voice", { train_image_url = IMAGE }, "error /voice_name required" },
    { "of wrong types", { train_video_url = VIDEO, auto_fix_training_image = "true", properties = { background_green_screen = "no" } },
      "error /auto_fix_training_image type", "error /properties/background_green_screen type" },
    { "with a consent apart", { train_video_url = VIDEO, consent_video_url = VIDEO }, "warning /consent_video_url deprecated" },
    { "of an unknown model", { train_video_url = VIDEO, model_name = "phoenix-9" }, "warning /model_name choice" },
    { "under a newer name", { train_video_url = VIDEO, face_name = "Ann" }, "warning /face_name renamed" },
    { "under both names", { train_video_url = VIDEO, face_name = "Ann", replica_name = "Ann" }, "warning /face_name renamed", RENAMED },
  },
  face = {
    { "under its newer name", { train_video_url = VIDEO, face_name = "Ann", model_name = "phoenix-4.5" } },
    { "from nothing", { face_name = "Ann" }, "error /train_video_url required" },
  },
  replica_patch = {
    { "of the name and the voice", { face_name = "Ann", default_voice_id = "v1" } },
    { "of the older name", { replica_name = "Ann" }, "warning /replica_name renamed" },
    { "to null", { face_name = core.null }, "error /face_name value" },
    { "to blanks", { face_name = " \t" }, "error /face_name value" },
    { "of what cannot be changed", { train_video_url = VIDEO }, "warning /train_video_url unknown_field" },
  },
  face_patch = { { "to an empty name", { face_name = "" }, "error /face_name value" } },
  replica_rename = {
    { "to a name", { replica_name = "Ann" } },
    { "to nothing", {}, "error /replica_name required" },
    { "to a number", { replica_name = 7 }, "error /replica_name type" },
  },
  face_rename = { { "to a name", { face_name = "Ann" } }, { "to nothing", {}, "error /face_name required" } },
  voice = {
    { "with a name", { voice_name = "Ann", description = core.null, tags = { "a" } } },
    { "without a name", {}, "warning /voice_name required" },
    { "with a key for the recording that was not seen", { voice_name = "Ann", sample = VIDEO }, "warning /sample unknown_field" },
    { "with a long name", { voice_name = ("x"):rep(256) }, "warning /voice_name range" },
  },
  voice_patch = {
    { "of one member", { description = core.null } },
    { "of a tag that is too long", { tags = { ("x"):rep(65) } }, "warning /tags/0 range" },
    { "of tags as a text", { tags = "a, b" }, "error /tags type" },
  },
  video = {
    { "with a script", { replica_id = "r90bbd427f71", script = "Hi" } },
    { "with a recording", { face_id = "r90bbd427f71", audio_url = VIDEO } },
    { "without a replica", { script = "Hi" }, "error /replica_id required" },
    { "without words", { replica_id = "r90bbd427f71" }, "error /script required" },
    { "with script and recording", { replica_id = "r90bbd427f71", script = "Hi", audio_url = VIDEO }, "error /audio_url rule" },
    { "under both names", { replica_id = "r90bbd427f71", face_id = "r90bbd427f71", script = "Hi" }, RENAMED },
    { "transparent and fast", { replica_id = "r90bbd427f71", script = "Hi", fast = true, transparent_background = true } },
    { "not transparent", { replica_id = "r90bbd427f71", script = "Hi", transparent_background = false } },
    { "transparent", { replica_id = "r90bbd427f71", script = "Hi", transparent_background = true }, "error /fast required" },
    { "transparent and slow", { replica_id = "r90bbd427f71", script = "Hi", fast = false, transparent_background = true },
      "error /transparent_background rule" },
    { "fast with a background", { replica_id = "r90bbd427f71", script = "Hi", fast = true, background_url = "https://example.com" },
      "warning /background_url rule" },
    { "slow with a background", { replica_id = "r90bbd427f71", script = "Hi", fast = false, background_url = "https://example.com" } },
    { "with an unknown way to scroll", { replica_id = "r90bbd427f71", script = "Hi", properties = { background_scroll_type = "fast" } },
      "warning /properties/background_scroll_type choice" },
    { "with a word for a boolean", { replica_id = "r90bbd427f71", script = "Hi", properties = { start_with_wave = "true" } },
      "error /properties/start_with_wave type" },
  },
  video_patch = { { "to a name", { video_name = "Ann" } }, { "to nothing", { name = "Ann" },
    "error /video_name required", "warning /name unknown_field" } },
  deployment = {
    { "with a password", { pal_id = "p5317866", channel = "widget", password = "x", allowed_origins = {}, limits = {} } },
    { "without a password", { pal_id = "p5317866", channel = "landing-page", password = core.null } },
    { "without a channel", { pal_id = "p5317866" }, "error /channel required" },
    { "without a persona", { channel = "embed" }, "error /pal_id required" },
    { "in another channel", { pal_id = "p5317866", channel = "popup" }, "warning /channel choice" },
    { "with origins as a text", { pal_id = "p5317866", channel = "embed", allowed_origins = "https://example.com" },
      "error /allowed_origins type" },
    { "with a limit as a text", { pal_id = "p5317866", channel = "embed", limits = { max_call_duration = "60" } },
      "error /limits/max_call_duration type" },
  },
  deployment_patch = {
    { "of the name", { { op = "replace", path = "/name", value = "Ann" } } },
    { "by an object", { name = "Ann" }, "error  type" },
    { "of what the server sets", { { op = "replace", path = "/usage_total", value = 0 } }, "warning /0/path read_only" },
  },
  deployment_start = { { "with a greeting", { custom_greeting = "Hi", memory_stores = {} } }, { "of a wrong type", { password = 1 }, "error /password type" } },
  memory_store = {
    { "with memories", { pal_id = "p5317866", participant_tag = "ann", pinned_memories = { "likes tea" } } },
    { "without a tag", { pal_id = "p5317866" }, "error /participant_tag required" },
    { "without a persona", { participant_tag = "ann" }, "error /pal_id required" },
    { "with a number for a memory", { pal_id = "p5317866", participant_tag = "ann", pinned_memories = { 1 } },
      "error /pinned_memories/0 type" },
  },
  pinned_memory = {
    { "as a text", { memory = "likes tea" } },
    { "without text", {}, "error /memory required" },
    { "that is long", { memory = ("x"):rep(501) }, "warning /memory range" },
  },
}

-- The four that are passed through each have one warning, about their state.
local STATE = "warning  deprecated"
local passed = {
  lipsync = { { original_video_url = VIDEO, source_audio_url = VIDEO } },
  transcription = { { file_url = VIDEO, callback_url = VIDEO } },
  replacement = { { original_video_url = VIDEO, new_transcript = "Hi" } },
  speech = { { script = "Hi", replica_id = "r90bbd427f71" } },
}

for kind, list in pairs(cases) do
  describe(kind, function()
    for _, case in ipairs(list) do
      it(case[1], function()
        local wanted = {}
        for i = 3, #case do wanted[i - 2] = case[i] end
        table.sort(wanted)
        assert.same(wanted, issues_of(kind, case[2]))
        local text = assert(core.encode(case[2]))
        assert.equal(text, core.encode(core.decode(text)))
      end)
    end
  end)
end

for kind, list in pairs(passed) do
  describe(kind, function()
    it("is passed through, and tells its state", function()
      assert.same({ STATE }, issues_of(kind, list[1]))
      local _, warnings = core.validate(kind, list[1])
      assert.matches(kind == "speech" and "one page" or "no longer", warnings[1].message)
    end)
    for name in pairs(list[1]) do
      it("needs " .. name, function()
        local body = {}
        for other, value in pairs(list[1]) do
          if other ~= name then body[other] = value end
        end
        assert.same({ "error /" .. name .. " required", STATE }, issues_of(kind, body))
      end)
    end
  end)
end
