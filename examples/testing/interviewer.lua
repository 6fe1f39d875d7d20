-- A persona script: makes sure that the account has one interviewer with this prompt, and returns its id.
local tavus = require "tavus"

return function(client, prompt)
  local found, problem = client.personas:find("Interviewer", { query = { persona_type = "user" } })
  if found then
    local done, err = client.personas:patch(found.persona_id, tavus.patch():replace("/system_prompt", prompt))
    if not done then return nil, err end
    return found.persona_id
  end
  if problem.type ~= "not_found" then return nil, problem end
  local made, err = client.personas:create { persona_name = "Interviewer", system_prompt = prompt }
  if not made then return nil, err end
  return made.persona_id
end
