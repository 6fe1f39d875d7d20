-- A character whose persona lives at Tavus. Each of her acts is a task: in it a call waits for its answer, the game does not.
local tavus = require "tavus"

local now = love.timer.getTime

local serve = tavus.tool "serve" {
  "Put something on the counter once the guest has chosen it",
  what = tavus.enum { "What the guest wants", values = { "stew", "cider", "a room key" } },
}

local mara = {
  persona_name = "Mara, keeper of the inn at the pass",
  system_prompt = "You are Mara and keep a small inn at a mountain pass. You are warm, brief, and curious about travellers.",
  pipeline_mode = "full",
  default_replica_id = "r90bbd427f71",
  layers = {
    llm = { model = "tavus-gpt-oss", tools = { serve } },
    stt = { stt_engine = "tavus-auto" },
    conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
  },
}

local moods = {
  merry = { patience = "low", prompt = "You are Mara, and tonight there is a feast at your inn. You laugh a lot and offer cider.",
    says = "A feast tonight! Sit down, the cider is on the house." },
  weary = { patience = "high", prompt = "You are Mara, at the end of a long day. You speak little and let the guest talk.",
    says = "Long day. You talk, I'll listen." },
}

local Npc = {}
Npc.__index = Npc

function Npc.new(client)
  return setmetatable({ client = client, acts = {}, mood = "warm", says = "..." }, Npc)
end

--- Begins an act, unless one is under way. `fn` runs in a task; it returns a note for the log and what Mara says, or nil and an
-- error. An error that it raises comes out of the task in the same way.
function Npc:act(name, fn)
  if self.doing then return end
  self.doing = { name = name, began = now(), frames = 0, task = self.client:spawn(fn) }
  self.acts[#self.acts + 1] = self.doing
end

--- Once a frame: has the act come to its end?
function Npc:update()
  local act = self.doing
  if not act then return end
  act.frames, act.seconds = act.frames + 1, now() - act.began
  if not act.task:done() then return end
  self.doing = nil
  local note, says = act.task:result()
  act.failed, act.note = not note, note or tostring(says)
  self.says = note and says or "Something is wrong tonight... (see below)"
end

function Npc:arrive()
  self:act("create", function()
    local persona, err = self.client.personas:create(mara)
    if not persona then return nil, err end
    self.persona_id, self.prompt = persona.persona_id, mara.system_prompt
    return "persona " .. self.persona_id, "Welcome, traveller! Come in, it is freezing out there."
  end)
end

function Npc:feel(mood)
  self:act("patch", function()
    if not self.persona_id then return nil, "there is no persona to patch" end
    local patch = tavus.patch()
      :replace("/system_prompt", moods[mood].prompt)
      :replace("/layers/conversational_flow/turn_taking_patience", moods[mood].patience)
    local done, err = self.client.personas:patch(self.persona_id, patch)
    if not done then return nil, err end
    self.mood, self.prompt = mood, moods[mood].prompt
    return ("she is %s, and her patience is %s"):format(mood, moods[mood].patience), moods[mood].says
  end)
end

function Npc:talk()
  self:act("talk", function()
    if not self.persona_id then return nil, "there is no persona to talk with" end
    if self.conversation_id then return self.url, "We are talking already: " .. self.url end
    local call, err = self.client.conversations:create {
      persona_id = self.persona_id, conversation_name = "At the counter",
    }
    if not call then return nil, err end
    self.conversation_id, self.url = call.conversation_id, call.conversation_url or "(no URL)"
    return self.url, "Talk to me, face to face: " .. self.url
  end)
end

--- Ends and deletes what there is at Tavus; the persona also when the conversation would not end.
function Npc:leave()
  self:act("delete", function()
    local ended, gone, why, problem = true, true, nil, nil
    if self.conversation_id then ended, why = self.client.conversations:end_(self.conversation_id) end
    if self.persona_id then gone, problem = self.client.personas:delete(self.persona_id) end
    if ended then self.conversation_id, self.url = nil, nil end
    if gone then self.persona_id, self.prompt = nil, nil end
    if not ended then return nil, why end
    if not gone then return nil, problem end
    return "nothing of her is left at Tavus", "Safe travels!"
  end)
end

return Npc
