-- The picture: an inn at night, its keeper, what she says, and what happens at Tavus meanwhile.
local scene = {}

local g = love.graphics
local sin, floor, random = math.sin, math.floor, love.math.random
local fonts, flakes, bottles = {}, {}, {}
local said = { text = "", since = 0 } -- what is being said, letter by letter

local tints = { warm = { 0.62, 0.24, 0.22 }, merry = { 0.72, 0.45, 0.12 }, weary = { 0.30, 0.34, 0.48 } }

function scene.load()
  fonts.small, fonts.text, fonts.speech = g.newFont(12), g.newFont(14), g.newFont(18)
  for i = 1, 70 do flakes[i] = { x = random() * 180, y = random() * 190, speed = 12 + random() * 26, size = 1 + random() * 1.6 } end
  for i = 1, 11 do
    bottles[i] = { x = 470 + i * 26, height = 26 + random() * 22, color = { 0.2 + random() * 0.3, 0.25 + random() * 0.35, 0.2 + random() * 0.25 } }
  end
end

local function window(time)
  g.setColor(0.05, 0.08, 0.20)
  g.rectangle("fill", 50, 70, 180, 190)
  g.setColor(0.95, 0.94, 0.82)
  g.circle("fill", 185, 115, 18)
  g.setColor(0.10, 0.14, 0.28)
  g.polygon("fill", 50, 260, 50, 215, 110, 165, 160, 220, 195, 190, 230, 225, 230, 260)
  g.setScissor(50, 70, 180, 190)
  g.setColor(1, 1, 1, 0.85)
  for _, flake in ipairs(flakes) do
    g.circle("fill", 50 + (flake.x + 9 * sin(time + flake.y)) % 180, 70 + (flake.y + time * flake.speed) % 190, flake.size)
  end
  g.setScissor()
  g.setColor(0.30, 0.18, 0.10)
  g.setLineWidth(9)
  g.rectangle("line", 50, 70, 180, 190, 4)
  g.setLineWidth(5)
  g.line(140, 70, 140, 260)
  g.line(50, 165, 230, 165)
end

local function candle(x, y, time)
  local flicker = sin(time * 11 + x) * 0.5 + sin(time * 17.3 + x * 2) * 0.5
  for ring = 5, 1, -1 do
    g.setColor(1, 0.72, 0.32, 0.05 + 0.004 * flicker)
    g.circle("fill", x, y - 44, ring * 26 + flicker * 4)
  end
  g.setColor(0.93, 0.89, 0.78)
  g.rectangle("fill", x - 6, y - 32, 12, 32, 2)
  g.setColor(1, 0.66, 0.18)
  g.ellipse("fill", x + flicker, y - 42, 5, 11 + flicker * 2)
  g.setColor(1, 0.95, 0.70)
  g.ellipse("fill", x + flicker, y - 39, 2.5, 6)
end

local function room(time)
  g.clear(0.17, 0.12, 0.12)
  for plank = 0, 9 do
    local shade = 0.02 * (plank % 3)
    g.setColor(0.20 + shade, 0.14 + shade, 0.13 + shade)
    g.rectangle("fill", plank * 80, 0, 78, 440)
  end
  window(time)
  g.setColor(0.32, 0.20, 0.12)
  g.rectangle("fill", 480, 318, 300, 10)
  for _, bottle in ipairs(bottles) do
    g.setColor(bottle.color)
    g.rectangle("fill", bottle.x, 318 - bottle.height, 15, bottle.height, 4)
    g.rectangle("fill", bottle.x + 5, 306 - bottle.height, 5, 14)
  end
end

local function keeper(npc, time, speaking)
  local x, y = 350 + 5 * sin(time * 0.7), 268 + 4 * sin(time * 2.1)
  local here = npc.persona_id and 1 or 0.35 -- before she is created she is a shadow
  local tint = tints[npc.mood]
  g.setColor(tint[1] * here, tint[2] * here, tint[3] * here)
  g.ellipse("fill", x, y + 150, 88, 100)
  g.setColor(0.86 * here, 0.82 * here, 0.74 * here)
  g.polygon("fill", x - 34, y + 80, x + 34, y + 80, x + 46, y + 190, x - 46, y + 190)
  g.setColor(0.33 * here, 0.17 * here, 0.08 * here)
  g.ellipse("fill", x, y - 8, 56, 62)
  g.circle("fill", x + 8, y - 72, 22)
  g.setColor(0.91 * here, 0.71 * here, 0.57 * here)
  g.rectangle("fill", x - 15, y + 40, 30, 34)
  g.ellipse("fill", x, y + 6, 43, 50)
  g.setColor(0.33 * here, 0.17 * here, 0.08 * here)
  g.arc("fill", x, y - 12, 44, math.pi, 2 * math.pi)
  local look, open = 4 * sin(time * 0.9), time % 3.7 < 0.12 and 1 or (npc.mood == "weary" and 4 or 7)
  for side = -1, 1, 2 do
    g.setColor(0.98 * here, 0.97 * here, 0.95 * here)
    g.ellipse("fill", x + side * 17, y + 4, 9, open)
    g.setColor(0.12 * here, 0.20 * here, 0.22 * here)
    g.circle("fill", x + side * 17 + look, y + 4, math.min(4.5, open))
    g.setColor(0.85 * here, 0.45 * here, 0.40 * here, 0.5)
    g.circle("fill", x + side * 27, y + 22, 8)
  end
  g.setColor(0.55 * here, 0.16 * here, 0.16 * here)
  if speaking then
    g.ellipse("fill", x, y + 33, 12, 3 + 6 * math.abs(sin(time * 13)))
  else
    g.setLineWidth(3)
    g.arc("line", "open", x, y + 24, 14, 0.5, math.pi - 0.5)
  end
