/* attachments.c - what is attached to a persona by calls of its own: tools of the
** registry, and skills with their settings. */
#include "rows.h"

static const tavus_field tool_id = {
  S, .id_of = "tool", .text = "A tool of the registry."
};

static const tavus_field attach_tools_fields[] = {
  { TAVUS_NAME("tool_ids"), .types = TAVUS_ARRAY_TYPE, .items = &tool_id,
    .generation = "G4+", .max_items = 50, .flags = TAVUS_CLOSED,
    .text = "The tools to attach." }
};

static const tavus_rule attach_tools_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "tool_ids",
    .message = "tool_ids is missing", .hint = "an array of ids" }
};

static const tavus_alias attach_tools_aliases[] = {
  { "ids", TO("tool_ids") },
  { "tool_id", TO("tool_ids") },
  { "tools", TO("tool_ids") },
  { NULL, NULL, NULL }
};

static const tavus_shape attach_tools = SHAPE(
  attach_tools, .looks = "{ tool_ids = { \"t...\" } }",
  .aliases = attach_tools_aliases, RULES(attach_tools_rules));

const tavus_field tavus_field_attach_tools = {
  .types = TAVUS_OBJECT_TYPE, .shape = &attach_tools, .text = "Tools to attach."
};

/* --- skills --- */

static const tavus_choice triggers[] = {
  { "on_demand", NULL }, { "walk_the_deck", NULL }, { NULL, NULL }
};

static const tavus_choice scheduling[] = { { "calendly", NULL }, { NULL, NULL } };

static const tavus_field component_fields[] = {
  { TAVUS_NAME("enabled"), B, SURE(B), .generation = "G4+",
    .text = "Whether it may be shown." },
  { TAVUS_NAME("provider"), S, SURE(B), .generation = "G4+", .choices = scheduling,
    .label = "a provider", .text = "Of scheduling_embed: calendly." },
  { TAVUS_NAME("scheduling_url"), S, SURE(B), .generation = "G4+",
    .text = "Of scheduling_embed: its address." }
};

static const tavus_shape component = SHAPE(component, .looks = "{ enabled = true }");

#define COMPONENT(its) { TAVUS_NAME(its), OBJECT_OF(component), SURE(B), \
  .generation = "G4+", .text = "Settings of this component." }

static const tavus_field components_fields[] = {
  COMPONENT("alert"), COMPONENT("calendar"), COMPONENT("chart"), COMPONENT("image"),
  COMPONENT("input"), COMPONENT("question"), COMPONENT("scheduling_embed"),
  COMPONENT("text")
};

static const tavus_shape components = SHAPE(
  components, .looks = "{ chart = { enabled = true } }");

#define SETTING(its, ...) { TAVUS_NAME(its), __VA_ARGS__, SURE(B), .generation = "G4+"
#define COMPONENTS SETTING("components", OBJECT_OF(components)), \
  .text = "Of magic_canvas: what may be shown; a change replaces all." }
#define DOCUMENT_IDS SETTING("document_ids", .types = TAVUS_ARRAY_TYPE, \
  .items = &tavus_field_document_id), .text = "Of presentation: the documents to show." }
#define PROMPT SETTING("prompt", S), .text = "Of presentation: how to present." }
#define SLIDES_TRIGGER SETTING("slides_trigger", S), .choices = triggers, \
  .label = "a trigger", .text = "Of presentation: on_demand (default) or walk_the_deck." }
#define USAGE_GUIDANCE SETTING("usage_guidance", S), \
  .text = "Of magic_canvas: when to use it." }

static const tavus_field skill_settings_fields[] = {
  COMPONENTS, DOCUMENT_IDS, PROMPT, SLIDES_TRIGGER, USAGE_GUIDANCE
};

#define NEEDS_DOCUMENTS "presentation needs the documents to show: document_ids"

static const tavus_rule skill_settings_rules[] = {
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "document_ids",
    .when = "slides_trigger", .message = NEEDS_DOCUMENTS },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "document_ids", .when = "prompt",
    .message = NEEDS_DOCUMENTS },
  { .kind = TAVUS_RULE_NOT_WITH, .fields = WORDS("components", "usage_guidance"),
    .when = "document_ids", .message = "is a setting of magic_canvas, and document_ids "
    "one of presentation", .hint = "leave out those of the other skill" }
};

static const tavus_shape skill_settings = SHAPE(
  skill_settings, .looks = "{ document_ids = { \"d1-...\" } }",
  RULES(skill_settings_rules));

static const tavus_field presentation_fields[] = { DOCUMENT_IDS, PROMPT, SLIDES_TRIGGER };

static const tavus_rule presentation_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "document_ids",
    .message = NEEDS_DOCUMENTS }
};

static const tavus_shape presentation = SHAPE(
  presentation, .looks = "{ document_ids = { \"d1-...\" } }", RULES(presentation_rules));

static const tavus_field canvas_fields[] = { COMPONENTS, USAGE_GUIDANCE };

static const tavus_shape canvas = SHAPE(
  canvas, .looks = "{ components = { chart = { enabled = true } } }");

#define CONFIG(its) SETTING("config", OBJECT_OF(its)), .text = "Its settings." }

static const tavus_field skill_config_fields[] = { CONFIG(skill_settings) };

static const tavus_rule skill_config_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .field = "config", .message = "config is missing",
    .hint = "an object, which may be empty" }
};

static const tavus_shape skill_config = SHAPE(
  skill_config, .looks = "{ config = {} }", RULES(skill_config_rules));

const tavus_field tavus_field_skill_config = {
  .types = TAVUS_OBJECT_TYPE, .shape = &skill_config, .text = "A skill's settings."
};

#define SKILL(its) \
  static const tavus_field its##_config[] = { CONFIG(its) }; \
  static const tavus_shape its##_skill = { \
    .name = #its "_skill", .fields = its##_config, .count = 1, .looks = "{ config = {} }" \
  }
SKILL(skill_settings);
SKILL(presentation);
SKILL(canvas);

static const tavus_field skill_map_fields[] = {
  SETTING("magic_canvas", OBJECT_OF(canvas_skill)), .text = "Shows cards." },
  SETTING("presentation", OBJECT_OF(presentation_skill)), .text = "Shows documents." }
};

static const tavus_field skill_entry = {
  .types = TAVUS_OBJECT_TYPE, .shape = &skill_settings_skill, .text = "A skill."
};

static const tavus_shape skill_map = SHAPE(
  skill_map, .other = &skill_entry, .looks = "{ internet_search = { config = {} } }");

static const tavus_field replace_skills_fields[] = {
  { TAVUS_NAME("skills"), OBJECT_OF(skill_map), SURE(B), .generation = "G4+",
    .text = "All skills by their ids; the others are detached." }
};

static const tavus_rule replace_skills_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "skills",
    .message = "skills is missing", .hint = "an object with each skill by its id" }
};

static const tavus_shape replace_skills = SHAPE(
  replace_skills, .looks = "{ skills = { internet_search = { config = {} } } }",
  RULES(replace_skills_rules));

const tavus_field tavus_field_replace_skills = {
  .types = TAVUS_OBJECT_TYPE, .shape = &replace_skills, .text = "All skills."
};

/* --- a template --- */

static const tavus_shape clone_template = {
  .name = "clone", .other = &tavus_field_anything
};

const tavus_field tavus_field_clone = {
  .types = TAVUS_OBJECT_TYPE, .shape = &clone_template,
  .text = "What the clone gets; its members are not documented."
};
