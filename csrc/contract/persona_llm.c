/* persona_llm.c - the llm layer of a persona. */
#include "rows.h"

static const tavus_choice models[] = {
  { "tavus-gemma-4", NULL },
  { "tavus-gemma-4-thinking", NULL },
  { "tavus-gpt-oss", NULL },
  { "tavus-gpt-5.2", NULL },
  { "tavus-gemini-3-flash", NULL },
  { "tavus-gemini-2.5-flash", NULL },
  { "tavus-claude-haiku-4.5", NULL },
  { "tavus-glm-4.7", NULL },
  { "tavus-gpt-4.1", "deprecated since February 2026" },
  { "tavus-gpt-4o", "deprecated since February 2026" },
  { "tavus-gpt-4o-mini", "deprecated since February 2026" },
  { "tavus-llama-4", "seen in 2025, in no list since" },
  { "tavus-llama", "removed in December 2025" },
  { NULL, NULL }
};

#define OF_ONE "seen in one program, named in no document"

static const tavus_alias model_words[] = {
  { "tavus-gpt-5.6-sol", SAY(OF_ONE) },
  { "tavus-gpt-5.6-terra", SAY(OF_ONE) },
  { NULL, NULL, NULL }
};

static const tavus_shape headers = {
  .name = "headers", .looks = "{ [\"X-A\"] = \"1\" }", .other = &tavus_field_secret
};

static const tavus_shape query = {
  .name = "default_query", .looks = "{ version = \"1\" }",
  .other = &tavus_field_secret_any
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
  extra_body, .looks = "{ temperature = 0.7 }", .other = &tavus_field_anything);

static const tavus_field llm_fields[] = {
  { TAVUS_NAME("api_key"), S, .flags = TAVUS_SECRET, .generation = "G0+",
    .text = "Key of a custom llm; again in each patch that rewrites the layer." },
  { TAVUS_NAME("base_url"), S, .flags = TAVUS_APPENDED | TAVUS_PUBLIC_URL,
    .appended = "/chat/completions", .generation = "G0+",
    .text = "Root of an OpenAI-compatible API, without /chat/completions." },
  { TAVUS_NAME("default_query"), OBJECT_OF(query), SURE(B), .generation = "G2+",
    .text = "Query parameters of every call to a custom llm." },
  { TAVUS_NAME("enable_llm_proxy"), B, SURE(B), .generation = "G5",
    .text = "Call a custom llm from fixed addresses; enabled for each account." },
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
  { "access_token", TO("api_key") },
  { "api_base", TO("base_url") },
  { "api_url", TO("base_url") },
  { "auth_token", TO("api_key") },
  { "base", TO("base_url") },
  { "deployment", TO("model") },
  { "endpoint", TO("base_url") },
  { "engine", TO("model") },
  { "frequency_penalty", TO("extra_body/frequency_penalty") },
  { "function_declarations", TO("tools") },
  { "functions", TO("tools") },
  { "host", TO("base_url") },
  { "instructions", TO("/system_prompt") },
  { "key", TO("api_key") },
  { "llm_model", TO("model") },
  { "max_completion_tokens", TO("extra_body/max_completion_tokens") },
  { "max_output_tokens", TO("extra_body/max_tokens") },
  { "max_tokens", TO("extra_body/max_tokens") },
  { "messages", SAY(TAVUS_OF_MESSAGES) },
  { "model_name", TO("model") },
  { "name", TO("model") },
  { "parameters", TO("extra_body") },
  { "params", TO("extra_body") },
  { "presence_penalty", TO("extra_body/presence_penalty") },
  { "prompt", TO("/system_prompt") },
  { "provider", SAY("leave it out: a model of Tavus needs none, another one goes by "
                    "base_url") },
  { "query_params", TO("default_query") },
  { "reasoning_effort", TO("extra_body/reasoning_effort") },
  { "request_headers", TO("headers") },
  { "response_format", TO("extra_body/response_format") },
  { "secret", TO("api_key") },
  { "seed", TO("extra_body/seed") },
  { "server", TO("base_url") },
  { "stop", TO("extra_body/stop") },
  { "stream", SAY("leave it out: the answer is always a stream") },
  { "system", TO("/system_prompt") },
  { "token", TO("api_key") },
  { "tool_choice", TO("extra_body/tool_choice") },
  { "top_k", TO("extra_body/top_k") },
  { "url", TO("base_url") },
  { "websocket_url", TO("base_url") },
  { NULL, NULL, NULL }
};

const tavus_shape tavus_shape_llm = SHAPE(
  llm, .looks = "{ model = \"tavus-gpt-oss\" }", .main = "model",
  .aliases = llm_aliases, RULES(tavus_llm_rules));
