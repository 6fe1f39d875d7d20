/* personas.c - the persona: top level and operations. Its layers are in persona_layers.c,
** the rules between fields in persona_rules.c. */
#include "rows.h"

static const tavus_choice modes[] = {
  { "full", NULL }, { "echo", NULL }, { NULL, NULL }
};

static const tavus_choice disclosures[] = {
  { "auto", NULL }, { "always", NULL }, { "off", NULL }, { NULL, NULL }
};

#define IDS(thing) .types = TAVUS_ARRAY_TYPE, .items = &thing##_id

static const tavus_field guardrail_id = {
  S, .id_of = "guardrail", .made = TAVUS_GUARDRAILS_FIRST,
  .text = "The id (uuid) of a guardrail."
};

static const tavus_field tool_id = {
  S, .id_of = "tool", .text = "The id of a tool of the registry."
};

#define DISCLOSED S, SURE(B), .generation = "G4+", \
  .instead_of = TAVUS_BOOLEAN, \
  .instead = "write the text, or \"auto\" for the one of Tavus"

static const tavus_field fields[] = {
  { TAVUS_NAME("conferencing_email"), S, READ_ONLY, SURE(B),
    .generation = "G4+", .text = "Address for meeting invitations." },
  { TAVUS_NAME("context"), S, .generation = "G0 to G2",
    .deprecated = "deprecated since February 2026",
    .successor = "system_prompt",
    .hint = "use system_prompt: add the text there",
    .instead_of = TAVUS_OBJECT_TYPE | TAVUS_ARRAY_TYPE,
    .instead = TAVUS_ENCODE,
    .text = "Background for the conversation, apart from the prompt." },
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "G0+",
    .text = "When it was made." },
  { TAVUS_NAME("default_face_id"), S, .generation = "G4", .id_of = "replica",
    .twin = "default_replica_id",
    .text = "The face it shows by default, on /v2/pals." },
  { TAVUS_NAME("default_replica_id"), S, .generation = "G0+", .id_of = "replica",
    .text = "The replica it shows by default." },
  { TAVUS_NAME("disclosure_type"), S, SURE(B), .generation = "G4+",
    .choices = disclosures, .label = "a disclosure type",
    .text = "When it tells that it is an AI; auto follows the policy of the call." },
  { TAVUS_NAME("document_ids"), IDS(tavus_field_document), .generation = "G2+",
    .text = "Documents it may consult." },
  { TAVUS_NAME("document_tags"), STRINGS, .generation = "G2+",
    .text = "Tags of documents it may consult." },
  { TAVUS_NAME("greeting"), S, SURE(C), .generation = "G4+",
    .text = "What it says first; cannot be interrupted." },
  { TAVUS_NAME("guardrail_ids"), IDS(guardrail), SURE(B), .generation = "G3+",
    .max_items = 50, .text = "Guardrails it keeps to." },
  { TAVUS_NAME("guardrail_tags"), STRINGS, SURE(B), .generation = "G3+",
    .max_items = 50, .text = "Tags of guardrails it keeps to." },
  { TAVUS_NAME("guardrails_id"), S, .generation = "G2+",
    .id_of = "guardrail set", .flags = TAVUS_EMPTY_ID,
    .made = TAVUS_GUARDRAILS_FIRST,
    .text = "A legacy set of guardrails it keeps to." },
  { TAVUS_NAME("has_unpublished_changes"), .types = TAVUS_ANY, READ_ONLY, SURE(C),
    .generation = "G4", .text = "Whether the builder holds a newer draft." },
  { TAVUS_NAME("is_draft_view"), .types = TAVUS_ANY, READ_ONLY, SURE(C),
    .generation = "G4", .text = "Whether this answer shows the draft." },
  { TAVUS_NAME("is_published"), .types = TAVUS_ANY, READ_ONLY, SURE(C),
    .generation = "G4", .text = "Whether it is published." },
  { TAVUS_NAME("is_template"), B, SURE(D), .generation = "G4",
    .text = "Whether it is a template." },
  { TAVUS_NAME("languages"), LANGUAGES, SURE(B), .generation = "G5",
    .text = "Codes of the languages it speaks; the first is the opening one." },
  { TAVUS_NAME("layers"), O, .shape = &tavus_shape_layers, .generation = "G0+",
    .text = "How it sees, hears, thinks and speaks." },
  { TAVUS_NAME("memories"), .types = TAVUS_ANY, SURE(D), .generation = "G4",
    .text = "What it remembers." },
  { TAVUS_NAME("objectives_id"), S, .generation = "G2+", .id_of = "objectives",
    .flags = TAVUS_EMPTY_ID,
    .made = TAVUS_OBJECTIVES_FIRST,
    .text = "The objectives it follows." },
  { TAVUS_NAME("pal_description"), S, SURE(C), .generation = "G4",
    .text = "A description of it, on /v2/pals." },
  { TAVUS_NAME("pal_id"), S, READ_ONLY, .generation = "G4", .twin = "persona_id",
    .text = "Its id, on /v2/pals." },
  { TAVUS_NAME("pal_name"), S, .generation = "G4", .twin = "persona_name",
    .text = "Its name, on /v2/pals." },
  { TAVUS_NAME("pal_type"), S, READ_ONLY, .generation = "G4", .twin = "persona_type",
    .text = "Whose it is: user or system, on /v2/pals." },
  { TAVUS_NAME("persona_id"), S, READ_ONLY, .generation = "G0+", .id_of = "persona",
    .text = "Its id." },
  { TAVUS_NAME("persona_name"), S, .generation = "G0+",
    .text = "Its name, shown in the call." },
  { TAVUS_NAME("persona_type"), S, READ_ONLY, .generation = "G0+",
    .text = "Whose it is: user or system." },
  { TAVUS_NAME("pipeline_mode"), S, .choices = modes, .label = "a pipeline mode",
    .generation = "G0+",
    .text = "full runs every layer (default); echo speaks what it is sent." },
  { TAVUS_NAME("publish_url"), .types = TAVUS_ANY, READ_ONLY, SURE(C),
    .generation = "G4", .text = "Where a draft is published." },
  { TAVUS_NAME("skills"), O, READ_ONLY, SURE(B), .generation = "G4+",
    .hint = "a skill is attached with PUT /v2/pals/{id}/skills/{skill_id}",
    .text = "Skills that are attached to it." },
  { TAVUS_NAME("system_prompt"), S, .generation = "G0+",
    .text = "Who it is and how it behaves; needed unless echo." },
  { TAVUS_NAME("tool_ids"), IDS(tool), READ_ONLY, SURE(C), .generation = "G4+",
    .max_items = 50, .hint = TAVUS_TOOLS_ATTACHED,
    .text = "Tools of the registry that are attached to it." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, .generation = "G0+",
    .text = "When it last changed." },
  { TAVUS_NAME("verbal_disclosure"), DISCLOSED,
    .text = "The text it says to tell that it is an AI." },
  { TAVUS_NAME("visual_disclosure"), DISCLOSED,
    .text = "The text it shows to tell that it is an AI." }
};

