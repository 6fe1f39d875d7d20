--- Two ways to do the same, timed in turns so that both meet the same noise; speed is told as a ratio.
local compare = {}

--- CPU seconds that `count` calls of `fn` take.
local function cost(fn, count)
  collectgarbage()
  local start = os.clock()
  for _ = 1, count do fn() end
  return os.clock() - start
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

--- Print how `ours` compares with `theirs`.
---@param title string
---@param ours { name: string, run: fun() }
---@param theirs { name: string, run: fun() }
---@param goal string what the ratio should be, for the reader
---@param options? { count?: integer, rounds?: integer }
function compare.cpu(title, ours, theirs, goal, options)
  local count, rounds = options and options.count or 2000, options and options.rounds or 15
  local a, b, ratios = {}, {}, {}
  cost(ours.run, count)
  cost(theirs.run, count)
  for i = 1, rounds do
    a[i], b[i] = cost(ours.run, count), cost(theirs.run, count)
    ratios[i] = a[i] / b[i]
  end
  local us = 1e6 / count
  compare.line(title, ours.name, median(a) * us, theirs.name, median(b) * us, median(ratios), goal)
end

--- One line of the report.
function compare.line(title, our_name, ours, their_name, theirs, ratio, goal)
  print(("%-34s %s %8.2f us   %s %8.2f us   ratio %.2f   (goal %s)"):format(
    title, our_name, ours, their_name, theirs, ratio, goal))
end

compare.median = median
return compare
