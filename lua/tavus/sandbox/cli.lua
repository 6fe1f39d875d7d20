#!/usr/bin/env lua
-- tavus-sandbox: the sandbox as a program. It runs until SIGINT or SIGTERM.

local argparse = require "argparse"
local httpd = require "tavus.sandbox.httpd"
local sandbox = require "tavus.sandbox"
local settings = require "tavus.sandbox.settings"
local version = require "tavus.version"

local function number_of(what, most)
  return function(text)
    local number = text:find "^%d+$" and tonumber(text)
    if number and number <= most then return number end
    return nil, ("'%s' is not a %s: give a whole number from 0 to %d"):format(text, what, most)
  end
end

local function switch(text)
  local name, value = text:match "^([%w_]+)=(.*)$"
  if not name then return nil, ("'%s' is not a switch: give name=value"):format(text) end
  local kind = type(settings.defaults()[name])
  if kind == "boolean" and (value == "true" or value == "false") then
    value = value == "true"
  elseif kind == "number" then
    value = tonumber(value) or value
  end
  local done, message = settings.apply(settings.defaults(), { [name] = value })
  if not done then return nil, message end
  return { name = name, value = value }
end

-- The values of a switch besides its default: " | object | flat".
local function others(switch_)
  local text = ""
  for _, choice in ipairs(switch_.choices or type(switch_.default) == "boolean" and { true, false } or {}) do
    if choice ~= switch_.default then text = text .. " | " .. tostring(choice) end
  end
  return text
end

local function switches_text()
  local lines = { "Switches (name=default | other values)" }
  for _, group in ipairs(settings.groups) do
    lines[#lines + 1] = ("\n%s:"):format(group)
    for _, name in ipairs(settings.names(group)) do
      local switch_ = settings.switches[name]
      lines[#lines + 1] = ("  %s=%s%s"):format(name, tostring(switch_.default), others(switch_))
      lines[#lines + 1] = "      " .. switch_.meaning
    end
  end
  lines[#lines + 1] = "\nprofile 2025:"
  local profile = settings.profiles["2025"]
  for _, name in ipairs(settings.names()) do
    if profile[name] ~= nil then lines[#lines + 1] = ("  %s=%s"):format(name, tostring(profile[name])) end
  end
  return table.concat(lines, "\n")
end

local parser = argparse("tavus-sandbox",
  "A local sandbox that imitates the persona API of Tavus, to test against. It is not Tavus.", switches_text())
parser:help_max_width(100)
parser:option("--port", "Port on 127.0.0.1; 0 takes any free one.", "8787", number_of("port", 65535)):argname "<number>"
parser:option("--key", "Accept this key only (default: any key that is not empty)."):argname "<text>"
parser:option("--profile", "The generation of Tavus to imitate.", "current"):argname "<name>"
  :choices { "current", "2025" }
parser:option("--set", "Change a switch (see below); can be repeated.", nil, switch):argname "<name>=<value>":count "*"
parser:option("--seed", "Give the same ids in every run.", nil, number_of("seed", 2147483647)):argname "<number>"
parser:option("--data", "Keep all rows in this file across runs."):argname "<file>"
parser:option("--replay", "Answer from a recording of a client: tavus.new { record = \"file\" }."):argname "<file>"
parser:flag("-q --quiet", "Print the address and nothing else.")
parser:flag("--version", "Print the version."):action(function()
  print("tavus-sandbox " .. version)
  os.exit(0)
end)

local function main()
  local options = parser:parse()
  if options.key == "" then parser:error "the key must not be empty" end
  local set = {}
  for _, change in ipairs(options.set) do set[change.name] = change.value end

  httpd.open_standard_files()
  -- Held before the thread exists, so that no signal is lost.
  httpd.hold_signals()
  httpd.raise_file_limit()
  local server, err = sandbox.start {
    port = options.port, key = options.key, seed = options.seed, data = options.data,
    profile = options.profile, set = set, log = not options.quiet,
    replay = options.replay,
  }
  if not server then
    io.stderr:write("tavus-sandbox: ", err.message, "\n")
    return 1
  end
  if options.quiet then
    print(server.url)
  else
    print("tavus-sandbox " .. version .. " at " .. server.url)
    print("This is not Tavus: a local imitation, it sends nothing anywhere.")
    local about = assert(server:about())
    for _, route in ipairs(about.routes) do print("  " .. route) end
    print("  steering: " .. about.steering .. "/_sandbox")
    print("With a browser: " .. server.url)
    if options.data then print("Rows are kept in " .. options.data) end
    if options.replay then print("Answers come from the recording " .. options.replay) end
    print(options.key and "Only the given key is accepted." or "Any key is accepted, as long as it is not empty.")
    print("Ctrl-C ends it.")
  end
  io.stdout:flush()
  httpd.wait_signal()
  server:stop()
  return 0
end

os.exit(main(), true)
