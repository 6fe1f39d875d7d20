/* persona_layers.c - the layers of a persona: perception, conversational_flow and the
** small ones. llm is in persona_llm.c, tts and stt are in persona_speech.c. */
#include "rows.h"

/* --- perception --------------------------------------------------------- */

static const tavus_choice perception_models[] = {
  { "raven-1", NULL }, { "raven-2", NULL }, { "raven-0", NULL },
  { "off", NULL }, { "basic", "retired" }, { NULL, NULL }
};

/* Models without audio. They have their own names for some fields. */
static const char *const seeing_models[] = { "raven-0", "basic", NULL };

static const tavus_choice recognitions[] = {
  { "auto", NULL }, { "full", NULL }, { "limited", NULL }, { NULL, NULL }
};

static const tavus_field question = {
  S, .max_length = 10000, .text = "A question."
};

#define QUESTIONS .types = TAVUS_ARRAY_TYPE, .items = &question
#define TOOLS .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_tool, \
  .flags = TAVUS_PERCEPTION_TOOLS
#define PERCEPTION_TOOLS .types = TAVUS_ARRAY_TYPE, \
  .items = &tavus_field_perception_tool, \
  .flags = TAVUS_PERCEPTION_TOOLS
#define RENAMED(to) .generation = "G1, G2", .successor = to, \
  .home = "perception_model", .home_values = seeing_models

static const tavus_field perception_fields[] = {
  { TAVUS_NAME("ambient_awareness_queries"), QUESTIONS,
    RENAMED("visual_awareness_queries"),
    .text = "What to watch for (raven-0)." },
  { TAVUS_NAME("audio_awareness_queries"), QUESTIONS, .generation = "G3+",
    .text = "What to listen for all through the call (raven-1 and newer)." },
  { TAVUS_NAME("audio_tool_prompt"), S, .max_length = 10000, .generation = "G3+",
    .text = "When and how to use the audio tools." },
  { TAVUS_NAME("audio_tools"), PERCEPTION_TOOLS, .generation = "G3+",
    .text = "Tools that what is heard may call (raven-1 and newer)." },
  { TAVUS_NAME("emotion_recognition"), S, SURE(B), .choices = recognitions,
    .label = "a grade of emotion recognition", .generation = "G4+",
    .text = "How much emotion it reads; auto follows the policy of the call." },
  { TAVUS_NAME("perception_analysis_queries"), QUESTIONS, .generation = "G2+",
    .text = "Questions answered once, when the call is over." },
  { TAVUS_NAME("perception_model"), S, .choices = perception_models,
    .label = "a perception model", .generation = "G0+",
    .text = "What looks and listens; off for nothing." },
  { TAVUS_NAME("perception_tool_prompt"), S, .max_length = 10000,
    RENAMED("visual_tool_prompt"),
    .text = "When and how to use the perception tools (raven-0)." },
  { TAVUS_NAME("perception_tools"), TOOLS, RENAMED("visual_tools"),
    .text = "Tools that what is seen may call (raven-0)." },
  { TAVUS_NAME("screen_awareness_queries"), QUESTIONS, SURE(D), .generation = "?",
    .text = "What to watch for on a shared screen; unproven." },
  { TAVUS_NAME("screen_tools"), TOOLS, SURE(D), .generation = "?",
    .text = "Tools that a shared screen may call; unproven." },
  { TAVUS_NAME("tool_prompt"), S, SURE(B), .generation = "G0, G1",
    .deprecated = "gone", .successor = "visual_tool_prompt",
    .text = "When and how to use the tools (before raven-0)." },
  { TAVUS_NAME("visual_awareness_queries"), QUESTIONS, .generation = "G3+",
    .text = "What to watch for all through the call." },
  { TAVUS_NAME("visual_tool_prompt"), S, .max_length = 10000, .generation = "G3+",
    .text = "When and how to use the visual tools." },
  { TAVUS_NAME("visual_tools"), PERCEPTION_TOOLS, .generation = "G3+",
    .text = "Tools that what is seen may call." }
};

static const tavus_alias perception_aliases[] = {
  { "ambient_awareness", TO("visual_awareness_queries") },
  { "ambient_queries", TO("visual_awareness_queries") },
  { "analysis_queries", TO("perception_analysis_queries") },
  { "audio_awareness", TO("audio_awareness_queries") },
  { "audio_prompt", TO("audio_tool_prompt") },
  { "audio_queries", TO("audio_awareness_queries") },
  { "awareness_queries", TO("visual_awareness_queries") },
  { "enabled", SAY("perception_model = \"off\" turns the layer off: leave it out") },
  { "model", TO("perception_model") },
  { "perception_model_name", TO("perception_model") },
  { "prompt", TO("visual_tool_prompt") },
  { "queries", TO("visual_awareness_queries") },
  { "raven", TO("perception_model") },
  { "tools", TO("visual_tools") },
  { "vision_model", TO("perception_model") },
  { "vision_tools", TO("visual_tools") },
  { "visual_awareness", TO("visual_awareness_queries") },
  { "visual_prompt", TO("visual_tool_prompt") },
  { "visual_queries", TO("visual_awareness_queries") },
  { NULL, NULL, NULL }
};

