std = "min"
max_line_length = 160
exclude_files = { ".build" }
files["spec"] = { std = "min+busted" }
files["spec/support"] = { std = "min+busted" }
