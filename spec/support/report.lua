--- How busted tells of a run here: a line a spec file with its time, every failure where it happens, and a closing
-- line that a person and a machine can read.
local busted = require "busted"

local RED, PLAIN = "\27[31m", "\27[0m"
if not os.getenv "TERM" or os.getenv "TERM" == "dumb" or os.getenv "CI" then RED, PLAIN = "", "" end

return function()
  local handler = require "busted.outputHandlers.base"()
  local passed, started = 0, 0

  local function failed()
    return handler.failuresCount + handler.errorsCount
  end

  local told = {}
  local function tell(problem)
    local where = problem.element and problem.element.trace
    print(("%sfailed: %s%s"):format(RED, problem.name or "?", PLAIN))
    if where and where.short_src then print(("  %s:%s"):format(where.short_src, where.currentline)) end
    local message = problem.message
    if type(message) ~= "string" then message = message == nil and "no message" or require("pl.pretty").write(message) end
    print("  " .. message:gsub("\n", "\n  "))
  end

  local function tell_failures()
    for _, list in ipairs { handler.failures, handler.errors } do
      for i = (told[list] or 0) + 1, #list do tell(list[i]) end
      told[list] = #list
    end
  end

  busted.subscribe({ "file", "start" }, function()
    passed, started = 0, busted.gettime and busted.gettime() or os.time()
    return nil, true
  end)

  busted.subscribe({ "test", "end" }, function(_, _, status)
    if status == "success" then passed = passed + 1 end
    return nil, true
  end, { predicate = handler.cancelOnPending })

  -- Ctrl-C reaches a Lua program as an error, and one failure among others would end nothing.
  for _, event in ipairs { "error", "failure" } do
    busted.subscribe({ event }, function(_, _, message)
      if tostring(message):find "interrupted!$" then
        print "interrupted"
        os.exit(130)
      end
      return nil, true
    end)
  end

  busted.subscribe({ "file", "end" }, function(file)
    local seconds = (busted.gettime and busted.gettime() or os.time()) - started
    print(("%5d passed %6.1f s  %s"):format(passed, seconds, (file.name:gsub("^%./", ""))))
    tell_failures()
    io.flush()
    return nil, true
  end)

  busted.subscribe({ "suite", "end" }, function()
    tell_failures()
    print(("%d passed, %d failed, %d skipped"):format(handler.successesCount, failed(), handler.pendingsCount))
    io.flush()
    return nil, true
  end)

  return handler
end
