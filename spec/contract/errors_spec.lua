-- luacheck: std max+busted
-- The contract's table of errors: from a sentence of Tavus to the type and the hint.
local core = require "tavus.core"
local failure = require "tavus.client.failure"

local contract = core.contract()

describe("the error sentences", function()
  local function type_of(status, text) return (failure.classify(status, text)) end

  it("have a type for every status from 400", function()
    for status = 400, 599 do assert.is_string(type_of(status, ""), status) end
  end)

  it("are all of known types", function()
    local known = {}
    for name in ([[auth permission payment not_found conflict unprocessable
        rate_limit concurrency_limit bad_request server timeout]]):gmatch("%S+") do
      known[name] = true
    end
    for _, row in ipairs(contract.errors) do
      assert.is_true(row.type == nil and row.hint ~= nil or known[row.type], row.type)
    end
  end)

  for _, case in ipairs {
    { 400, "Invalid persona_id", "not_found" },
    { 400, "Invalid replica_uuid", "not_found" },
    { 400, "Invalid conversation_id", "not_found" },
    { 400, "Invalid pal_id", "not_found" },
    { 400, "Invalid face_id", "not_found" },
    { 400, "Invalid face_uuid", "not_found" },
    { 400, "Invalid document_id", "not_found" },
    { 400, "Invalid guardrail_id", "not_found" },
    { 400, "Invalid guardrails_id", "not_found" },
    { 400, "Invalid objectives_id", "not_found" },
    { 400, "Objectives not found", "not_found" },
    { 400, "Invalid pronunciation_dictionary_id", "not_found" },
    { 400, "Invalid tool_id", "not_found" },
    { 400, "Invalid lipsync_id", "not_found" },
    { 400, "Invalid voice_id", "not_found" },
    { 400, "Bad Request. {'properties': {'language': ['Invalid value.']}}", "bad_request" },
    { 403, "The user is out of conversational credits.", "payment" },
    { 429, "User has reached maximum concurrent conversations", "concurrency_limit" },
    { 400, "Bad Request. {'field': ['reason']}", "bad_request" },
    { 400, "Bad Request. base_url and api_key must be included to use a custom llm", "bad_request" },
    { 400, "User has reached maximum concurrent conversations", "concurrency_limit" },
    { 401, "Invalid access token", "auth" },
    { 402, "The user is out of conversational credits.", "payment" },
    { 403, "", "permission" },
    { 404, "", "not_found" },
    { 409, '{"conflict":"maker_changes"}', "conflict" },
    { 410, "", "not_found" },
    { 418, "", "bad_request" },
    { 422, "Invalid JSON patch format", "unprocessable" },
    { 429, "", "rate_limit" },
    { 500, "", "server" },
    { 503, "<html>", "server" },
  } do
    it(case[1] .. " " .. case[2] .. " is " .. case[3], function()
      assert.equal(case[3], type_of(case[1], case[2]))
    end)
  end
end)