static const tavus_shape perception = SHAPE(
  perception, .looks = "{ perception_model = \"raven-1\" }", .main = "perception_model",
  .aliases = perception_aliases, RULES(tavus_perception_rules));

/* --- conversational_flow ------------------------------------------------ */

static const tavus_choice turn_models[] = {
  { "sparrow-1", NULL }, { "sparrow-2", NULL }, { "sparrow-0", NULL },
  { "time-based", NULL }, { "timebased", NULL }, { NULL, NULL }
};

static const tavus_choice grades[] = {
  { "low", NULL }, { "medium", NULL }, { "high", NULL }, { NULL, NULL }
};

static const tavus_choice listenings[] = {
  { "off", NULL }, { "low", NULL }, { "medium", NULL }, { "high", NULL },
  { NULL, NULL }
};

static const tavus_choice interruptibilities[] = {
  { "low", NULL }, { "medium", NULL }, { "high", NULL }, { "verylow", NULL },
  { "none", NULL }, { NULL, NULL }
};

static const tavus_choice isolations[] = {
  { "off", NULL }, { "near", NULL }, { "far", NULL }, { NULL, NULL }
};

static const tavus_choice engagements[] = {
  { "off", NULL }, { "patient", NULL }, { "eager", NULL }, { NULL, NULL }
};

static const tavus_choice idle_ends[] = {
  { "wait", NULL }, { "end_conversation", NULL }, { NULL, NULL }
};

#define ONE_PHRASE S, SURE(B), .instead_of = TAVUS_ARRAY_TYPE, \
  .instead = "one phrase, not a list"

static const tavus_field conversational_flow_fields[] = {
  { TAVUS_NAME("active_listening"), S, SURE(B), .choices = listenings,
    .label = "a grade", .generation = "G2", .deprecated = "dropped",
    .text = "How much it shows that it listens." },
  { TAVUS_NAME("idle_end_behavior"), S, SURE(C), .choices = idle_ends,
    .label = "an idle end behavior", .generation = "G4",
    .text = "What happens when nobody speaks any more." },
  { TAVUS_NAME("idle_engagement"), S, .choices = engagements,
    .label = "an idle engagement", .generation = "G3+",
    .text = "How soon it breaks a silence; off by default." },
  { TAVUS_NAME("pal_interruptibility"), S, .choices = interruptibilities,
    .label = "an interruptibility", SURE(C), .generation = "G4",
    .twin = "replica_interruptibility", .flags = TAVUS_TWIN_ALLOWED,
    .text = "How easily it lets itself be interrupted, on /v2/pals." },
  { TAVUS_NAME("replica_interruptibility"), S, .choices = interruptibilities,
    .label = "an interruptibility", .generation = "G2+",
    .text = "How easily it lets itself be interrupted; medium by default." },
  { TAVUS_NAME("sleep_phrase"), ONE_PHRASE, .generation = "G5",
    .text = "After this phrase it answers no more, until the wake phrase." },
  { TAVUS_NAME("turn_commitment"), S, SURE(B), .choices = grades,
    .label = "a grade", .generation = "G2",
    .deprecated = "dropped from the schema",
    .text = "How firmly it keeps its turn." },
  { TAVUS_NAME("turn_detection_model"), S, .choices = turn_models,
    .label = "a turn detection model", .generation = "G2+",
    .text = "What decides that a speaker has finished." },
  { TAVUS_NAME("turn_taking_patience"), S, .choices = grades, .label = "a grade",
    .generation = "G2+",
    .text = "How long it waits before it answers; medium by default." },
  { TAVUS_NAME("voice_isolation"), S, .choices = isolations,
    .label = "a voice isolation", .generation = "G3+",
    .text = "Which voices it hears; near by default." },
  { TAVUS_NAME("wake_phrase"), ONE_PHRASE, .generation = "G3+",
    .text = "It answers only after this phrase; null for always." }
};

static const tavus_alias conversational_flow_aliases[] = {
  { "denoise", TO("voice_isolation") },
  { "idle_timeout", TO("idle_engagement") },
  { "interruptibility", TO("replica_interruptibility") },
  { "interruptible", TO("replica_interruptibility") },
  { "interruption_sensitivity", TO("replica_interruptibility") },
  { "interruptions", TO("replica_interruptibility") },
  { "model", TO("turn_detection_model") },
  { "noise_cancellation", TO("voice_isolation") },
  { "noise_suppression", TO("voice_isolation") },
  { "participant_interrupt_sensitivity", SAY("replica_interruptibility takes its "
                                             "place here") },
  { "participant_pause_sensitivity",
    SAY("turn_taking_patience takes its place here: high sensitivity is low patience") },
  { "patience", TO("turn_taking_patience") },
  { "responsiveness", TO("turn_taking_patience") },
  { "smart_turn_detection", SAY("turn_detection_model takes its place here") },
  { "turn_detection", TO("turn_detection_model") },
  { "turn_patience", TO("turn_taking_patience") },
  { "turn_taking", TO("turn_taking_patience") },
  { "sleep_phrases", TO("sleep_phrase") },
  { "sleep_word", TO("sleep_phrase") },
  { "wake_phrases", TO("wake_phrase") },
  { "wake_word", TO("wake_phrase") },
  { NULL, NULL, NULL }
};

