#!/usr/bin/env lua
-- tavus-lua: the program.

os.exit(require("tavus.cli.program").run(arg), true)
