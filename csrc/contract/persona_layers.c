/* persona_layers.c - the layers of a persona. */
#include "contract.h"

#define S .types = TAVUS_STRING
#define B .types = TAVUS_BOOLEAN
#define N .types = TAVUS_NUMBER
#define OBJECT_OF(its) .types = TAVUS_OBJECT_TYPE, .shape = &its
#define SURE(grade) .sure = TAVUS_SURE_##grade
#define MEAN(name) "did you mean \"" name "\"?"
#define USE_FLOW(name) "use conversational_flow." name
#define RULES(list) .rules = list, .rule_count = TAVUS_COUNT(list)
#define SHAPE(its, ...) \
  { .name = #its, .fields = its##_fields, .count = TAVUS_COUNT(its##_fields), \
    __VA_ARGS__ }

/* --- llm ---------------------------------------------------------------- */

static const tavus_choice models[] = {
  { "tavus-gpt-oss", NULL },
  { "tavus-gemma-4", NULL },
  { "tavus-gemma-4-thinking", NULL },
  { "tavus-gpt-5.2", NULL },
  { "tavus-gemini-3-flash", NULL },
  { "tavus-gemini-2.5-flash", NULL },
  { "tavus-claude-haiku-4.5", NULL },
  { "tavus-glm-4.7", "reported deprecated in 2026" },
  { "tavus-gpt-4.1", "deprecated since February 2026" },
  { "tavus-gpt-4o", "deprecated since February 2026" },
  { "tavus-gpt-4o-mini", "deprecated since February 2026" },
  { "tavus-llama-4", "seen in 2025, in no list since" },
  { "tavus-llama", "removed in December 2025" },
  { NULL, NULL }
};

#define OF_ONE "seen in one program, named in no document"

static const tavus_alias model_words[] = {
  { "tavus-gpt-5.6-sol", OF_ONE },
  { "tavus-gpt-5.6-terra", OF_ONE },
  { NULL, NULL }
};

static const tavus_shape headers = {
  .name = "headers", .other = &tavus_field_secret
};

static const tavus_shape query = {
  .name = "default_query", .other = &tavus_field_secret_any
};

/* Ranges and types of hosted models. A custom llm may take other values, so nothing here
** is an error. */
static const tavus_field extra_body_fields[] = {
  { TAVUS_NAME("temperature"), N, SURE(C), .generation = "G1+", .has_minimum = true,
    .has_maximum = true, .maximum = 2,
    .text = "How freely the model words its answers, 0 to 2." },
  { TAVUS_NAME("top_p"), N, SURE(C), .generation = "G1+", .has_minimum = true,
    .has_maximum = true, .maximum = 1,
    .text = "Share of the likeliest words to draw from, 0 to 1." }
};

static const tavus_shape extra_body = SHAPE(
  extra_body, .other = &tavus_field_anything);

static const tavus_field llm_fields[] = {
  { TAVUS_NAME("api_key"), S, .flags = TAVUS_SECRET, .generation = "G0+",
    .text = "Key of a custom llm; again in each patch that rewrites the layer." },
  { TAVUS_NAME("base_url"), S, .flags = TAVUS_APPENDED,
    .appended = "/chat/completions", .generation = "G0+",
    .text = "Root of an OpenAI-compatible API, without /chat/completions." },
  { TAVUS_NAME("default_query"), OBJECT_OF(query), SURE(B), .generation = "G2+",
    .text = "Query parameters of every call to a custom llm." },
  { TAVUS_NAME("extra_body"), OBJECT_OF(extra_body), .generation = "G1+",
    .text = "More members for the body of the call to the model." },
  { TAVUS_NAME("headers"), OBJECT_OF(headers), .generation = "G1+",
    .text = "Headers of every call to a custom llm." },
  { TAVUS_NAME("model"), S, .choices = models,
    .words = model_words, .label = "a hosted llm",
    .custom = "base_url", .generation = "G0+",
    .text = "Name of a hosted model, or the custom llm's own." },
  { TAVUS_NAME("speculative_inference"), B, .generation = "G1+",
    .text = "Begin to answer before the speaker has finished." },
  { TAVUS_NAME("tools"), .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_tool,
    .generation = "G0+", .text = "Functions the model may call." }
};

