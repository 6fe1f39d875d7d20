/* conversation_calls.c - bodies of calls on a running conversation: app messages, and
** interactions with a canvas. */
#include "rows.h"

static const tavus_choice message_types[] = { { "conversation", NULL }, { NULL, NULL } };

static const tavus_field app_message_fields[] = {
  { TAVUS_NAME("conversation_id"), S, .generation = "G5", .id_of = "conversation",
    .text = "The conversation; the path has it, too." },
  { TAVUS_NAME("event_type"), S, SURE(B), .generation = "G5",
    .text = "What it is, as in conversation.respond; an unknown one goes to the room." },
  { TAVUS_NAME("message_type"), S, SURE(B), .generation = "G5",
    .choices = message_types, .label = "a message type", .text = "conversation." },
  { TAVUS_NAME("properties"), O, SURE(B), .generation = "G5",
    .text = "What belongs to the event, as in { text = \"...\" }." }
};

static const tavus_alias app_message_aliases[] = {
  { "context", SAY("belongs under properties") },
  { "event", TO("event_type") },
  { "output", SAY("belongs under properties") },
  { "text", SAY("belongs under properties") },
  { "tool_call_id", SAY("belongs under properties") },
  { "type", TO("event_type") },
  { NULL, NULL, NULL }
};

#define EVENT(its) "conversation." its
#define NEEDS(its, what, how, ...) \
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "properties", .when = "event_type", \
    .values = WORDS(EVENT(its)), .message = EVENT(its) " needs " what, .hint = how }, \
  { .kind = TAVUS_RULE_INSIDE, .error = true, .field = "properties", \
    .fields = WORDS(__VA_ARGS__), .when = "event_type", .values = WORDS(EVENT(its)), \
    .message = EVENT(its) " needs " what, .hint = how }

static const tavus_rule app_message_rules[] = {
  NEEDS("append_llm_context", "a context", "properties = { context = \"...\" }",
        "context"),
  NEEDS("overwrite_llm_context", "a context", "properties = { context = \"...\" }",
        "context"),
  NEEDS("respond", "a text", "properties = { text = \"...\" }", "text"),
  NEEDS("tool_result", "tool_call_id, as in the call, and output",
        "properties = { tool_call_id = \"...\", output = \"...\" }", "tool_call_id",
        "output"),
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "event_type",
    .message = "event_type is missing",
    .hint = "as in event_type = \"conversation.respond\"" },
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "message_type",
    .message = "message_type is missing",
    .hint = "write message_type = \"conversation\"" }
};

static const tavus_shape app_message =
  SHAPE(app_message, .aliases = app_message_aliases, RULES(app_message_rules));

const tavus_field tavus_field_app_message = {
  OBJECT_OF(app_message), .text = "A message to a running conversation."
};

static const tavus_choice interactions[] = {
  { "submit", NULL }, { "skip", NULL }, { "dismiss", NULL }, { "clear", NULL },
  { "error", NULL }, { "heartbeat", NULL }, { NULL, NULL }
};

static const tavus_field canvas_interaction_fields[] = {
  { TAVUS_NAME("component"), S, SURE(B), .generation = "G4+",
    .text = "What was used, as in canvas.question." },
  { TAVUS_NAME("component_version"), S, SURE(B), .generation = "G4+", .text = "v1." },
  { TAVUS_NAME("conversation_id"), S, READ_ONLY, .generation = "G4+",
    .text = "The conversation." },
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "G4+",
    .text = "When it was recorded." },
  { TAVUS_NAME("interaction_id"), S, SURE(B), .generation = "G4+", .max_length = 128,
    .text = "By which a repeat is known." },
  { TAVUS_NAME("metadata"), O, SURE(B), .generation = "G4+", .text = "Of your own." },
  { TAVUS_NAME("tool_call_id"), S, SURE(B), .generation = "G4+", .max_length = 128,
    .text = "The call of the canvas that it answers." },
  { TAVUS_NAME("type"), S, SURE(B), .generation = "G4+", .choices = interactions,
    .label = "an interaction", .text = "What the user did." },
  { TAVUS_NAME("value"), .types = TAVUS_ANY, SURE(B), .generation = "G4+",
    .text = "What the user entered; its form depends on the component." }
};

#define NEEDED(name, how) \
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = name, \
    .message = name " is missing", .hint = how }

static const tavus_rule canvas_interaction_rules[] = {
  NEEDED("interaction_id", "a text of your own that a repeat has again"),
  NEEDED("tool_call_id", "the id of the canvas call, from its event"),
  NEEDED("component", "as in component = \"canvas.question\""),
  NEEDED("type", "submit, skip, dismiss, clear, error or heartbeat")
};

static const tavus_shape canvas_interaction =
  SHAPE(canvas_interaction, RULES(canvas_interaction_rules));

const tavus_field tavus_field_canvas_interaction = {
  OBJECT_OF(canvas_interaction), .text = "What a user did on a canvas."
};
