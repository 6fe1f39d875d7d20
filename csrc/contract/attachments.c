/* attachments.c - what is attached to a persona by calls of its own: tools of the
** registry, and skills with their settings. */
#include "rows.h"

static const tavus_field tool_id = {
  S, .id_of = "tool", .text = "A tool of the registry."
};

static const tavus_field attach_tools_fields[] = {
  { TAVUS_NAME("tool_ids"), .types = TAVUS_ARRAY_TYPE, .items = &tool_id,
    .generation = "G4+", .max_items = 50, .text = "The tools to attach." }
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

static const tavus_field skill_settings_fields[] = {
  { TAVUS_NAME("components"), OBJECT_OF(components), SURE(B), .generation = "G4+",
    .text = "Of magic_canvas: what may be shown; a change replaces all." },
  { TAVUS_NAME("document_ids"), .types = TAVUS_ARRAY_TYPE,
    .items = &tavus_field_document_id, SURE(B), .generation = "G4+",
    .text = "Of presentation: the documents to show." },
  { TAVUS_NAME("prompt"), S, SURE(B), .generation = "G4+",
    .text = "Of presentation: how to present." },
  { TAVUS_NAME("slides_trigger"), S, SURE(B), .generation = "G4+", .choices = triggers,
    .label = "a trigger", .text = "Of presentation: on_demand (default) or walk_the_deck." },
  { TAVUS_NAME("usage_guidance"), S, SURE(B), .generation = "G4+",
    .text = "Of magic_canvas: when to use it." }
};

static const tavus_shape skill_settings = SHAPE(
  skill_settings, .looks = "{ document_ids = { \"d1-...\" } }");

#define CONFIG { TAVUS_NAME("config"), OBJECT_OF(skill_settings), SURE(B), \
  .generation = "G4+", .text = "Its settings." }

static const tavus_field skill_config_fields[] = { CONFIG };

static const tavus_rule skill_config_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .field = "config", .message = "config is missing",
    .hint = "an object, which may be empty" }
};

static const tavus_shape skill_config = SHAPE(
  skill_config, .looks = "{ config = {} }", RULES(skill_config_rules));

const tavus_field tavus_field_skill_config = {
  .types = TAVUS_OBJECT_TYPE, .shape = &skill_config, .text = "A skill's settings."
};

static const tavus_field skill_map_fields[] = { CONFIG };

static const tavus_shape skill_of_set = {
  .name = "skill_of_set", .fields = skill_map_fields, .count = 1,
  .looks = "{ config = {} }"
};

static const tavus_field skill_entry = {
  .types = TAVUS_OBJECT_TYPE, .shape = &skill_of_set, .text = "A skill."
};

static const tavus_shape skill_map = {
  .name = "skill_map", .other = &skill_entry,
  .looks = "{ internet_search = { config = {} } }"
};

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
