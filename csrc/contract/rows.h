/* rows.h - short words for the rows of the contract; for the files that have such rows. */
#ifndef TAVUS_ROWS_H
#define TAVUS_ROWS_H

#include "contract.h"

#define S .types = TAVUS_STRING
#define B .types = TAVUS_BOOLEAN
#define N .types = TAVUS_NUMBER
#define I .types = TAVUS_INTEGER
#define O .types = TAVUS_OBJECT_TYPE
#define STRINGS .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_text
#define OBJECT_OF(its) O, .shape = &its
#define SURE(grade) .sure = TAVUS_SURE_##grade
#define READ_ONLY .flags = TAVUS_READ_ONLY
#define MEAN(name) "did you mean \"" name "\"?"
#define RULES(list) .rules = list, .rule_count = TAVUS_COUNT(list)
#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* A shape of the fields `NAME_fields`. */
#define SHAPE(its, ...) \
  { .name = #its, .fields = its##_fields, .count = TAVUS_COUNT(its##_fields), \
    __VA_ARGS__ }

#endif
