-- Run: `examples/love/run`, or `love examples/love` with TAVUS_API_KEY set. An innkeeper whose persona lives at Tavus. Requests
-- go on while the picture moves: tasks are spawned where something happens, and `client:step(0)` in love.update does what is
-- ready for them.
local tavus = require "tavus"
local Meter = require "meter"
local Npc = require "npc"
local scene = require "scene"

local client, npc, story, quitting
local time, count, load_ms = 0, 0, 0
local frames, quiet, waiting, steps = Meter.new(), Meter.new(), Meter.new(), Meter.new()
local options = { pause = 2.5 } -- seconds between the scenes of the story

local function misused(message)
  io.stderr:write(message, "\n")
  os.exit(2)
end

-- --frames N    ends by itself after N frames, when the story is told
-- --report      tells the frame times at the end
-- --pause S     seconds between the scenes
-- --screenshot FILE, --at N    keeps the picture of frame N
local function read_options(arguments)
  local i = 1
  while arguments[i] do
    local name = arguments[i]:match "^%-%-(%a+)$"
    if name == "report" then
      options.report = true
    elseif name == "screenshot" then
      i = i + 1
      options.screenshot = arguments[i]
    elseif name == "frames" or name == "pause" or name == "at" then
      i = i + 1
      options[name] = tonumber(arguments[i]) or misused("--" .. name .. " wants a number")
    else
      misused("unknown argument " .. arguments[i] .. "; there are --frames, --report, --pause, --screenshot and --at"
        .. ", and --headless as the first of examples/love/run")
    end
    i = i + 1
  end
end

-- Whoever counts the frames is no player, who would read an error on the screen and press a key.
local show_error = love.errorhandler
function love.errorhandler(message)
  if not options.frames then return show_error(message) end
  io.stderr:write("Error: ", tostring(message), "\n", debug.traceback("", 2):sub(2), "\n")
  return function() return 1 end
end

function love.load(arguments)
  read_options(arguments)
  scene.load()
  -- The first client loads libcurl, which takes as long as a frame: here nobody sees it. Nothing else wants warming up,
  -- the first connection over TLS is two or three milliseconds, spread over several frames.
  local before = love.timer.getTime()
  local made, err = tavus.new() -- TAVUS_API_KEY, TAVUS_BASE_URL
  load_ms = (love.timer.getTime() - before) * 1000
  if not made then error(tostring(err), 0) end
  client = made
  npc = Npc.new(client)
  story = { npc.arrive, function() npc:feel "merry" end, npc.talk, at = options.pause / 2 }
end

-- The story plays by itself; keys may come in between.
local function tell_story()
  if npc.doing or quitting or time < story.at then return end
  local act = table.remove(story, 1)
  if act then act(npc) end
  story.at = time + options.pause
end

-- Whoever closes the window sees her leave first, for the time it takes.
local function leave()
  if npc.doing then return end
  if quitting == "asked" then
    quitting = "leaving"
    npc:leave()
  else
    quitting = "left"
    love.event.quit()
  end
end

function love.update(dt)
  time, count = time + dt, count + 1
  frames:add(dt)
  local kind = npc.doing and waiting or quiet
  kind:add(dt)

  local before = love.timer.getTime()
  client:step(0) -- never waits; of what is ready, it does about 2 ms at the most
  steps:add(love.timer.getTime() - before)

  npc:update()
  tell_story()
  if options.frames and count >= options.frames and #story == 0 and not npc.doing and not quitting then love.event.quit() end
  if quitting then leave() end
end

function love.keypressed(key)
  if key == "escape" then love.event.quit()
  elseif key == "1" then npc:feel "merry"
  elseif key == "2" then npc:feel "weary"
  elseif key == "t" then npc:talk()
  elseif key == "c" and not npc.persona_id then npc:arrive()
  end
end

local function report()
  for _, act in ipairs(npc.acts) do
    print(("%-7s %s after %.0f ms, %d frames: %s"):format(act.name, act.failed and "failed" or "done", act.seconds * 1000,
      act.frames, act.note))
  end
  print(("%d frames, %d of them while a call was under way"):format(#frames, #waiting))
  print("from frame to frame, no call:   " .. tostring(quiet))
  print("from frame to frame, in a call: " .. tostring(waiting))
  print("in client:step:                 " .. tostring(steps))
  print(("in tavus.new, before the first: %.2f ms"):format(load_ms))
end

function love.quit()
  if not quitting then
    quitting = "asked"
    return true -- not yet
  end
  if options.report then report() end
  client:close() -- asked a second time, it does not wait for her
  return false
end

local function save(image)
  local file = assert(io.open(options.screenshot, "wb"))
  file:write(image:encode("png"):getString())
  file:close()
end

local frame_ends = 0

function love.draw()
  scene.draw(npc, time, frames)
  if options.screenshot and count == (options.at or 120) then love.graphics.captureScreenshot(save) end
  if options.frames then -- without a screen nothing else holds the frames back
    love.timer.sleep(frame_ends - love.timer.getTime())
    frame_ends = math.max(frame_ends, love.timer.getTime()) + 1 / 60
  end
end
