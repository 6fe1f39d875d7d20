std = "min"
max_line_length = 120
exclude_files = { ".build", "lua/tavus/types.lua", "lua/tavus/setup/globals.lua" } -- for editors, and never loaded
files["spec"] = { std = "min+busted", max_line_length = 160 } -- tables with a case on each line
files["lua/tavus/host/openresty.lua"] = { std = "luajit" }
files["lua/tavus/host/openresty_tasks.lua"] = { std = "ngx_lua" }
files["lua/tavus/host/openresty_signal.lua"] = { std = "ngx_lua" }
files["lua/tavus/secret"] = { max_line_length = 160 }
files["csrc"] = { max_line_length = 160 }
files["examples"] = { max_line_length = 160 }
files["examples/openresty"] = { std = "ngx_lua" }
files["examples/love"] = { std = "min+love" }
files["examples/setup/personas"] = { read_globals = {
  "tavus", "persona", "tool", "guardrail", "objectives", "document", "dictionary", "file", "env", "secret", "overlay",
} }
files["examples/testing"] = { std = "min+busted" }
