-- What is different where the personas are tried, and where guests talk to them. The personas have names of their own in
-- each; what they share is the same.
overlay "staging" {
  receptionist = { persona_name = "Hotel receptionist (staging)" },
  concierge = { persona_name = "Hotel concierge (staging)" },
  night_porter = { persona_name = "Hotel night porter (staging)",
    layers = { conversational_flow = { turn_taking_patience = "medium" } } },
}

overlay "production" {
  receptionist = { layers = { llm = { model = "tavus-gpt-5.2" } } },
}