static const tavus_alias llm_aliases[] = {
  { "api_base", MEAN("base_url") },
  { "endpoint", MEAN("base_url") },
  { "frequency_penalty", "belongs under extra_body" },
  { "functions", MEAN("tools") },
  { "key", MEAN("api_key") },
  { "llm_model", MEAN("model") },
  { "max_completion_tokens", "belongs under extra_body" },
  { "max_tokens", "belongs under extra_body" },
  { "model_name", MEAN("model") },
  { "name", MEAN("model") },
  { "presence_penalty", "belongs under extra_body" },
  { "prompt", "belongs at the top level, as system_prompt" },
  { "reasoning_effort", "belongs under extra_body" },
  { "seed", "belongs under extra_body" },
  { "stop", "belongs under extra_body" },
  { "tool_choice", "belongs under extra_body" },
  { "top_k", "belongs under extra_body" },
  { "url", MEAN("base_url") },
  { NULL, NULL }
};

static const tavus_shape llm = SHAPE(
  llm, .aliases = llm_aliases, RULES(tavus_llm_rules));

/* --- tts ---------------------------------------------------------------- */

static const tavus_choice tts_engines[] = {
  { "cartesia", NULL }, { "elevenlabs", NULL }, { "azure", NULL },
  { "playht", "removed in January 2026" }, { NULL, NULL }
};

static const tavus_alias tts_words[] = {
  { "tavus-auto",
    "seen in programs, named in no document: leave it out for the default" },
  { NULL, NULL }
};

static const tavus_choice emotions[] = {
  { "anger", NULL }, { "curiosity", NULL }, { "positivity", NULL },
  { "sadness", NULL }, { "surprise", NULL }, { NULL, NULL }
};

static const tavus_choice speeds[] = {
  { "slowest", NULL }, { "slow", NULL }, { "normal", NULL }, { "fast", NULL },
  { "fastest", NULL }, { NULL, NULL }
};

static const tavus_field emotion = {
  S, SURE(B), .flags = TAVUS_LEVELS, .choices = emotions, .label = "an emotion",
  .text = "A name, or name:level with low, medium or high."
};

#define SHARE .has_minimum = true, .has_maximum = true, .maximum = 1

static const tavus_field voice_settings_fields[] = {
  { TAVUS_NAME("emotion"), .types = TAVUS_ARRAY_TYPE, .items = &emotion, SURE(B),
    .generation = "G0+", .text = "Emotions in the voice (older sonic models)." },
  { TAVUS_NAME("similarity_boost"), N, SHARE, .generation = "G0+",
    .text = "How close to the original voice (ElevenLabs), 0 to 1." },
  { TAVUS_NAME("speed"), .types = TAVUS_NUMBER | TAVUS_STRING, .generation = "G0+",
    .choices = speeds, .label = "a speed",
    .text = "A number or a word such as normal; the range is the engine's." },
  { TAVUS_NAME("stability"), N, SHARE, .generation = "G0+",
    .text = "How even the voice is (ElevenLabs), 0 to 1." },
  /* Certain for ElevenLabs only; the styles of azure have names. */
  { TAVUS_NAME("style"), N, SHARE, SURE(C), .generation = "G0+",
    .text = "How exaggerated the style is (ElevenLabs), 0 to 1." },
  { TAVUS_NAME("use_speaker_boost"), B, .generation = "G0+",
    .text = "Bring out the speaker (ElevenLabs)." },
  { TAVUS_NAME("volume"), N, SURE(B), .generation = "G2+",
    .text = "Loudness (sonic-3)." }
};