static const tavus_shape shape = {
  .name = "persona", .fields = fields, .count = TAVUS_COUNT(fields),
  .looks = "{ system_prompt = \"...\" }", .main = "system_prompt",
  .aliases = tavus_persona_aliases, .rules = tavus_persona_rules,
  .rule_count = TAVUS_COUNT(tavus_persona_rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A persona."
};

/* Rule 3 (the first two): the server drops the stored key when a patch rewrites the llm
** layer. */
#define WHOLE(its) { TAVUS_PATCH_WHOLE, its, NULL, \
  "replaces the whole object: members that the value does not have are dropped", \
  "write the members by their own paths (" its "/...), or use update" }
#define NO_FACE \
  "without a default face, each conversation has to name one", \
  "replace it with another face"

static const tavus_patch_rule patch_rules[] = {
  { TAVUS_PATCH_WITH, "/layers/llm/base_url", "/layers/llm/api_key",
    "a patch that writes base_url should give api_key again",
    "the stored key is not used again when the llm layer is rewritten" },
  { TAVUS_PATCH_WITH, "/layers/llm/api_key", "/layers/llm/base_url",
    "a patch that writes api_key should give base_url again",
    "a custom llm needs model, base_url and api_key together" },
  { TAVUS_PATCH_ALONE, "/layers/conferencing", NULL,
    "layers.conferencing must be patched alone",
    "send the other operations in a patch of their own" },
  WHOLE(""),
  WHOLE("/layers"),
  WHOLE("/layers/conversational_flow"),
  WHOLE("/layers/llm"),
  WHOLE("/layers/perception"),
  WHOLE("/layers/stt"),
  WHOLE("/layers/tts"),
  { TAVUS_PATCH_KEEP_TEXT, "/system_prompt", "/pipeline_mode",
    "a persona needs a system_prompt unless pipeline_mode is echo",
    "replace it with another prompt" },
  { TAVUS_PATCH_KEEP, "/layers", NULL, "removes all layers",
    "remove the members that are to go, by their own paths" },
  { TAVUS_PATCH_KEEP, "/layers/llm/base_url", "/layers/llm/api_key",
    "a custom llm needs model, base_url and api_key together",
    "remove api_key in the same patch to go back to a hosted model" },
  { TAVUS_PATCH_KEEP, "/layers/llm/api_key", "/layers/llm/base_url",
    "a custom llm needs model, base_url and api_key together",
    "remove base_url in the same patch to go back to a hosted model" },
  { TAVUS_PATCH_KEEP_TEXT, "/default_face_id", NULL, NO_FACE },
  { TAVUS_PATCH_KEEP_TEXT, "/default_replica_id", NULL, NO_FACE },
  { TAVUS_PATCH_WITH, NULL, NULL, NULL, NULL }
};

