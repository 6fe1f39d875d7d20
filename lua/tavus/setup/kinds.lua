--- The kinds of declarations.

---@class tavus.SetupKind
---@field collection string its resource: client[collection]
---@field body string the kind of its create body, as for tavus.validate
---@field id_of string what the contract calls the thing whose id it is
---@field name_field string the member of the body that has the name

---@type table<string, tavus.SetupKind>
local kinds = {
  persona = { collection = "personas", body = "persona", id_of = "persona", name_field = "persona_name" },
  tool = { collection = "tools", body = "registered_tool", id_of = "tool", name_field = "name" },
  guardrail = { collection = "guardrails", body = "guardrail", id_of = "guardrail", name_field = "guardrail_name" },
  objectives = { collection = "objectives", body = "objectives", id_of = "objectives", name_field = "name" },
  document = { collection = "documents", body = "document", id_of = "document", name_field = "document_name" },
  dictionary = {
    collection = "pronunciation_dictionaries", body = "pronunciation_dictionary", id_of = "pronunciation dictionary",
    name_field = "name",
  },
}

return kinds
