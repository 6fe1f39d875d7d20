/* walk.h - what the files of this folder share: the state of a check. */
#ifndef TAVUS_SCHEMA_WALK_H
#define TAVUS_SCHEMA_WALK_H

#include "../compat.h"
#include "../json/marks.h"
#include "pattern.h"

/* Limits: schemas inside schemas, work, issues. */
#define TAVUS_SCHEMA_DEPTH 400
#define TAVUS_SCHEMA_WORK ((int64_t)100 * 1000 * 1000)
#define TAVUS_SCHEMA_ISSUES 100

/* Types of JSON, as bits. A whole number has two. */
enum {
  TAVUS_IS_NULL = 1,
  TAVUS_IS_BOOLEAN = 2,
  TAVUS_IS_NUMBER = 4,
  TAVUS_IS_INTEGER = 8,
  TAVUS_IS_STRING = 16,
  TAVUS_IS_ARRAY = 32,
  TAVUS_IS_OBJECT = 64
};

/* The place of a value. */
typedef struct tavus_place {
  const struct tavus_place *up; /* NULL at the root */
  const char *key;              /* NULL: an item */
  size_t length;
  size_t index; /* from 0 */
} tavus_place;

/* Stack slots: the two arguments, then what a check needs. */
enum {
  SLOT_SCHEMA = 1,
  SLOT_VALUE,
  SLOT_ISSUES,
  SLOT_TOLD,
  SLOT_PROGRAM,
  SLOTS = SLOT_PROGRAM
};

typedef struct tavus_schema_walk {
  lua_State *L;
  const tavus_marks *marks;
  tavus_pattern *program; /* NULL before the first pattern */
  const char *last;       /* the pattern that is compiled */
  int64_t work;           /* what is left */
  int depth, issues;
  bool quiet;   /* only the result counts, as in `not`: no issues */
  bool unsure;  /* something was not checked */
  bool stopped; /* a limit was reached */
} tavus_schema_walk;

/* Adds an issue, unless the walk is quiet; the message is a format of lua_pushfstring.
** Returns false. */
bool tavus_schema_fail(tavus_schema_walk *w, const char *code, const tavus_place *at,
                       const char *format, ...);

/* Adds an issue that lists the texts in the array at `choices`. Returns false. */
bool tavus_schema_fail_choice(tavus_schema_walk *w, int choices, const tavus_place *at);

/* Returns the number on the top as a text in `out`. */
#define TAVUS_NUMBER_SIZE 32
const char *tavus_number(char out[TAVUS_NUMBER_SIZE], lua_State *L);

/* Warns, once for each `what`, that it was not checked. Returns true. */
bool tavus_schema_skip(tavus_schema_walk *w, const tavus_place *at, const char *what,
                       size_t length, const char *keyword);

/* Ends the walk because of a limit. Returns false. */
bool tavus_schema_stop(tavus_schema_walk *w, const tavus_place *at, const char *message);

/* Spends work. Returns false when there is none left. */
bool tavus_schema_spend(tavus_schema_walk *w, int64_t work, const tavus_place *at);

/* Pushes the member `name` of the table at `index`. Pops it again and returns false when
** it is not of the Lua type `type`. */
bool tavus_schema_get(lua_State *L, int index, const char *name, int type);

/* Returns the types of the value at `index`, as bits; 0: JSON does not have it. */
int tavus_schema_types(const tavus_schema_walk *w, int index);

/* Are the two JSON values equal? False, too, when the walk stops. */
bool tavus_schema_equal(tavus_schema_walk *w, int a, int b, const tavus_place *at);

/* Is any item of the array at `index` equal to another one? */
bool tavus_schema_repeats(tavus_schema_walk *w, int index, const tavus_place *at);

/* Check the number or the string at `value` against the keywords of its type. */
bool tavus_schema_number(tavus_schema_walk *w, int schema, int value,
                         const tavus_place *at);
bool tavus_schema_string(tavus_schema_walk *w, int schema, int value,
                         const tavus_place *at);

#endif
