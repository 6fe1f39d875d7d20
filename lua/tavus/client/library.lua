--- The libcurl that carries the calls: { version, tls, features }.

local http = require "tavus.http"

---@type fun(): { version: string, tls: string?, features: table<string, boolean> }
return http.libcurl
