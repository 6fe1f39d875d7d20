std = "min"
max_line_length = 160
exclude_files = { ".build", "lua/tavus/types.lua" } -- types.lua is made, and never loaded
files["spec"] = { std = "min+busted" }
files["spec/support"] = { std = "min+busted" }
