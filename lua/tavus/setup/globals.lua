---@meta
-- The globals that the files of a setup have, for editors with LuaLS: add the folder `lua` of tavus to its
-- `workspace.library`. It is never run.

---@alias tavus.Declare fun(name: string): fun(spec: table): tavus.Declaration

--- Declares a persona: the body that creates it, and `tools`, `skills`, `unmanaged`.
---@param name string
---@return fun(spec: tavus.Persona|{ tools: (tavus.Declaration|string)[]?, skills: table<string, table>?, unmanaged: string[]? }): tavus.Declaration
function persona(name) end

---@type tavus.Declare
guardrail = nil

--- Declares objectives: their steps, or the body that creates them.
---@param name string
---@return fun(steps: table): tavus.Declaration
function objectives(name) end

---@type tavus.Declare
document = nil

---@type tavus.Declare
dictionary = nil

---@class tavus.SetupTool
---@field registered fun(self: tavus.SetupTool, spec: tavus.RegisteredToolSpec?): tavus.Declaration
---@overload fun(spec: tavus.ToolSpec): tavus.SetupTool

--- Describes an inline tool; `:registered { ... }` declares one of the registry.
---@param name string
---@return tavus.SetupTool
function tool(name) end

--- The text of a file, from the folder of the Lua file, without the line break at its end.
---@param path string
---@return string
function file(path) end

--- An environment variable. One that is not set, or empty, is an error.
---@param name string
---@return string
function env(name) end

--- An environment variable that is shown nowhere.
---@param name string
---@return string
function secret(name) end

--- What is different in one environment: objects merge, lists and scalars replace, tavus.null removes.
---@param name string
---@return fun(changes: table<string, table>)
function overlay(name) end

---@type tavus
tavus = nil