describe("each sentence that Tavus was seen to say", function()
  for _, case in ipairs {
    { 401, "Invalid access token", "auth" },
    { 402, "The user is out of conversational credits.", "payment" },
    { 400, "User has reached maximum concurrent conversations", "concurrency_limit" },
    { 400, "Too many concurrent conversations", "concurrency_limit" },
    { 429, "Concurrent conversation limit reached", "concurrency_limit" },
    { 404, "Objective not found", "not_found" },
    { 404, "Guardrails not found", "not_found" },
    { 404, "Document not found", "not_found" },
    { 404, "Pronunciation dictionary not found", "not_found" },
    { 404, "Unknown skill 'magic'", "not_found" },
    { 400, "Tool not attached to this PAL", "not_found", code = "not_attached" },
    { 400, "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm.", "bad_request",
      hint = "base_url and api_key together" },
    { 400, "Bad Request. {'default_face_id': ['default_face_id is required when creating a pal.']}", "bad_request",
      hint = "default_face_id" },
    { 422, "Invalid JSON patch format", "unprocessable", hint = "array of operations" },
    { 400, "Invalid patch operation", "bad_request", hint = "tavus.patch" },
    { 409, "Document must be in 'ready' or 'error' state to recrawl", "conflict" },
    { 400, "Document was not created with crawl configuration", "bad_request" },
    { 429, "Recrawl cooldown: please wait 3 minutes", "rate_limit" },
    { 429, "Crawl document limit reached (100)", "rate_limit" },
    { 429, "Too many requests", "rate_limit" },
    { 400, "App messages can only be sent to active conversations.", "bad_request", code = "conversation_ended" },
    { 404, "The conversation's room is no longer available.", "bad_request", code = "conversation_ended" },
    { 413, "Request body exceeds 65536 bytes", "bad_request" },
    { 502, "The app message could not be delivered. Please retry.", "server" },
    { 504, "The app message may have been delivered; check before retrying.", "server" },
    { 400, "There was an error creating the conversation", "bad_request" },
    { 400, "Either train_video_url or train_image_url must be provided", "bad_request" },
    { 400, "Invalid original_video_url", "bad_request" },
    { 400, "Invalid request: document_url is required", "bad_request" },
    { 400, "objective_name is required", "bad_request" },
    { 500, "Internal Server Error", "server" },
  } do
    it("has its meaning: " .. case[1] .. " " .. case[2], function()
      local kind, hint, code = failure.classify(case[1], case[2])
      assert.equal(case[3], kind)
      if case.hint then assert.matches(case.hint, hint, 1, true) end
      assert.equal(case.code, code)
    end)
  end
end)

describe("an id that nothing has", function()
  it("is not found, whatever the thing is called", function()
    for name in ([[persona_id persona_uuid pal_id pal_uuid replica_id replica_uuid face_id face_uuid conversation_id conversation_uuid
        document_id guardrail_id guardrails_id lipsync_id objective_id objectives_id pronunciation_dictionary_id speech_id tool_id
        video_id voice_id deployment_id memory_store_id widget_uuid]]):gmatch "%S+" do
      assert.equal("not_found", (failure.classify(400, "Invalid " .. name)), name)
      assert.equal("not_found", (failure.classify(400, "invalid " .. name:upper() .. ".")), name)
    end
    for name in ("original_video_url id voice_idea _id"):gmatch "%S+" do
      assert.equal("bad_request", (failure.classify(400, "Invalid " .. name)), name)
    end
  end)
end)

describe("the hints of errors", function()
  it("say what the sentence alone does not", function()
    for _, case in ipairs {
      { 400, "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm.", "in every patch" },
      { 400, "Invalid persona_id", "may not be edited" },
      { 400, "Invalid persona_id", "client.personas:find(name)" },
      { 400, "Invalid conversation_id", "client.conversations:find(name)" },
      { 400, "User has reached maximum concurrent conversations", "end a conversation" },
      { 400, "Invalid access token", "TAVUS_API_KEY" },
      { 403, "The user is out of conversational credits.", "out of credits" },
      { 409, "maker_changes", "would be lost" },
      { 422, "Invalid JSON patch format", "tavus.patch" },
    } do
      local _, hint = failure.classify(case[1], case[2])
      assert.matches(case[3], hint, 1, true)
    end
  end)

  it("name the IP addresses that a key may be tied to", function()
    for _, row in ipairs(contract.errors) do
      if row.type == "auth" or row.type == "permission" then
        assert.matches("IP address", row.hint, 1, true)
      end
    end
  end)

  it("tell of the builder's draft, whatever sentence a 409 has that names no other conflict", function()
    local found = 0
    for _, row in ipairs(contract.errors) do
      if row.status == 409 and (row.text == nil or row.text == "maker_changes") then
        found = found + 1
        assert.matches("force = true", row.hint, 1, true)
      end
    end
    assert.is_true(found > 0)
  end)

  it("stand at most once a sentence", function()
    local seen = {}
    for _, row in ipairs(contract.errors) do
      local key = (row.status or row.status_min) .. (row.text or "")
      assert.is_nil(seen[key], key)
      seen[key] = true
    end
  end)
end)