static const tavus_shape conversational_flow = SHAPE(
  conversational_flow, .looks = "{ turn_taking_patience = \"medium\" }",
  .main = "turn_detection_model", .aliases = conversational_flow_aliases,
  RULES(tavus_flow_rules));

/* --- the others, and all together ---------------------------------------- */

static const tavus_choice transports[] = {
  { "livekit", NULL }, { "daily", NULL }, { NULL, NULL }
};

static const tavus_field transport_fields[] = {
  { TAVUS_NAME("transport_type"), S, SURE(C), .choices = transports,
    .label = "a transport", .generation = "G1+",
    .text = "What carries the call." }
};

static const tavus_shape transport = SHAPE(transport,
  .looks = "{ transport_type = \"livekit\" }", .main = "transport_type", .other = NULL);

static const tavus_field conferencing_fields[] = {
  { TAVUS_NAME("allowlist"), STRINGS, SURE(B), .generation = "G4+",
    .text = "E-mail addresses that may invite it; empty: all." },
  { TAVUS_NAME("username"), S, SURE(B), .generation = "G4+",
    .text = "Its name in meetings: USERNAME@tavusinvite.com." }
};

static const tavus_alias conferencing_aliases[] = {
  { "allow_list", TO("allowlist") },
  { "allowed", TO("allowlist") },
  { "email", SAY("it follows from username: USERNAME@tavusinvite.com") },
  { "emails", TO("allowlist") },
  { "name", TO("username") },
  { "whitelist", TO("allowlist") },
  { NULL, NULL, NULL }
};

static const tavus_shape conferencing = SHAPE(
  conferencing, .looks = "{ username = \"anna\" }", .main = "username",
  .aliases = conferencing_aliases);

static const tavus_field vqa_fields[] = {
  { TAVUS_NAME("enabled"), .types = TAVUS_BOOLEAN, .flags = TAVUS_WORD_BOOLEAN,
    SURE(B), .generation = "G0", .text = "Whether it sees." }
};

static const tavus_shape vqa = SHAPE(vqa, .looks = "{ enabled = true }", .other = NULL);

static const tavus_field layers_fields[] = {
  { TAVUS_NAME("conferencing"), OBJECT_OF(conferencing), SURE(B), .generation = "G4+",
    .text = "Who it is in meetings; patched alone." },
  { TAVUS_NAME("conversational_flow"), OBJECT_OF(conversational_flow),
    .generation = "G2+", .text = "Who speaks when." },
  { TAVUS_NAME("llm"), OBJECT_OF(tavus_shape_llm), .generation = "G0+",
    .text = "The language model." },
  { TAVUS_NAME("perception"), OBJECT_OF(perception), .generation = "G0+",
    .text = "What it sees and hears beside the words." },
  { TAVUS_NAME("stt"), OBJECT_OF(tavus_shape_stt), .generation = "G0+",
    .text = "Speech to text." },
  { TAVUS_NAME("transport"), OBJECT_OF(transport), SURE(C), .generation = "G1+",
    .text = "What carries the call, in echo mode." },
  { TAVUS_NAME("tts"), OBJECT_OF(tavus_shape_tts), .generation = "G0+",
    .text = "Text to speech." },
  { TAVUS_NAME("vqa"), OBJECT_OF(vqa), SURE(B), .generation = "G0",
    .deprecated = "retired", .successor = "perception",
    .hint = "use perception: { perception_model = \"raven-1\" }",
    .text = "What it saw before perception." }
};

static const tavus_alias layers_aliases[] = {
  { "asr", TO("stt") },
  { "conversation_flow", TO("conversational_flow") },
  { "custom_llm", TO("llm") },
  { "flow", TO("conversational_flow") },
  { "guardrails", TO("/guardrail_ids") },
  { "language_model", TO("llm") },
  { "model", TO("llm/model") },
  { "model", TO("llm") },
  { "objectives", TO("/objectives_id") },
  { "speech", TO("tts") },
  { "speech_to_text", TO("stt") },
  { "text_to_speech", TO("tts") },
  { "transcriber", TO("stt") },
  { "transcription", TO("stt") },
  { "turn", TO("conversational_flow") },
  { "turn_detection", TO("conversational_flow") },
  { "turn_taking", TO("conversational_flow") },
  { "vision", TO("perception") },
  { "voice", TO("tts") },
  { "voice", SAY(TAVUS_OF_VOICE) },
  { NULL, NULL, NULL }
};

const tavus_shape tavus_shape_layers = SHAPE(layers,
  .looks = "{ llm = { model = \"tavus-gpt-oss\" } }", .aliases = layers_aliases);
