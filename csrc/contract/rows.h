/* rows.h - short words for the rows of the contract; for the files that have such rows. */
#ifndef TAVUS_ROWS_H
#define TAVUS_ROWS_H

#include "contract.h"

#define S .types = TAVUS_STRING
#define B .types = TAVUS_BOOLEAN
#define N .types = TAVUS_NUMBER
#define I .types = TAVUS_INTEGER
#define O .types = TAVUS_OBJECT_TYPE
#define STRINGS .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_text
#define IDS_OF(thing) \
  .types = TAVUS_ARRAY_TYPE, .items = &(const tavus_field){ \
    S, .id_of = (thing), .text = "An id." }
#define LANGUAGES .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_language_code
#define OBJECT_OF(its) O, .shape = &its
#define SURE(grade) .sure = TAVUS_SURE_##grade
#define READ_ONLY .flags = TAVUS_READ_ONLY
#define MEAN(name) "did you mean \"" name "\"?"
/* The rest of a row of aliases. */
#define TO(name) (name), NULL
#define SAY(words) NULL, (words)
#define RULES(list) .rules = list, .rule_count = TAVUS_COUNT(list)
#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* Things that are made first, and attached by id. */
#define TAVUS_OBJECTIVES_FIRST "objectives are made first (POST /v2/objectives) and " \
  "attached by id: objectives_id takes the objectives_id of the answer"
#define TAVUS_GUARDRAILS_FIRST "guardrails are made first (POST /v2/guardrails) and " \
  "attached by id: guardrail_ids takes the uuid of each answer"
#define TAVUS_DOCUMENTS_FIRST "documents are made first (POST /v2/documents) and " \
  "attached by id: document_ids takes the document_id of each answer"
#define TAVUS_TOOLS_ATTACHED "tools of the registry are attached with POST " \
  "/v2/pals/{id}/tools: client.personas:attach_tools(id, tool_ids)"

#define TAVUS_OF_VOICE "in layers.tts, voice_id is a voice of Tavus and " \
  "external_voice_id one of the provider"
#define TAVUS_OF_MESSAGES "the text of the system message goes to system_prompt"
#define TAVUS_TOOL_NAMES "1 to 64 letters, digits, _ or -"
#define TAVUS_ENCODE "one text; a table goes as tavus.encode(table)"

/* A shape of the fields `NAME_fields`. */
#define SHAPE(its, ...) \
  { .name = #its, .fields = its##_fields, .count = TAVUS_COUNT(its##_fields), \
    __VA_ARGS__ }

#define PUBLIC_URL .flags = TAVUS_PUBLIC_URL
#define LIST(array) .fields = array, .count = TAVUS_COUNT(array)
#define REQUIRED(its) { .kind = TAVUS_RULE_UNLESS, .error = true, .field = its, \
                        .message = its " is missing" }

#define DELETED .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE, \
  .done = WORDS("not_found")

/* A body with one text, `<its>_body`. */
#define TEXT_BODY(its, member, its_text, ...) \
  static const tavus_field its##_fields[] = { \
    { TAVUS_NAME(member), S, .generation = "?", .text = its_text, __VA_ARGS__ } \
  }; \
  static const tavus_rule its##_rules[] = { REQUIRED(member) }; \
  static const tavus_shape its##_shape = { \
    .name = #its, LIST(its##_fields), RULES(its##_rules) \
  }; \
  static const tavus_field its##_body = { \
    .types = TAVUS_OBJECT_TYPE, .shape = &its##_shape, .text = its_text \
  };

#endif