static const tavus_secret_rule secret_rules[] = {
  { "/layers/llm", "base_url", "api_key",
    "a change of the llm layer of a persona with a custom model needs its key "
    "given again",
    "set layers.llm.api_key in the function: Tavus does not use the stored key "
    "again, and shows it only masked" },
  { NULL, NULL, NULL, NULL, NULL }
};

#define ONE "/v2/personas/{persona_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/personas",
    .sends = TAVUS_SENDS_OBJECT, .kind = "persona", .twin_kind = "pal", .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = "/v2/personas",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_1,
    .query = WORDS("limit", "page", "persona_type", "pal_type") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ, .query = WORDS("source") },
  /* The answer to a PATCH is not documented. */
  { .name = "patch", .method = "PATCH", .path = ONE,
    .sends = TAVUS_SENDS_JSON_PATCH, .kind = "persona_patch",
    .twin_kind = "pal_patch",
    .answers = TAVUS_ANSWERS_CHANGED, .at = TAVUS_AT_ANY, .repeats = TAVUS_OPS,
    .query = WORDS("force", "target") },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") },
  { .name = "publish", .method = "POST", .path = ONE "/publish",
    .row = "object", .repeats = TAVUS_SAME },
  { .name = "tools", .method = "GET", .path = ONE "/tools",
    .answers = TAVUS_ANSWERS_LIST, .rows = "tools", .row = "registered_tool",
    .repeats = TAVUS_READ },
  { .name = "attach_tools", .method = "POST", .path = ONE "/tools",
    .sends = TAVUS_SENDS_OBJECT, .kind = "attach_tools",
    .body = &tavus_field_attach_tools, .wraps = "tool_ids",
    .answers = TAVUS_ANSWERS_LIST, .rows = "tools", .row = "registered_tool",
    .repeats = TAVUS_SAME },
  { .name = "detach_tool", .method = "DELETE", .path = ONE "/tools/{tool_id}",
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found"), .already = WORDS("not_attached") },
  { .name = "skills", .method = "GET", .path = ONE "/skills",
    .answers = TAVUS_ANSWERS_MAP, .at = TAVUS_AT_FLAT | TAVUS_AT_DATA,
    .row = "object", .repeats = TAVUS_READ },
  { .name = "replace_skills", .method = "PUT", .path = ONE "/skills",
    .sends = TAVUS_SENDS_OBJECT, .kind = "replace_skills",
    .body = &tavus_field_replace_skills, .wraps = "skills",
    .answers = TAVUS_ANSWERS_MAP, .at = TAVUS_AT_FLAT | TAVUS_AT_DATA,
    .row = "object", .repeats = TAVUS_SAME },
  { .name = "skill", .method = "GET", .path = ONE "/skills/{skill_id}",
    .at = TAVUS_AT_ANY, .row = "object", .repeats = TAVUS_READ },
  { .name = "set_skill", .method = "PUT", .path = ONE "/skills/{skill_id}",
    .sends = TAVUS_SENDS_OBJECT, .kind = "skill_config",
    .body = &tavus_field_skill_config, .wraps = "config", .at = TAVUS_AT_ANY,
    .row = "object", .repeats = TAVUS_SAME },
  { .name = "patch_skill", .method = "PATCH", .path = ONE "/skills/{skill_id}",
    .sends = TAVUS_SENDS_MERGE_PATCH, .kind = "skill_config_patch",
    .body = &tavus_field_skill_config, .wraps = "config", .at = TAVUS_AT_ANY,
    .row = "object", .repeats = TAVUS_SAME },
  { .name = "remove_skill", .method = "DELETE", .path = ONE "/skills/{skill_id}",
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") },
  { .name = "clone", .method = "POST", .one_path = true,
    .path = "/v2/personas/templates/{template_id}/clone",
    .sends = TAVUS_SENDS_OBJECT, .kind = "clone", .body = &tavus_field_clone,
    .optional = true, .at = TAVUS_AT_ANY },
  { .name = "check_username", .method = "GET", .one_path = true,
    .path = "/v2/pals/check-username?username={username}", .row = "object",
    .repeats = TAVUS_READ }
};

const tavus_resource tavus_personas = {
  .name = "persona", .collection = "personas", .twin = "pals", .twin_id = "pal_id",
  .id_field = "persona_id", .name_field = "persona_name",
  .text = "Who takes part in a conversation: prompt, layers, defaults.",
  .root = &root, .patch_rules = patch_rules, .secret_rules = secret_rules,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
