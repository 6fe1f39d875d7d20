/* skills.c - the registry of skills. Its rows were not seen; what a skill of a persona
** is set to is in personas.c. */
#include "rows.h"

static const tavus_field fields[] = {
  { TAVUS_NAME("skill_id"), S, READ_ONLY, SURE(B), .generation = "G4",
    .text = "Its id, such as magic_canvas." }
};

static const tavus_shape shape = { .name = "skill", LIST(fields) };

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A skill."
};

static const tavus_operation operations[] = {
  { .name = "list", .method = "GET", .path = "/v2/skills",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ },
  { .name = "get", .method = "GET", .path = "/v2/skills/{skill_id}",
    .at = TAVUS_AT_ANY, .repeats = TAVUS_READ }
};

const tavus_resource tavus_skills = {
  .name = "skill", .collection = "skills", .id_field = "skill_id",
  .text = "What a persona can be given to do.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