static const tavus_shape voice_settings = SHAPE(
  voice_settings, .other = &tavus_field_anything);

static const tavus_field tts_fields[] = {
  { TAVUS_NAME("api_key"), S, .flags = TAVUS_SECRET, .generation = "G0+",
    .text = "Key of the voice provider, for private voices." },
  { TAVUS_NAME("external_voice_id"), S, .generation = "G0+",
    .text = "The voice's id at its provider." },
  { TAVUS_NAME("playht_user_id"), S, .generation = "G0, G1",
    .deprecated = "PlayHT was removed in January 2026",
    .text = "Account at PlayHT." },
  { TAVUS_NAME("pronunciation_dictionary_id"), S, SURE(B), .generation = "G3+",
    .text = "How to say certain words; empty detaches it." },
  { TAVUS_NAME("tts_emotion_control"), B, .flags = TAVUS_WORD_BOOLEAN,
    .generation = "G0+", .text = "Let the voice show emotion." },
  { TAVUS_NAME("tts_engine"), S, .choices = tts_engines,
    .words = tts_words, .label = "a TTS engine",
    .generation = "G0+", .text = "Who speaks; cartesia by default." },
  { TAVUS_NAME("tts_model_name"), S, .generation = "G0+",
    .text = "The provider's model; none with azure." },
  { TAVUS_NAME("voice_id"), S, SURE(D), .generation = "G4",
    .hint = MEAN("external_voice_id"),
    .text = "A voice of Tavus' own list; a provider's goes to "
            "external_voice_id." },
  { TAVUS_NAME("voice_settings"), OBJECT_OF(voice_settings), .generation = "G0+",
    .text = "Settings of the voice; which ones is the engine's." }
};

static const tavus_alias tts_aliases[] = {
  { "cartesia_voice_id", MEAN("external_voice_id") },
  { "elevenlabs_voice_id", MEAN("external_voice_id") },
  { "engine", MEAN("tts_engine") },
  { "language", "is a property of a conversation" },
  { "model", MEAN("tts_model_name") },
  { "model_id", MEAN("tts_model_name") },
  { "playht_voice_id", MEAN("external_voice_id") },
  { "provider", MEAN("tts_engine") },
  { "tts_voice_id", MEAN("external_voice_id") },
  { "voice", MEAN("external_voice_id") },
  { NULL, NULL }
};

static const tavus_shape tts = SHAPE(
  tts, .aliases = tts_aliases, RULES(tavus_tts_rules));

/* --- stt ---------------------------------------------------------------- */

static const tavus_choice stt_engines[] = {
  { "tavus-auto", NULL }, { "tavus-parakeet", NULL }, { "tavus-soniox", NULL },
  { "tavus-whisper", NULL }, { "tavus-deepgram-medical", NULL },
  { "tavus-advanced", "deprecated since March 2026" },
  { "tavus-turbo", "retired" }, { NULL, NULL }
};

static const tavus_choice sensitivities[] = {
  { "superlow", NULL }, { "verylow", NULL }, { "low", NULL },
  { "medium", NULL }, { "high", NULL }, { NULL, NULL }
};

