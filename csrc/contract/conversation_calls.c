/* conversation_calls.c - bodies of calls on a running conversation: app messages, and
** interactions with a canvas. */
#include "rows.h"

/* --- messages to the persona: `properties` by the event --- */

static const tavus_choice message_types[] = { { "conversation", NULL }, { NULL, NULL } };
static const tavus_choice modalities[] = {
  { "text", NULL }, { "audio", NULL }, { NULL, NULL }
};
static const tavus_choice sensitivities[] = {
  { "superlow", NULL }, { "verylow", NULL }, { "low", NULL }, { "medium", NULL },
  { "high", NULL }, { "auto", NULL }, { NULL, NULL }
};
static const tavus_choice statuses[] = {
  { "success", NULL }, { "error", NULL }, { NULL, NULL }
};
static const tavus_choice emotions[] = {
  { "neutral", NULL }, { "happiness", NULL }, { "sadness", NULL }, { "anger", NULL },
  { "fear", NULL }, { "surprise", NULL }, { "disgust", NULL }, { "contempt", NULL },
  { NULL, NULL }
};

static const tavus_field echo_fields[] = {
  { TAVUS_NAME("audio"), S, .generation = "<=G3", .text = "A part of the sound, base64." },
  { TAVUS_NAME("done"), B, .generation = "<=G3",
    .text = "Whether it is the last part; true by default for text, false for audio." },
  { TAVUS_NAME("inference_id"), S, .generation = "<=G3",
    .text = "The same in all parts of one speech." },
  { TAVUS_NAME("modality"), S, .generation = "<=G3", .choices = modalities,
    .flags = TAVUS_CLOSED, .label = "a modality", .text = "text (default) or audio." },
  { TAVUS_NAME("sample_rate"), I, .generation = "<=G3", .has_minimum = true, .minimum = 1,
    .text = "Of the audio, 16000 by default." },
  { TAVUS_NAME("text"), S, .generation = "<=G3", .text = "What the persona says." }
};

static const tavus_rule echo_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "text", .when = "modality",
    .values = WORDS("audio"), .message = "an echo needs a text",
    .hint = "or modality = \"audio\" and audio" },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "audio", .when = "modality",
    .values = WORDS("audio"), .message = "audio is missing" },
  { .kind = TAVUS_RULE_WHEN, .field = "inference_id", .when = "modality",
    .values = WORDS("audio"), .message = "the parts of one speech have one inference_id" }
};

static const tavus_rule text_rules[] = { REQUIRED("text") };
static const tavus_rule context_rules[] = { REQUIRED("context") };

static const tavus_field text_fields[] = {
  { TAVUS_NAME("text"), S, .generation = "<=G3", .text = "What the visitor says." }
};

static const tavus_field context_fields[] = {
  { TAVUS_NAME("context"), S, .generation = "<=G3", .text = "What the model shall know." },
  { TAVUS_NAME("job_status"), S, .generation = "<=G3",
    .text = "completed, after a tool call." }
};

#define SENSITIVITY(which) \
  { TAVUS_NAME("participant_" which "_sensitivity"), S, .generation = "<=G3", \
    .choices = sensitivities, .flags = TAVUS_CLOSED, .label = "a sensitivity", \
    .text = "How easily the persona takes a " which " of the visitor." }

static const tavus_field sensitivity_fields[] = {
  SENSITIVITY("interrupt"), SENSITIVITY("pause")
};

#define BOTH "participant_interrupt_sensitivity", "participant_pause_sensitivity"

static const tavus_rule sensitivity_rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .fields = WORDS(BOTH),
    .field = "participant_pause_sensitivity",
    .message = "conversation.sensitivity needs one of participant_pause_sensitivity and "
    "participant_interrupt_sensitivity" },
  { .kind = TAVUS_RULE_NOT_WITH, .fields = WORDS("participant_pause_sensitivity"),
    .when = "participant_interrupt_sensitivity",
    .message = "one message sets one sensitivity", .hint = "send two messages" }
};

static const tavus_field tool_result_fields[] = {
  { TAVUS_NAME("name"), S, SURE(C), .generation = "G4+", .text = "Of the tool." },
  { TAVUS_NAME("output"), .types = TAVUS_STRING | TAVUS_OBJECT_TYPE, SURE(B),
    .generation = "G4+", .text = "The result; an object is sent as JSON text." },
  { TAVUS_NAME("status"), S, SURE(B), .generation = "G4+", .choices = statuses,
    .flags = TAVUS_CLOSED, .label = "a status", .text = "success (default) or error." },
  { TAVUS_NAME("tool_call_id"), S, SURE(B), .generation = "G4+", .text = "As in the call." }
};

#define TOOL_RESULT_NEEDS "conversation.tool_result needs tool_call_id, as in the call, " \
  "and output"

static const tavus_rule tool_result_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "tool_call_id",
    .message = TOOL_RESULT_NEEDS },
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .field = "output", .fields = WORDS("output"),
    .message = TOOL_RESULT_NEEDS }
};

