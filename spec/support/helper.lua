-- Loaded by busted before the first spec: the world that every spec may count on.
for _, name in ipairs { "TAVUS_API_KEY", "TAVUS_BASE_URL", "TAVUS_TIMEOUT", "TAVUS_RETRIES", "TAVUS_LOG" } do
  if os.getenv(name) then
    error(name .. " is set; the specs run with every TAVUS_* variable unset (make test does it)")
  end
end
package.path = "./?.lua;" .. package.path