static const tavus_field stt_fields[] = {
  { TAVUS_NAME("diarization"), .types = TAVUS_ANY, SURE(D), .generation = "?",
    .text = "Tell speakers apart; a Deepgram name, unproven." },
  { TAVUS_NAME("hotwords"), S, .generation = "G0+",
    .text = "Words to listen for, as one text." },
  { TAVUS_NAME("language"), .types = TAVUS_ANY, SURE(D), .generation = "?",
    .hint = "is a property of a conversation",
    .text = "Language; a Deepgram name, unproven." },
  { TAVUS_NAME("participant_interrupt_sensitivity"), S, .choices = sensitivities,
    .label = "a sensitivity", .generation = "G0 to G2",
    .deprecated = "moved to conversational_flow",
    .successor = "conversational_flow.replica_interruptibility",
    .text = "How easily a participant interrupts." },
  { TAVUS_NAME("participant_pause_sensitivity"), S, .choices = sensitivities,
    .label = "a sensitivity", .generation = "G0 to G2",
    .deprecated = "moved to conversational_flow",
    .successor = "conversational_flow.turn_taking_patience",
    .text = "How soon a pause counts as the end of a turn." },
  { TAVUS_NAME("smart_format"), .types = TAVUS_ANY, SURE(D), .generation = "?",
    .text = "Format numbers and dates; a Deepgram name, unproven." },
  { TAVUS_NAME("smart_turn_detection"), B, .generation = "G0 to G2",
    .deprecated = "legacy", .successor = "conversational_flow.turn_detection_model",
    .text = "Find the end of a turn with sparrow-0." },
  { TAVUS_NAME("stt_engine"), S, .choices = stt_engines,
    .label = "an STT engine",
    .generation = "G0+", .text = "Who listens; tavus-auto by default." }
};

static const tavus_alias stt_aliases[] = {
  { "engine", MEAN("stt_engine") },
  { "interrupt_sensitivity", USE_FLOW("replica_interruptibility") },
  { "keywords", MEAN("hotwords") },
  { "model", MEAN("stt_engine") },
  { "pause_sensitivity", USE_FLOW("turn_taking_patience") },
  { "provider", MEAN("stt_engine") },
  { "smart_turn", USE_FLOW("turn_detection_model") },
  { "stt_model", MEAN("stt_engine") },
  { "turn_detection", USE_FLOW("turn_detection_model") },
  { "vocabulary", MEAN("hotwords") },
  { NULL, NULL }
};

static const tavus_shape stt = SHAPE(
  stt, .aliases = stt_aliases, RULES(tavus_stt_rules));

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
#define PERCEPTION_TOOLS .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_perception_tool, \
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
  { TAVUS_NAME("emotion_recognition"), S, SURE(C), .choices = recognitions,
    .label = "a grade of emotion recognition", .generation = "G4",
    .text = "How much emotion it reads in faces." },
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
  { "ambient_awareness", MEAN("visual_awareness_queries") },
  { "ambient_queries", MEAN("visual_awareness_queries") },
  { "audio_queries", MEAN("audio_awareness_queries") },
  { "awareness_queries", MEAN("visual_awareness_queries") },
  { "enabled", "perception_model off turns the layer off" },
  { "model", MEAN("perception_model") },
  { "perception_model_name", MEAN("perception_model") },
  { "prompt", MEAN("visual_tool_prompt") },
  { "queries", MEAN("visual_awareness_queries") },
  { "tools", MEAN("visual_tools") },
  { "vision_tools", MEAN("visual_tools") },
  { "visual_queries", MEAN("visual_awareness_queries") },
  { NULL, NULL }
};

static const tavus_shape perception = SHAPE(
  perception, .aliases = perception_aliases, RULES(tavus_perception_rules));

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
  { "end_conversation", NULL }, { "wait", NULL }, { NULL, NULL }
};

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
    .label = "an interruptibility", .generation = "G4",
    .twin = "replica_interruptibility",
    .text = "How easily it lets itself be interrupted, on /v2/pals." },
  { TAVUS_NAME("replica_interruptibility"), S, .choices = interruptibilities,
    .label = "an interruptibility", .generation = "G2+",
    .text = "How easily it lets itself be interrupted; medium by default." },
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
  { TAVUS_NAME("wake_phrase"), S, SURE(B), .generation = "G3+",
    .instead_of = TAVUS_ARRAY_TYPE, .instead = "one phrase, not a list",
    .text = "It answers only after this phrase; null for always." }
};

