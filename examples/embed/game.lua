-- Run: `examples/embed/run`. What host.c runs: a shopkeeper whom the player can talk to. A task makes the persona, changes
-- and reads it and starts a conversation; the frames go on all the while. What was made is deleted at the end, also when a
-- step has failed or the player leaves.
local tavus = require "tavus"

local client, problem = tavus.new() -- TAVUS_API_KEY and TAVUS_BASE_URL
if not client then error(problem, 0) end

local frame, waited = 0, 0 -- frames so far, and those that went by while a request was under way
local leaving = false
local LEFT = {} -- what ends the story when the player leaves
local made = {} -- { resource, id } of what has to be deleted

local function tell(text, ...) print(("frame %4d  " .. text):format(frame, ...)) end

-- Makes one request: the task waits for it, the game does not.
local function ask(title, resource, verb, ...)
  if leaving then error(LEFT) end
  local since = frame
  local answer, meta = resource[verb](resource, ...)
  if not answer then error(meta, 0) end
  tell("%-7s status %d, %d frames later", title, meta.status, frame - since)
  return answer
end

local function story()
  local persona = ask("create", client.personas, "create", {
    persona_name = "Shopkeeper",
    system_prompt = "You keep the only shop in a mountain village and know everybody's business.",
    pipeline_mode = "full",
    default_replica_id = "r90bbd427f71",
    layers = { llm = { model = "tavus-gpt-oss" }, conversational_flow = { turn_taking_patience = "medium" } },
  })
  made[#made + 1] = { client.personas, persona.persona_id }

  ask("patch", client.personas, "patch", persona.persona_id,
    tavus.patch():replace("/layers/conversational_flow/turn_taking_patience", "high"))
  local read = ask("read", client.personas, "get", persona.persona_id)
  tell("%s waits for the player: turn_taking_patience is %s", read.persona_name,
    read.layers.conversational_flow.turn_taking_patience)

  local talk = ask("talk", client.conversations, "create", { persona_id = persona.persona_id, test_mode = true })
  made[#made + 1] = { client.conversations, talk.conversation_id }
  tell("join at %s", talk.conversation_url or "(no URL in test mode)")
end

-- Deletes what was made, the newest first; goes on when one deletion fails. Returns how many did.
local function tidy()
  local kept = 0
  for i = #made, 1, -1 do
    local resource, id = made[i][1], made[i][2]
    local gone, err = resource:delete(id)
    tell("delete  %s%s", id, gone and "" or ": " .. tostring(err))
    if not gone then kept = kept + 1 end
  end
  return kept
end

local task = client:spawn(function()
  local done, failure = pcall(story)
  local kept = tidy()
  if not done and failure ~= LEFT then return nil, failure end
  if kept > 0 then return nil, kept .. " of what was made is not deleted" end
  return true
end)

local game = {}

--- One frame: a bounded piece of work on what is under way, and no waiting.
---@param number integer counts from 1
---@return boolean whether the game goes on
function game.update(number)
  frame = number
  if client:step(0) then
    waited = waited + 1
    return true
  end
  tell("%d frames went by while requests were under way", waited)
  local done, failure = task:result()
  client:close()
  if not done then error(failure, 0) end
  return false
end

--- The player leaves. A request that is under way is not cut off: what it makes would stay behind.
function game.quit()
  tell "leaving"
  leaving = true
end

return game
