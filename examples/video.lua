-- Run: `lua5.4 examples/video.lua`, with TAVUS_API_KEY set. A video in which a stock face speaks a script: made, waited for with
-- progress, renamed, deleted.
local tavus = require "tavus"

local client = assert(tavus.new())

local video, err = client.videos:create {
  replica_id = "r90bbd427f71",
  video_name = "Welcome",
  script = "Welcome to the Seaside Hotel. Your room is ready from three o'clock on.",
}
if not video then error(tostring(err), 0) end

-- Whatever happens from here on, what was made is deleted.
local done, failure = pcall(function()
  -- A bar on a terminal, lines elsewhere. Rendering takes some minutes.
  local ready = assert(client.videos:wait(video.video_id, { timeout = 1800, on_progress = tavus.progress() }))
  print("watch it at", ready.hosted_url)
  assert(client.videos:rename(video.video_id, "Welcome, guests"))
  print("renamed to", assert(client.videos:get(video.video_id)).video_name)
end)

assert(client.videos:delete(video.video_id)) -- only because this is an example
client:close()
if not done then error(tostring(failure), 0) end
