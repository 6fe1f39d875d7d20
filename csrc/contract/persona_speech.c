/* persona_speech.c - the layers of a persona that speak and listen: tts and stt. */
#include "rows.h"

#define USE_FLOW(name) "use conversational_flow." name

/* --- tts ---------------------------------------------------------------- */

static const tavus_choice tts_engines[] = {
  { "cartesia", NULL }, { "elevenlabs", NULL }, { "azure", NULL },
  { "tavus-auto", NULL }, { "playht", "removed in January 2026" }, { NULL, NULL }
};

static const tavus_alias tts_words[] = {
  { "11labs", TO("elevenlabs") },
  { "eleven", TO("elevenlabs") },
  { "eleven_labs", TO("elevenlabs") },
  { "sonic", SAY("is a model of cartesia (tts_model_name)") },
  { "sonic-2", SAY("is a model of cartesia (tts_model_name)") },
  { "sonic-3", SAY("is a model of cartesia (tts_model_name)") },
  { NULL, NULL, NULL }
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
  voice_settings, .looks = "{ speed = 1 }", .other = &tavus_field_anything);

static const tavus_field tts_fields[] = {
  { TAVUS_NAME("api_key"), S, .flags = TAVUS_SECRET, .generation = "G0+",
    .text = "Key of the voice provider, for private voices." },
  { TAVUS_NAME("external_voice_id"), S, .generation = "G0+",
    .id_of = "provider's voice", .flags = TAVUS_FOREIGN_ID,
    .hint = "a voice of Tavus goes to voice_id",
    .text = "The voice's id at its provider." },
  { TAVUS_NAME("playht_user_id"), S, .generation = "G0, G1",
    .deprecated = "PlayHT was removed in January 2026",
    .text = "Account at PlayHT." },
  { TAVUS_NAME("pronunciation_dictionary_id"), S, SURE(B), .generation = "G3+",
    .id_of = "pronunciation dictionary", .flags = TAVUS_EMPTY_ID,
    .text = "How to say certain words; empty detaches it." },
  { TAVUS_NAME("tts_emotion_control"), B, .flags = TAVUS_WORD_BOOLEAN,
    .generation = "G0+", .text = "Let the voice show emotion." },
  { TAVUS_NAME("tts_engine"), S, .choices = tts_engines, .words = tts_words,
    .label = "a TTS engine",
    .generation = "G0+", .text = "Who speaks; cartesia by default." },
  { TAVUS_NAME("tts_model_name"), S, .generation = "G0+",
    .text = "The provider's model; none with azure." },
  { TAVUS_NAME("voice_id"), S, .generation = "G5", .id_of = "voice",
    .text = "A voice of Tavus; without engine and model." },
  { TAVUS_NAME("voice_settings"), OBJECT_OF(voice_settings), .generation = "G0+",
    .text = "Settings of the voice; which ones is the engine's." }
};

static const tavus_alias tts_aliases[] = {
  { "api_token", TO("api_key") },
  { "cartesia_voice_id", TO("external_voice_id") },
  { "elevenlabs_voice_id", TO("external_voice_id") },
  { "emotion_control", TO("tts_emotion_control") },
  { "engine", TO("tts_engine") },
  { "language", SAY("is a property of a conversation") },
  { "model", TO("tts_model_name") },
  { "model_id", TO("tts_model_name") },
  { "model_name", TO("tts_model_name") },
  { "pitch", SAY("Tavus documents none: leave it out") },
  { "playht_voice_id", TO("external_voice_id") },
  { "provider", TO("tts_engine") },
  { "rate", TO("voice_settings/speed") },
  { "service", TO("tts_engine") },
  { "settings", TO("voice_settings") },
  { "tts_model", TO("tts_model_name") },
  { "tts_provider", TO("tts_engine") },
  { "tts_voice_id", TO("external_voice_id") },
  { "vendor", TO("tts_engine") },
  { "voice", SAY(TAVUS_OF_VOICE) },
  { "voice_model", TO("tts_model_name") },
  { "voice_name", SAY(TAVUS_OF_VOICE) },
  { NULL, NULL, NULL }
};

const tavus_shape tavus_shape_tts = SHAPE(
  tts, .looks = "{ tts_engine = \"cartesia\" }",
  .aliases = tts_aliases, RULES(tavus_tts_rules));

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
    .hint = USE_FLOW("replica_interruptibility: low, medium or high"),
    .text = "How easily a participant interrupts." },
  { TAVUS_NAME("participant_pause_sensitivity"), S, .choices = sensitivities,
    .label = "a sensitivity", .generation = "G0 to G2",
    .deprecated = "moved to conversational_flow",
    .successor = "conversational_flow.turn_taking_patience",
    .hint = USE_FLOW("turn_taking_patience: high sensitivity is low patience"),
    .text = "How soon a pause counts as the end of a turn." },
  { TAVUS_NAME("smart_format"), .types = TAVUS_ANY, SURE(D), .generation = "?",
    .text = "Format numbers and dates; a Deepgram name, unproven." },
  { TAVUS_NAME("smart_turn_detection"), B, .generation = "G0 to G2",
    .deprecated = "legacy",
    .hint = USE_FLOW("turn_detection_model: \"sparrow-1\""),
  .successor = "conversational_flow.turn_detection_model",
    .text = "Find the end of a turn with sparrow-0." },
  { TAVUS_NAME("stt_engine"), S, .choices = stt_engines,
    .label = "an STT engine",
    .generation = "G0+", .text = "Who listens; tavus-auto by default." }
};

static const tavus_alias stt_aliases[] = {
  { "boosted_keywords", TO("hotwords") },
  { "custom_vocabulary", TO("hotwords") },
  { "endpointing", SAY(USE_FLOW("turn_taking_patience")) },
  { "engine", TO("stt_engine") },
  { "interrupt_sensitivity", SAY(USE_FLOW("replica_interruptibility")) },
  { "keyterm", TO("hotwords") },
  { "keyterms", TO("hotwords") },
  { "keywords", TO("hotwords") },
  { "model", TO("stt_engine") },
  { "pause_sensitivity", SAY(USE_FLOW("turn_taking_patience")) },
  { "provider", TO("stt_engine") },
  { "smart_turn", SAY(USE_FLOW("turn_detection_model")) },
  { "stt_model", TO("stt_engine") },
  { "stt_provider", TO("stt_engine") },
  { "transcriber", TO("stt_engine") },
  { "turn_detection", SAY(USE_FLOW("turn_detection_model")) },
  { "utterance_end_ms", SAY(USE_FLOW("turn_taking_patience")) },
  { "vad", SAY(USE_FLOW("turn_detection_model")) },
  { "vendor", TO("stt_engine") },
  { "vocabulary", TO("hotwords") },
  { "word_boost", TO("hotwords") },
  { NULL, NULL, NULL }
};

const tavus_shape tavus_shape_stt = SHAPE(
  stt, .looks = "{ stt_engine = \"tavus-auto\" }", .main = "stt_engine",
  .aliases = stt_aliases, RULES(tavus_stt_rules));
