--- Takes secrets out of what is told: the key, a secret that was sent, the
-- value of a field that the contract marks secret, in whatever disguise.

local core = require "tavus.core"

local redact = {}

--- How much of a text is searched for secret fields: what is shown is far less, and the search must
-- come to an end with a body that was made to take long.
redact.SEARCH_MOST = 16384

--- What stands in the place of a secret; the same that C writes (csrc/http/redact.c).
redact.MARK = "[redacted]"

local MARK = redact.MARK
local MARK_PATTERN = MARK:gsub("%W", "%%%0")

-- The names of the contract's secret fields, and those of its objects with secret members; read
-- once a VM and only when something went wrong.
local secret_names, secret_objects

-- Fields of one shape share one list of members, so a list is walked once.
local function collect(field, seen)
  if field.secret and field.name then secret_names[field.name] = true end
  if field.other and field.other.secret and field.name then secret_objects[field.name] = true end
  if field.items then collect(field.items, seen) end
  if not field.fields or seen[field.fields] then return end
  seen[field.fields] = true
  for _, child in ipairs(field.fields) do collect(child, seen) end
end

local function load_contract()
  secret_names, secret_objects = {}, {}
  local seen = {}
  for _, resource in ipairs(core.contract().resources) do
    collect(resource, seen)
    for _, operation in ipairs(resource.operations) do collect({ fields = operation.fields }, seen) end
  end
end

--- The beginning of a text, which does not end inside a UTF-8 character.
---@param text string
---@param most integer bytes
---@return string
function redact.head(text, most)
  if #text <= most then return text end
  local stop = most
  while stop > most - 4 and text:find("^[\128-\191]", stop + 1) do stop = stop - 1 end
  return text:sub(1, stop)
end

--- Like `redact.head`, and says so where something is missing.
---@param text string
---@param most integer bytes
---@return string
function redact.cut(text, most)
  return #text <= most and text or redact.head(text, most) .. "..."
end

