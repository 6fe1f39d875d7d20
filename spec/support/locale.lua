--- A locale with a decimal comma, as those of Germany, France and Brazil have one.
local process = require "spec.support.process"

local locale = {}

--- Makes it in a folder of its own. A program finds it with the variable LOCPATH, as "comma".
---@return string folder to be removed by the caller
function locale.make()
  local folder = os.tmpname()
  os.remove(folder)
  local status, output = process.run(([[mkdir %s && cd %s && printf '%%s\n' LC_NUMERIC 'decimal_point ","' 'thousands_sep "."' \
    'grouping 3;3' 'END LC_NUMERIC' > source && { localedef -c -i source ./comma 2> log; test -f comma/LC_NUMERIC; }]])
    :format(process.quote(folder), process.quote(folder)), { LD_PRELOAD = false })
  assert(status == 0, "localedef (packages libc-bin, locales) made no locale: " .. output)
  return folder
end

return locale