end

local function bubble(time)
  local shown = math.min(#said.text, floor((time - said.since) * 45))
  local width, lines = fonts.speech:getWrap(said.text:sub(1, shown), 300)
  local height = math.max(1, #lines) * 24 + 26
  width = math.max(40, width) + 30
  g.setColor(0, 0, 0, 0.3)
  g.rectangle("fill", 436, 66, width, height, 14)
  g.setColor(0.98, 0.96, 0.90)
  g.polygon("fill", 452, 50 + height, 480, 50 + height, 415, 84 + height)
  g.rectangle("fill", 432, 60, width, height, 14)
  g.setColor(0.15, 0.10, 0.08)
  g.setFont(fonts.speech)
  g.printf(said.text:sub(1, shown), 447, 73, 310)
  return shown < #said.text
end

local function counter(time)
  g.setColor(0.36, 0.21, 0.11)
  g.rectangle("fill", 0, 400, 800, 60)
  g.setColor(0.46, 0.28, 0.15)
  g.rectangle("fill", 0, 400, 800, 14)
  candle(160, 402, time)
  candle(500, 402, time)
end

-- What Tavus has for her system prompt.
local function parchment(npc)
  g.setColor(0.80, 0.72, 0.55)
  g.rectangle("fill", 545, 336, 240, 72, 3)
  g.setColor(0.25, 0.16, 0.10)
  g.setFont(fonts.small)
  g.printf(npc.prompt or "Nobody is here yet.", 553, 340, 226)
end

local function first_line(text) return (text:gsub("\n.*", "")) end

local function panel(npc, time, frames)
  g.setColor(0.07, 0.06, 0.09)
  g.rectangle("fill", 0, 460, 800, 140)
  g.setFont(fonts.text)
  local first = math.max(1, #npc.acts - 3)
  for i = first, #npc.acts do
    local act, y = npc.acts[i], 472 + (i - first) * 25
    if act == npc.doing then
      g.setColor(0.95, 0.75, 0.30)
      g.setLineWidth(3)
      g.arc("line", "open", 24, y + 9, 7, time * 6, time * 6 + 4.2)
    elseif act.failed then
      g.setColor(0.92, 0.35, 0.30)
      g.circle("fill", 24, y + 9, 6)
    else
      g.setColor(0.45, 0.80, 0.45)
      g.circle("fill", 24, y + 9, 6)
    end
    g.print(act.name, 42, y)
    g.print(("%d ms"):format((act.seconds or 0) * 1000), 100, y)
    g.setScissor(165, 460, 445, 140)
    g.print(act.note and first_line(act.note) or "waiting for Tavus ...", 165, y)
    g.setScissor()
  end
  g.setFont(fonts.small)
  g.setColor(0.55, 0.53, 0.58)
  g.print("1 merry   2 weary   t talk   c create   esc leave", 18, 578)

  -- the last two hundred frames: a call under way must not show here
  g.setColor(0.14, 0.13, 0.17)
  g.rectangle("fill", 624, 472, 160, 92, 4)
  local worst = 0
  g.setLineWidth(1)
  for i = 0, math.min(160, #frames) - 1 do
    local ms = frames[#frames - i]
    worst = math.max(worst, ms)
    g.setColor(ms > 25 and 0.92 or 0.40, ms > 25 and 0.35 or 0.72, 0.55)
    g.line(784 - i, 564, 784 - i, 564 - math.min(92, ms * 2))
  end
  g.setColor(0.55, 0.53, 0.58)
  g.print(("%d fps, worst frame %.0f ms"):format(love.timer.getFPS(), worst), 624, 578)
end

function scene.draw(npc, time, frames)
  if said.text ~= npc.says then said.text, said.since = npc.says, time end
  local speaking = time - said.since < #said.text / 45
  room(time)
  keeper(npc, time, speaking)
  counter(time)
  parchment(npc)
  bubble(time)
  panel(npc, time, frames)
end

return scene