local function replace_plain(text, what, with)
  local out, from = {}, 1
  while true do
    local first, last = text:find(what, from, true)
    if not first then break end
    out[#out + 1] = text:sub(from, first - 1)
    out[#out + 1] = with
    from = last + 1
  end
  if from == 1 then return text end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

-- Where the string ends that starts after `from`: at the next quote that is
-- not escaped. A string cut off in the middle ends with the text.
local function string_end(text, from, quote)
  local at = from
  while true do
    local found = text:find("[\\" .. quote .. "]", at)
    if not found then return #text + 1 end
    if text:sub(found, found) == quote then return found end
    at = found + 2
  end
end

-- Hides the strings that come after `head`, a pattern that captures the
-- backslash before the opening quote, if there is one, and the quote.
local function hide_strings(text, head)
  local out, from = {}, 1
  while true do
    local _, last, escaped, quote = text:find(head, from)
    if not last then break end
    local stop
    if escaped == "\\" then
      stop = text:find("\\" .. quote, last + 1, true) or #text + 1
    else
      stop = string_end(text, last + 1, quote)
    end
    out[#out + 1] = text:sub(from, last) .. (stop > last + 1 and MARK or "")
    from = stop
  end
  if from == 1 then return text end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

-- A name in quotes and what stands before its value, in JSON (also JSON inside
-- a JSON string) and in Python's print of it.
local function named(name)
  return "\\?[\"']" .. name:gsub("%W", "%%%0") .. "\\?[\"']%s*:%s*"
end

-- Hides the values of secret fields, and all strings among the members of
-- objects that hold secrets.
local function hide_fields(text)
  if not text:find(":", 1, true) then return text end
  for name in pairs(secret_names) do
    text = hide_strings(text, named(name) .. "(\\?)([\"'])")
  end
  for name in pairs(secret_objects) do
    text = text:gsub(named(name) .. "%b{}", function(object) return hide_strings(object, ":%s*(\\?)([\"'])") end)
    -- One that the end of the text cuts off has no closing brace.
    local first = text:find(named(name) .. "{[^}]*$")
    if first then text = text:sub(1, first - 1) .. hide_strings(text:sub(first), ":%s*(\\?)([\"'])") end
  end
  return text
end

--- HTML's names for the characters that it needs itself.
redact.entities = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " " }

local function ascii(digits, base)
  local code = tonumber(digits, base)
  return code and code > 0 and code < 128 and string.char(code) or nil
end

local function from_hex(digits) return ascii(digits, 16) end
local function from_decimal(digits) return ascii(digits, 10) end

-- The bare characters of a text: escapes and entities are what they stand for; tags, white space
-- and what breaks a line are nothing.
local function peeled(text)
  if not text:find "[%s\\&%%<]" then return text end
  -- A run of backslashes means no more than one, and would take long.
  text = text:gsub("\\+", "\\"):gsub("\\u00(%x%x)", from_hex):gsub("\\[nrt]", " "):gsub("\\", "")
  text = text:gsub("&#[xX](%x%x?%x?%x?);", from_hex):gsub("&#(%d%d?%d?%d?);", from_decimal):gsub("&(%a+);", redact.entities)
  text = text:gsub("%%(%x%x)", from_hex):gsub("<%/?%a[^<>]*>", ""):gsub("=%s+", "")
  return (text:gsub("%s+", ""))
end

-- How much of a text must agree with a secret before it counts as one in disguise; ordinary words
-- without the blanks between them hold every short one.
local DISGUISED_LEAST = 8

local function count_marks(text)
  local _, count = text:gsub(MARK_PATTERN, "")
  return count
end

-- The length of the session's key, when it stands in the text. The key itself is never seen here.
local function key_length(session, text)
  local without = session:redact(text)
  if without == text then return 0 end
  return #MARK - (#without - #text) / (count_marks(without) - count_marks(text))
end

-- Does a secret still show once the text is peeled?
local function disguised(session, text, secrets)
  local bare = peeled(text)
  if key_length(session, bare) >= DISGUISED_LEAST then return true end
  for _, secret in ipairs(secrets) do
    local plain = peeled(secret)
    if #plain >= DISGUISED_LEAST and bare:find(plain, 1, true) then return true end
  end
  return false
end

local function longer(a, b) return #a > #b end

local function sorted_by_length(secrets)
  -- The longest first: another may be its beginning.
  local sorted = {}
  for i, secret in ipairs(secrets or {}) do sorted[i] = secret end
  table.sort(sorted, longer)
  return sorted
end

-- A text without the key and secrets that are known.
local function without(session, text, sorted)
  text = session:redact(text)
  for _, secret in ipairs(sorted) do
    -- A secret of three characters is none, and would eat ordinary words.
    if #secret > 3 then
      text = replace_plain(text, secret, MARK)
      local written = core.encode(secret)
      if written and #written ~= #secret + 2 then text = replace_plain(text, written:sub(2, -2), MARK) end
      if secret:find("/", 1, true) then text = replace_plain(text, (secret:gsub("/", "\\/")), MARK) end
    end
  end
  return text
end

local SPEAKING = {
  "secret_", "token_", "password_", "passwd_", "apikey_", "_key_$", "_auth_", "authorization_", "_cookie_", "credentials?_", "signature_",
  "_sig_",
}

--- Whether a name speaks of a secret: `api_key`, `X-Auth-Token`, `clientSecret`; not `max_tokens`.
---@param name string
---@return boolean
function redact.speaks(name)
  local words = "_" .. name:gsub("(%l)(%u)", "%1_%2"):lower():gsub("[^%w]+", "_") .. "_"
  for _, pattern in ipairs(SPEAKING) do
    if words:find(pattern) then return true end
  end
  return redact.is_secret(name)
end

--- A parameter in an address: what stands before it, its name, its value.
redact.PARAMETER = "([?&;#])([%w_.~%-]+)=([^&;#%s\"'<>]+)"

local function parameter(before, name, value)
  return redact.speaks(name) and before .. name .. "=" .. MARK or before .. name .. "=" .. value
end

-- What addresses carry: who comes, and parameters whose names speak of a secret.
local function hide_in_addresses(text)
  if not text:find ":\\?/\\?/" then return text end
  text = text:gsub("(:\\?/\\?/)[^/@%s\"'<>]+@", "%1" .. MARK .. "@")
  return (text:gsub(redact.PARAMETER, parameter))
end

--- Takes the key and other secrets out of a text, and cuts it where no reader would get to. A text in which a
-- secret is hidden (in entities, over several lines) is not shown at all.
---@param session userdata whose key it is
---@param text string
---@param secrets string[]|nil secrets that were sent, as `core.encode` tells them
---@return string
function redact.text(session, text, secrets)
  if not secret_names then load_contract() end
  local sorted = sorted_by_length(secrets)
  text = hide_in_addresses(hide_fields(redact.cut(without(session, text, sorted), redact.SEARCH_MOST)))
  if disguised(session, text, sorted) then return MARK end
  return text
end

--- Whether a field of this name is secret, or holds secrets.
---@param name string
---@return boolean
function redact.is_secret(name)
  if not secret_names then load_contract() end
  return secret_names[name] or secret_objects[name] or false
end

local function holds_field(text)
  for _, names in ipairs { secret_names, secret_objects } do
    for name in pairs(names) do
      if text:find(named(name)) then return true end
    end
  end
  return false
end

--- Like `redact.text`, and a long text stays whole, unless secret fields are written in it.
---@param session userdata
---@param text string
---@param secrets string[]|nil
---@return string
function redact.whole(session, text, secrets)
  if #text <= redact.SEARCH_MOST then return redact.text(session, text, secrets) end
  if not secret_names then load_contract() end
  text = without(session, text, sorted_by_length(secrets))
  if disguised(session, text, secrets or {}) then return MARK end
  return holds_field(text) and redact.text(session, text, secrets) or hide_in_addresses(text)
end

-- Collects the strings that stand under the names of secrets.
local function gather_secrets(value, inside, found)
  if type(value) == "string" then
    if inside then found[#found + 1] = value end
    return
  elseif type(value) ~= "table" then
    return
  end
  for name, child in pairs(value) do
    gather_secrets(child, inside or secret_names[name] or secret_objects[name], found)
  end
  -- An operation of a patch names the place in its path.
  if type(value.path) == "string" then
    for name in value.path:gmatch "[^/]+" do
      if secret_names[name] or secret_objects[name] then return gather_secrets(value.value, true, found) end
    end
  end
end

--- Finds the secrets in a value that was not checked along the contract.
---@param value any
---@return string[]
function redact.secrets_in(value)
  if not secret_names then load_contract() end
  local found = {}
  gather_secrets(value, false, found)
  return found
end

--- Finds the secrets in a body that was not checked along the contract.
---@param body string|nil
---@return string[]|nil
function redact.secrets_of(body)
  local value = body and core.decode(body)
  return type(value) == "table" and redact.secrets_in(value) or nil
end

return redact