static const tavus_field emotion_fields[] = {
  { TAVUS_NAME("emotion"), S, SURE(D), .generation = "G5", .choices = emotions,
    .label = "an emotion", .text = "Stays until the next one.",
    .hint = "the documents name the emotions, and not the member that holds them" }
};

static const tavus_shape interrupt_properties = {
  .name = "interrupt_properties", .looks = "{}", .other = &tavus_field_anything
};

/* The row of `properties` of one event. */
#define PROPERTIES_OF(its, its_text, its_looks, ...) \
  static const tavus_shape its##_properties = { \
    .name = #its "_properties", LIST(its##_fields), .looks = its_looks, __VA_ARGS__ \
  }; \
  static const tavus_field its##_row = { \
    OBJECT_OF(its##_properties), .generation = "<=G3", .text = its_text \
  }

PROPERTIES_OF(echo, "What the persona says.", "{ text = \"...\" }", RULES(echo_rules));
PROPERTIES_OF(text, "What the visitor says.", "{ text = \"...\" }", RULES(text_rules));
PROPERTIES_OF(context, "What the model knows.", "{ context = \"...\" }",
              RULES(context_rules));
PROPERTIES_OF(sensitivity, "How easily the persona is interrupted.",
              "{ participant_pause_sensitivity = \"low\" }", RULES(sensitivity_rules));
PROPERTIES_OF(tool_result, "The result of a tool call.",
              "{ tool_call_id = \"...\", output = \"...\" }", RULES(tool_result_rules));
PROPERTIES_OF(emotion, "How the persona looks and sounds.",
              "{ emotion = \"happiness\" }", .other = NULL);

static const tavus_field interrupt_row = {
  OBJECT_OF(interrupt_properties), .generation = "<=G3", .text = "None."
};

#define EVENT(its) "conversation." its

static const tavus_variant by_event[] = {
  { EVENT("append_llm_context"), &context_row },
  { EVENT("echo"), &echo_row },
  { EVENT("interrupt"), &interrupt_row },
  { EVENT("overwrite_llm_context"), &context_row },
  { EVENT("respond"), &text_row },
  { EVENT("sensitivity"), &sensitivity_row },
  { EVENT("set_emotion"), &emotion_row },
  { EVENT("tool_result"), &tool_result_row },
  { NULL, NULL }
};

static const tavus_choice events[] = {
  { EVENT("respond"), NULL }, { EVENT("echo"), NULL }, { EVENT("interrupt"), NULL },
  { EVENT("append_llm_context"), NULL }, { EVENT("overwrite_llm_context"), NULL },
  { EVENT("sensitivity"), NULL }, { EVENT("tool_result"), NULL },
  { EVENT("set_emotion"), NULL }, { EVENT("objective.confirm"), NULL },
  { EVENT("realtime_api"), "is no longer understood" }, { NULL, NULL }
};

static const tavus_alias event_words[] = {
  { EVENT("append_context"), TO(EVENT("append_llm_context")) },
  { EVENT("overwrite_context"), TO(EVENT("overwrite_llm_context")) },
  { EVENT("say"), TO(EVENT("echo")) },
  { EVENT("speak"), TO(EVENT("echo")) },
  { EVENT("tool_response"), TO(EVENT("tool_result")) },
  { NULL, NULL, NULL }
};

static const tavus_field app_message_fields[] = {
  { TAVUS_NAME("conversation_id"), S, .generation = "G5", .id_of = "conversation",
    .text = "The conversation; the path has it, too." },
  { TAVUS_NAME("event_type"), S, SURE(B), .generation = "G5", .choices = events,
    .choices_of = EVENT(""), .words = event_words, .label = "an event",
    .text = "What it is, as in conversation.respond; an unknown one goes to the room." },
  { TAVUS_NAME("message_type"), S, SURE(B), .generation = "G5",
    .choices = message_types, .label = "a message type", .text = "conversation." },
  { TAVUS_NAME("properties"), O, SURE(B), .generation = "G5",
    .variant_by = "event_type", .variants = by_event,
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

#define NEEDS(its, what, how) \
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "properties", .when = "event_type", \
    .values = WORDS(EVENT(its)), .message = EVENT(its) " needs " what, \
    .hint = "properties = " how }

static const tavus_rule app_message_rules[] = {
  NEEDS("append_llm_context", "a context", "{ context = \"...\" }"),
  NEEDS("echo", "a text, or audio", "{ text = \"...\" }"),
  NEEDS("overwrite_llm_context", "a context", "{ context = \"...\" }"),
  NEEDS("respond", "a text", "{ text = \"...\" }"),
  NEEDS("sensitivity", "a sensitivity", "{ participant_pause_sensitivity = \"low\" }"),
  NEEDS("set_emotion", "an emotion", "{ emotion = \"happiness\" }"),
  NEEDS("tool_result", "tool_call_id, as in the call, and output",
        "{ tool_call_id = \"...\", output = \"...\" }"),
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
