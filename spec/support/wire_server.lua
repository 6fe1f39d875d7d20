-- wire_server.lua <folder> - the process behind wire.lua: runs <folder>/script.lua, writes its port to <folder>/port and
-- what happens to <folder>/journal, and ends when its standard input does.

local folder = assert(arg[1], "a folder is wanted: this file is started by wire.lua")

local function open_port()
  return assert(io.open(folder .. "/port", "w"))
end

local function main()
  local cqueues = require "cqueues"
  local condition = require "cqueues.condition"
  local socket = require "cqueues.socket"
  local task = assert(dofile(folder .. "/script.lua"))
  local script = task.script
  local journal = assert(io.open(folder .. "/journal", "ab"))
  local loop = cqueues.new()
  local released, release, prefaced = {}, condition.new(), {}

  -- lua-cqueues speaks TLS only with luaossl, which Debian does not build for every Lua: luasec on a descriptor does as well
  local function secure(tcp)
    local ssl = assert(require("ssl").wrap(tcp, {
      mode = "server", protocol = "any", options = { "all", "no_sslv2", "no_sslv3" }, certificate = task.cert, key = task.key,
      alpn = task.alpn and { task.alpn },
    }))
    ssl:settimeout(0)
    local pending, broken = "", false
    local events_of = { wantread = "r", timeout = "r", wantwrite = "w" }
    local function wait(why)
      local events = events_of[why]
      if not events then return false end
      cqueues.poll { pollfd = ssl:getfd(), events = events }
      return true
    end
    local function receive()
      while true do
        if broken then return nil end
        local data, why, partial = ssl:receive(4096)
        data, broken = data or partial, why and not events_of[why] -- asked again, luasec would not return
        if data and data ~= "" then return data end
        if not wait(why) then return nil end
      end
    end
    local function more()
      local data = receive()
      pending = pending .. (data or "")
      return data ~= nil
    end
    local connection = {}
    function connection.handshake()
      while true do
        local done, why = ssl:dohandshake()
        if done then return true end
        if not wait(why) then return false end
      end
    end
    function connection.read(_, what)
      if what == "*l" then
        while not pending:find("\n", 1, true) do
          if not more() then return nil end
        end
        local line, rest = pending:match "^(.-)\n(.*)$"
        pending = rest
        return line
      elseif what < 0 then
        if pending == "" and not more() then return nil end
        local data = pending
        pending = ""
        return data
      end
      local parts, size = { pending }, #pending
      while size < what do
        local data = receive()
        if not data then return nil end
        parts[#parts + 1], size = data, size + #data
      end
      pending = table.concat(parts)
      local data = pending:sub(1, what)
      pending = pending:sub(what + 1)
      return data
    end
    function connection.write(_, bytes)
      local from = 1
      while from <= #bytes and not broken do
        local sent, why, last = ssl:send(bytes, from)
        if sent then return true end
        broken = not events_of[why]
        from = last + 1
        if not wait(why) then return false end
      end
      return not broken
    end
    function connection.flush() return true end
    function connection.pollfd() return ssl:getfd() end
    function connection.close()
      cqueues.cancel(ssl:getfd())
      ssl:close()
    end
    return connection
  end

  local function source(value)
    if type(value) == "string" then
      return '"' .. value:gsub('[%c"\\\127-\255]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
    elseif type(value) == "table" then
      local parts = {}
      for k, v in pairs(value) do parts[#parts + 1] = "[" .. source(k) .. "]=" .. source(v) end
      return "{" .. table.concat(parts, ",") .. "}"
    end
    return tostring(value)
  end

  local function record(entry)
    journal:write(source(entry), ",\n")
    journal:flush()
  end

  -- a request, or nil when the client closed before its first byte; a broken one is journalled as such
  local function read_request(connection, number, without_body)
    local line = connection:read "*l"
    if not line then return nil end
    local entry = { event = "request", connection = number, headers = {}, header_lines = {}, body = "" }
    entry.method, entry.path, entry.version = line:match "^(%S+) (%S+) HTTP/(%d%.%d)\r?$"
    while true do
      line = connection:read "*l"
      if not line then
        record { event = "broken", connection = number }
        return nil
      end
      line = line:gsub("\r$", "")
      if line == "" then break end
      entry.header_lines[#entry.header_lines + 1] = line
      local name, value = line:match "^([^:]+):%s*(.-)%s*$"
      if name then entry.headers[name:lower()] = value end
    end
    local length = tonumber(entry.headers["content-length"])
    if length and length > 0 and not without_body then
      entry.body = connection:read(length)
      if not entry.body or #entry.body < length then
        record { event = "broken", connection = number }
        return nil
      end
    end
    record(entry)
    return entry
  end

  -- reads HTTP/2 until so many requests are whole (END_STREAM of HEADERS or DATA); a connection begins with its preface
  local function read_streams(connection, number, count)
    if not prefaced[number] and not connection:read(24) then return false end
    prefaced[number] = true
    while count > 0 do
      local head = connection:read(9)
      if not head or #head < 9 then return false end
      local a, b, c, kind, flags, d, e, f, g = head:byte(1, 9)
      local length = (a * 256 + b) * 256 + c
      if length > 0 and not connection:read(length) then return false end
      if kind <= 1 and flags % 2 == 1 then
        record { event = "stream", connection = number, stream = ((d % 128 * 256 + e) * 256 + f) * 256 + g }
        count = count - 1
      end
    end
    return true
  end

  local function send(connection, bytes)
    return connection:write(bytes) and connection:flush()
  end

  local function answer_bytes(step)
    local body = step.body or ""
    local lines = { ("HTTP/1.1 %d %s"):format(step.answer, step.reason or "Scripted") }
    local framed = false
    local function header(line)
      if line:lower():match "^content%-length:" or line:lower():match "^transfer%-encoding:" then framed = true end
      lines[#lines + 1] = line
    end
    for _, line in ipairs(step.headers or {}) do header(line) end
    for name, value in pairs(step.headers or {}) do
      if type(name) == "string" then header(name .. ": " .. value) end
    end
    local bodiless = step.answer == 204 or step.answer == 304
    if not framed and not bodiless then lines[#lines + 1] = "Content-Length: " .. #body end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
  end

  -- a close that sends RST: libraries that hide setsockopt leave only this way
  local function reset(connection)
    local tcp = require("socket").tcp()
    tcp:setfd(connection:pollfd())
    tcp:setoption("linger", { on = true, timeout = 0 })
    tcp:setfd(-1)
    connection:close()
  end

  -- runs one step; true ends the connection, "loop" starts over
  local function perform(step, connection, number)
    if step == "read" or step == "read_head" then
      if not read_request(connection, number, step == "read_head") then
        record { event = "closed", connection = number }
        return true
      end
    elseif step == "loop" then
      return "loop"
    elseif step == "close" then
      return true
    elseif step == "reset" then
      reset(connection)
      return "reset"
    elseif step == "hang" then
      while connection:read(-4096) do end -- luacheck: ignore (waits for the end)
      record { event = "closed", connection = number }
      return true
    elseif step.answer then
      return not send(connection, answer_bytes(step))
    elseif step.streams then
      return not read_streams(connection, number, step.streams)
    elseif step.send then
      return not send(connection, step.send)
    elseif step.send_file then
      local file = assert(io.open(step.send_file, "rb"))
      local text = file:read "*a"
      file:close()
      return not send(connection, text)
    elseif step.repeat_bytes then
      for _ = 1, step.count do
        if not connection:write(step.repeat_bytes) then return true end
      end
      return not connection:flush()
    elseif step.drip then
      local size = step.size or 1
      for i = 1, #step.drip, size do
        cqueues.sleep(step.every or 0.01)
        if not send(connection, step.drip:sub(i, i + size - 1)) then
          record { event = "closed", connection = number }
          return true
        end
      end
    elseif step.wait then
      cqueues.sleep(step.wait)
    elseif step.tunnel then
      local other = socket.connect("127.0.0.1", step.tunnel)
      other:setmode("bn", "bf")
      other:onerror(function(_, _, code) return code end)
      local function relay(from, to)
        while true do
          local data = from:read(-4096)
          if not data or not send(to, data) then break end
        end
        from:shutdown "r"
        to:shutdown "w"
      end
      loop:wrap(relay, other, connection)
      if step.till then
        loop:wrap(function()
          while not released[step.till] do release:wait() end
          connection:shutdown "rw"
          other:shutdown "rw"
        end)
      end
      relay(connection, other)
      return true
    elseif step.await then
      while not released[step.await] do release:wait() end
    else
      error("unknown step: " .. source(step))
    end
    return false
  end

  local function serve(connection, number)
    local steps = script[math.min(number, #script)]
    record { event = "connect", connection = number }
    if connection.handshake then
      if not connection.handshake() then
        record { event = "broken", connection = number }
        connection:close()
        return
      end
    else
      connection:setmode("bn", "bf")
      connection:onerror(function(_, _, code) return code end)
    end
    local i = 1
    while i <= #steps do
      local ended = perform(steps[i], connection, number)
      if ended == "reset" then return end
      if ended == true then break end
      i = ended == "loop" and 1 or i + 1
    end
    connection:close()
  end

  local number = 0
  local function accepted(connection)
    number = number + 1
    local mine = number
    loop:wrap(function() serve(connection, mine) end)
  end
  local port
  if task.cert then
    local listener = assert(require("socket").bind("127.0.0.1", 0))
    listener:settimeout(0)
    port = select(2, listener:getsockname())
    loop:wrap(function()
      while true do
        cqueues.poll { pollfd = listener:getfd(), events = "r" }
        local tcp = listener:accept()
        if tcp then
          tcp:settimeout(0)
          accepted(secure(tcp))
        end
      end
    end)
  else
    local listener = assert(socket.listen { host = "127.0.0.1", port = 0 })
    assert(listener:listen())
    port = select(3, listener:localname())
    loop:wrap(function()
      for connection in listener:clients() do accepted(connection) end
    end)
  end
  loop:wrap(function()
    local input = socket.fdopen(0)
    for name in input:lines() do
      released[name] = true
      release:signal()
    end
    os.exit(0)
  end)

  local announce = open_port()
  announce:write(port, "\n")
  announce:close()
  for why in loop:errors() do io.stderr:write(tostring(why), "\n") end
end

local ok, why = pcall(main)
if not ok then
  io.stderr:write(tostring(why), "\n")
  open_port():close()
  os.exit(1)
end