static const tavus_alias conversational_flow_aliases[] = {
  { "interruptibility", MEAN("replica_interruptibility") },
  { "interruptible", MEAN("replica_interruptibility") },
  { "model", MEAN("turn_detection_model") },
  { "participant_interrupt_sensitivity",
    "replica_interruptibility takes its place here" },
  { "participant_pause_sensitivity",
    "turn_taking_patience takes its place here: high sensitivity is low "
    "patience" },
  { "patience", MEAN("turn_taking_patience") },
  { "smart_turn_detection", "turn_detection_model takes its place here" },
  { "turn_patience", MEAN("turn_taking_patience") },
  { "wake_phrases", MEAN("wake_phrase") },
  { "wake_word", MEAN("wake_phrase") },
  { NULL, NULL }
};

static const tavus_shape conversational_flow = SHAPE(
  conversational_flow, .aliases = conversational_flow_aliases,
  RULES(tavus_flow_rules));

/* --- the others, and all together ---------------------------------------- */

static const tavus_choice transports[] = {
  { "daily", NULL }, { "livekit", NULL }, { NULL, NULL }
};

static const tavus_field transport_fields[] = {
  { TAVUS_NAME("transport_type"), S, SURE(C), .choices = transports,
    .label = "a transport", .generation = "G1+",
    .text = "What carries the call." }
};

static const tavus_shape transport = SHAPE(transport, .other = NULL);

static const tavus_field conferencing_fields[] = {
  { TAVUS_NAME("username"), S, SURE(B), .generation = "G4",
    .text = "Its name in meetings." }
};

static const tavus_shape conferencing = SHAPE(
  conferencing, .other = &tavus_field_anything);

static const tavus_field vqa_fields[] = {
  { TAVUS_NAME("enabled"), .types = TAVUS_BOOLEAN, .flags = TAVUS_WORD_BOOLEAN,
    SURE(B), .generation = "G0", .text = "Whether it sees." }
};

static const tavus_shape vqa = SHAPE(vqa, .other = NULL);

static const tavus_field layers_fields[] = {
  { TAVUS_NAME("conferencing"), OBJECT_OF(conferencing), SURE(B), .generation = "G4",
    .text = "Who it is in meetings; patched alone." },
  { TAVUS_NAME("conversational_flow"), OBJECT_OF(conversational_flow),
    .generation = "G2+", .text = "Who speaks when." },
  { TAVUS_NAME("llm"), OBJECT_OF(llm), .generation = "G0+",
    .text = "The language model." },
  { TAVUS_NAME("perception"), OBJECT_OF(perception), .generation = "G0+",
    .text = "What it sees and hears beside the words." },
  { TAVUS_NAME("stt"), OBJECT_OF(stt), .generation = "G0+",
    .text = "Speech to text." },
  { TAVUS_NAME("transport"), OBJECT_OF(transport), SURE(C), .generation = "G1+",
    .text = "What carries the call, in echo mode." },
  { TAVUS_NAME("tts"), OBJECT_OF(tts), .generation = "G0+",
    .text = "Text to speech." },
  { TAVUS_NAME("vqa"), OBJECT_OF(vqa), SURE(B), .generation = "G0",
    .deprecated = "retired", .successor = "perception",
    .text = "What it saw before perception." }
};

static const tavus_alias layers_aliases[] = {
  { "conversation_flow", MEAN("conversational_flow") },
  { "guardrails", "belongs at the top level, as guardrail_ids" },
  { "objectives", "belongs at the top level, as objectives_id" },
  { "speech_to_text", MEAN("stt") },
  { "text_to_speech", MEAN("tts") },
  { "transcription", MEAN("stt") },
  { "turn_detection", MEAN("conversational_flow") },
  { "turn_taking", MEAN("conversational_flow") },
  { "vision", MEAN("perception") },
  { "voice", MEAN("tts") },
  { NULL, NULL }
};

const tavus_shape tavus_shape_layers = SHAPE(layers, .aliases = layers_aliases);
