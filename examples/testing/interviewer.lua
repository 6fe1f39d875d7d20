-- A persona script: makes sure that the account has one interviewer with this prompt, and returns its id.
return function(client, prompt)
  for persona in client.personas:each { persona_type = "user" } do
    if persona.persona_name == "Interviewer" then
      local done, err = client.personas:patch(persona.persona_id, require("tavus").patch():replace("/system_prompt", prompt))
      if not done then return nil, err end
      return persona.persona_id
    end
  end
  local made, err = client.personas:create { persona_name = "Interviewer", system_prompt = prompt }
  if not made then return nil, err end
  return made.persona_id
end
