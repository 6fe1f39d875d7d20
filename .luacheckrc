std = "min"
max_line_length = 160
exclude_files = { ".build", "lua/tavus/types.lua" } -- types.lua is made, and never loaded
files["spec"] = { std = "min+busted" }
files["spec/support"] = { std = "min+busted" }
files["lua/tavus/host/openresty.lua"] = { std = "luajit" }
files["lua/tavus/host/openresty_tasks.lua"] = { std = "ngx_lua" }
files["lua/tavus/host/openresty_signal.lua"] = { std = "ngx_lua" }
files["examples/openresty"] = { std = "ngx_lua" }
files["examples/love"] = { std = "min+love" }
files["examples/testing"] = { std = "min+busted" }
