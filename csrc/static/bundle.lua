-- Writes Lua files as C data, for open.c: lua bundle.lua ROOT FILE... > bundle.c
-- A file's module is its path below ROOT. The text stays source: a Lua of any build of its version loads it, and errors
-- keep their lines.

local compile = rawget(_G, "loadstring") or load
local root = arg[1]:gsub("/*$", "/")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = assert(file:read "*a")
  file:close()
  -- A slip is told here and not in the program that has it inside.
  assert(compile(text, "@" .. path))
  return text
end

local out = { "/* Made by csrc/static/bundle.lua: the Lua files of tavus. */\n#include \"bundle.h\"\n" }
local function write(text) out[#out + 1] = text end

local entries = {}
for i = 2, #arg do
  local path = arg[i]
  assert(path:sub(1, #root) == root, path .. " is not below " .. root)
  local file = path:sub(#root + 1)
  local name = file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local text = read(path)
  write(("\nstatic const unsigned char chunk_%d[] = {"):format(i - 1))
  for at = 1, #text, 24 do
    write "\n  "
    write(table.concat({ text:byte(at, at + 23) }, ","))
    write ","
  end
  write "\n};\n"
  entries[#entries + 1] = ('  { "%s", "@%s", chunk_%d, sizeof chunk_%d },\n'):format(name, file, i - 1, i - 1)
end
write "\nconst tavus_chunk tavus_bundle[] = {\n"
write(table.concat(entries))
write "  { NULL, NULL, NULL, 0 }\n};\n"

io.write(table.concat(out))
