-- csrc/contract/README.md is what a person reads of the contract: it must be what the contract says today.
local core = require "tavus.core"
local reference = require "csrc.contract.reference"
local wire = require "spec.support.wire"

describe("csrc/contract/README.md", function()
  local text = reference.text()

  it("is up to date (make types)", function() assert.equal(text, wire.read_file "csrc/contract/README.md") end)

  -- The rows of the table under a heading, by their first cell.
  local function rows_of(heading)
    local section = (text .. "\n#"):match("\n### " .. heading .. "\n(.-)\n#")
    local rows = {}
    for line in section:gmatch "[^\n]+" do
      local cells = {}
      for one in line:gsub("\\|", "\0"):gmatch "|([^|]*)" do cells[#cells + 1] = one:gsub("%z", "|"):match "^%s*(.-)%s*$" end
      local name = (cells[1] or ""):match "^`(.*)`$"
      if name then rows[name] = cells end
    end
    return rows
  end

  it("has every field of every shape, with all that is known of it", function()
    local seen = {}
    local function check(shape, fields)
      if seen[shape] then return end
      seen[shape] = true
      local rows, count = rows_of(shape), 0
      for _ in pairs(rows) do count = count + 1 end
      assert.equal(#fields, count, shape)
      for _, field in ipairs(fields) do
        local cells = rows[field.name]
        assert.equal(7, #cells - (cells[8] == "" and 1 or 0), field.name)
        for _, choice in ipairs(field.choices or {}) do assert.matches("`" .. choice .. "`", cells[3], 1, true) end
        for _, limit in ipairs { field.minimum or false, field.maximum or false, field.max_items or false, field.max_length or false } do
          if limit then assert.matches(("%.14g"):format(limit), cells[3], 1, true) end
        end
        assert.equal(field.sure, cells[4])
        assert.equal(field.generation or "", cells[5])
        if field.deprecated then assert.matches(field.deprecated, cells[6], 1, true) end
        if field.successor then assert.matches(field.successor, cells[6], 1, true) end
        assert.matches(field.description, cells[7], 1, true)
        for _, inner in ipairs { field, field.items or false, field.other or false } do
          if inner and inner.shape then check(inner.shape, inner.fields) end
        end
      end
    end
    for _, resource in ipairs(core.contract().resources) do check(resource.name, resource.fields) end
  end)

  it("has every call", function()
    for _, resource in ipairs(core.contract().resources) do
      for _, operation in ipairs(resource.operations) do
        assert.matches(("| `%s` | `%s %s`"):format(operation.name, operation.method, operation.path), text, 1, true)
      end
    end
  end)

  it("links to sections that are there, each of which is there once", function()
    local headings = {}
    for heading in text:gmatch "\n##+ ([^\n]+)" do
      assert.is_nil(headings[heading], heading)
      headings[heading] = true
    end
    for name in text:gmatch "%]%(#([^)]*)%)" do assert.is_true(headings[name], name) end
  end)
end)
