-- What the documents refer to is there: links, headings, files and folders. Their code runs in examples_spec, commands_spec,
-- setup/load_spec, static/embed_spec, host/love_spec and host/openresty_readme_spec.
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local WIDTH = 140

-- The lines that are not code, by their number.
local function prose(path)
  local lines, number, is_code = {}, 0, false
  for line in io.lines(path) do
    number = number + 1
    if line:find "^```" then is_code = not is_code
    elseif not is_code then lines[number] = line end
  end
  return lines
end

-- The names that a link can have behind its #, as GitHub makes them of headings.
local function anchors_of(path)
  local anchors = {}
  for _, line in pairs(prose(path)) do
    local heading = line:match "^#+ (.*)$"
    if heading then
      local name = heading:gsub("%[([^%]]*)%]%([^)]*%)", "%1"):lower():gsub("[^%w_%- \128-\255]", ""):gsub(" ", "-")
      assert.is_nil(anchors[name], ("%s has the heading %q twice"):format(path, heading))
      anchors[name] = true
    end
  end
  return anchors
end

local function is_there(path)
  return process.run("test -e " .. process.quote(path)) == 0
end

local documents = { "CHANGELOG.md" }
for _, path in ipairs(readme.files) do documents[#documents + 1] = path end

describe("the documents", function()
  it("are the READMEs of these folders", function()
    assert.same({ "README.md", "csrc/README.md", "csrc/contract/README.md", "examples/README.md", "lua/README.md",
      "lua/tavus/sandbox/README.md", "spec/README.md" }, readme.files)
  end)

  for _, path in ipairs(documents) do
    local folder = path:match "^(.*/)[^/]*$" or ""

    it(path .. " has links that lead somewhere", function()
      for number, line in pairs(prose(path)) do
        for target in line:gsub("`[^`]*`", ""):gmatch "%]%(([^)]*)%)" do
          local where = ("%s:%d: %s"):format(path, number, target)
          if not target:find "^https?://[%w.-]+" then
            local file, anchor = target:match "^([^#]*)#?(.*)$"
            local full = file == "" and path or folder .. file
            assert.is_true(is_there(full), where)
            if anchor ~= "" then assert.is_true(anchors_of(full)[anchor], where) end
          end
        end
      end
    end)

    it(path .. " names files that are there", function()
      for number, line in pairs(prose(path)) do
        for name in line:gmatch "`([^` ]*)`" do
          local root = name:match "^([%w_.]+)/"
          if (root == "csrc" or root == "lua" or root == "spec" or root == "examples" or root == ".ci")
            and not name:find "[%u*<{]" or name:find "^[%w_./]+%.md$" then
            assert.is_true(is_there(name) or is_there(folder .. name), ("%s:%d: %s"):format(path, number, name))
          end
        end
      end
    end)

    if path ~= "csrc/contract/README.md" then -- which is generated
      it(path .. " has lines of " .. WIDTH .. " columns, but for tables", function()
        for number, line in pairs(prose(path)) do
          local columns = select(2, line:gsub("[^\128-\191]", ""))
          if not line:find "^|" then assert.is_true(columns <= WIDTH, ("%s:%d"):format(path, number)) end
        end
      end)
    end
  end

  it("show code in languages that a spec runs", function()
    local run = { lua = true, sh = true, c = true, nginx = true, [""] = true }
    for _, block in ipairs(readme.blocks()) do assert.is_true(run[block.language], block.where) end
  end)

  it("show every folder of the sources, and no other", function()
    local shown = {}
    for _, block in ipairs(readme.blocks "") do
      local path = {}
      for line in (block.text .. "\n"):gmatch "(.-)\n" do
        local indent, name = line:match "^( *)([%w_.]+/)"
        if name then
          local depth = #indent / 2
          path[depth + 1] = name
          shown[table.concat(path, "", 1, depth + 1)] = block.where
        end
      end
    end
    for name, where in pairs(shown) do assert.is_true(is_there(name), ("%s: %s"):format(where, name)) end
    local pipe = assert(io.popen "find csrc lua/tavus -mindepth 1 -maxdepth 1 -type d")
    for name in pipe:lines() do assert.is_string(shown[name .. "/"], name) end
    pipe:close()
  end)
end)
