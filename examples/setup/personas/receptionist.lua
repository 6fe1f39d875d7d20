local shared = require "shared"

persona "receptionist" {
  persona_name = "Hotel receptionist",
  system_prompt = file "receptionist.md",
  default_replica_id = "r90bbd427f71",
  guardrail_ids = { shared.privacy }, document_ids = { shared.house_rules },
  tools = { shared.look_up_booking, shared.book_taxi },
  layers = { llm = { model = "tavus-gpt-oss" } },
}
