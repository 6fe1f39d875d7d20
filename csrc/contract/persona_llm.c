/* persona_llm.c - the llm layer of a persona. */
#include "rows.h"

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
  { TAVUS_NAME("base_url"), S, .flags = TAVUS_APPENDED | TAVUS_PUBLIC_URL,
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

const tavus_shape tavus_shape_llm = SHAPE(
  llm, .aliases = llm_aliases, RULES(tavus_llm_rules));
