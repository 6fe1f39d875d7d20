/* walk.h - one walk over a Lua value that checks it along the contract and
** writes its JSON. Private to this folder: check.h is its door.
**
** The walk uses raw access only: no metamethod of a foreign table runs. It
** leaves the stack as it found it. Everything may raise "not enough memory". */
#ifndef TAVUS_CHECK_WALK_H
#define TAVUS_CHECK_WALK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"
#include "../contract/contract.h"
#include "../json/buffer.h"
#include "../json/marks.h"

/* Bounds that stop a value whose tables are shared so often that its text
** would never end. Answers of 16 MiB are far below. */
#define TAVUS_MOST_BYTES ((size_t)64 * 1024 * 1024)
#define TAVUS_MOST_NODES ((size_t)1 << 23)
/* After so many issues the walk ends. */
#define TAVUS_MOST_ISSUES 1000
/* Objects with more members are sorted through a table of their keys. */
#define TAVUS_INLINE_MEMBERS 24
/* Stack slots for a small object: key and value of each member, and the rules. */
#define TAVUS_ROOMY (2 * TAVUS_INLINE_MEMBERS + 20)

/* Fields found lately, kept once a VM (as zeroed memory) because bodies use the
** same names again and again. Where a name is kept hangs on the address of its
** string; what is kept there is checked against the name, so that it may be
** stale and never wrong. */
#define TAVUS_FOUND_BITS 8
typedef struct tavus_found {
  const tavus_shape *shape;
  const tavus_field *field;
} tavus_found[1 << TAVUS_FOUND_BITS];

/* One step of a path. The chain lives on the C stack; paths are written only
** when there is an issue to report. */
typedef struct tavus_step tavus_step;
struct tavus_step {
  const tavus_step *up; /* NULL at the root */
  const char *key;      /* NULL: `index` counts */
  size_t length;
  size_t index;         /* zero-based */
  const void *table;    /* identity of the table that is being walked */
  unsigned depth;       /* of that table, from 1 */
  const tavus_shape *shape; /* of that table, or NULL */
  bool type_reported; /* an issue says that the table as a whole is wrong */
};

typedef enum tavus_severity { TAVUS_WARNING, TAVUS_ERROR } tavus_severity;

/* What holds for the value of one operation of a JSON Patch. */
typedef struct tavus_op {
  const tavus_field *place; /* field at the operation's path; NULL: free form */
  bool warn_only; /* a test: errors of the contract only warn */
  bool verbatim;  /* a test: values are written as they are given */
  bool value_in_perception_tool;
  bool value_is_secret;
} tavus_op;

typedef struct tavus_walk tavus_walk;
struct tavus_walk {
  lua_State *L;
  tavus_buffer *out;
  const tavus_marks *marks;
  int issues;  /* stack slot: the issues found, or nil */
  int secrets; /* stack slot: strings seen in secret fields, or nil */
  int issue_count, secret_count, error_count;
  size_t nodes;
  bool strict;   /* warnings become errors */
  bool stopped;  /* a bound was hit: end quickly */
  bool in_perception_tool;
  bool in_secret; /* each string in here is a secret */
  tavus_sends sends; /* what the whole value is */
  const tavus_field *root; /* where hints look for names, or NULL */
  /* In a patch: called with each operation before its members are walked. */
  void (*before_op)(tavus_walk *w, int index, const tavus_step *step);
  tavus_op op;
  tavus_found *found;
};

/* A member of an object that is being walked. */
typedef struct tavus_member {
  const char *key;
  size_t length;
  int slot; /* stack index of its value */
  int type; /* of the value, for Lua */
  const tavus_field *field;
} tavus_member;

/* An object for the rules: its members in order, or (members NULL) the table
** itself, when it is too large to lie on the stack. */
typedef struct tavus_view {
  int table;
  int spare; /* of a large object: the stack index to fetch members to */
  const tavus_member *members;
  int count;
} tavus_view;

/* Checks and writes the value at `index` (absolute) as `field` (NULL: free
** form). `step` says where it is; its last members are filled here. */
void tavus_walk_value(tavus_walk *w, int index, const tavus_field *field,
                      tavus_step *step);

/* The same for the whole of a JSON Patch. */
void tavus_walk_patch(tavus_walk *w, int index, const tavus_kind *kind,
                      tavus_step *step);

/* Reports the use of a known field that is read only, deprecated, renamed, ...
** `view` is the object around it, or NULL when it is unknown. Most fields are
** none of these, which tavus_remark_field sees without a call. */
void tavus_check_use(tavus_walk *w, const tavus_field *field,
                     const tavus_view *view, const tavus_step *step);

static inline void tavus_remark_field(tavus_walk *w, const tavus_field *field,
                                      const tavus_view *view,
                                      const tavus_step *step) {
  if (field->deprecated != NULL || field->successor != NULL ||
      field->twin != NULL || (field->flags & TAVUS_READ_ONLY) != 0 ||
      field->sure == TAVUS_SURE_D)
    tavus_check_use(w, field, view, step);
}

/* Remarks on a string in `field`: choices, length, name, id, language.
** `view` is the object around it, or NULL when it is unknown. */
void tavus_check_string(tavus_walk *w, const char *text, size_t length,
                        const tavus_field *field, const tavus_view *view,
                        const tavus_step *step);

/* What the rules of a shape say about an object. */
void tavus_check_rules(tavus_walk *w, const tavus_shape *shape,
                       const tavus_view *view, const tavus_step *step);

/* The stack index of a member's value, or 0 when it is absent or null. The
** index is good until the next one is asked for. */
int tavus_view_find(tavus_walk *w, const tavus_view *view, const char *name);

/* Is the member a string, and one of the values (NULL ends them)? */
bool tavus_view_is(tavus_walk *w, const tavus_view *view, const char *name,
                   const char *const *values);

/* --- keys (keys.c) --- */

/* How many keys of each sort a table has. */
typedef struct tavus_keys {
  size_t texts, others, indexes; /* indexes: whole numbers from 1 */
  size_t largest;                /* of the indexes */
} tavus_keys;

/* Counts the keys of the table at `index` (absolute). */
tavus_keys tavus_count_keys(lua_State *L, int index);

/* Which item of an array the key at `index` stands for, from 1; 0: none. */
size_t tavus_item_of(lua_State *L, int index);

/* One issue for a table whose keys fit neither an array nor an object. */
void tavus_keys_issue(tavus_walk *w, int index, const tavus_keys *k,
                      const tavus_step *step);

/* One issue for a table that is to be an object, and has keys that are no
** strings. */
void tavus_foreign_keys(tavus_walk *w, int index, const tavus_field *field,
                        const tavus_step *step);

/* --- issues (issue.c) --- */

/* Pushes the hint of the next issue: a format of lua_pushfstring, or NULL for
** none. */
void tavus_push_hint(tavus_walk *w, const char *format, ...);

/* Adds an issue whose hint (string or nil) is on the top of the stack, and pops
** that. The message is a format of lua_pushfstring. */
void tavus_issue(tavus_walk *w, tavus_severity severity, const char *code,
                 const tavus_step *step, const char *format, ...);

/* Adds an issue with constant texts; `hint` may be NULL. */
void tavus_issue_text(tavus_walk *w, tavus_severity severity, const char *code,
                      const tavus_step *step, const char *message,
                      const char *hint);

/* The value at `index` is no `field`: it is what JSON calls `got`. */
void tavus_type_issue(tavus_walk *w, int index, const tavus_field *field,
                      const char *got, const tavus_step *step);

/* The null at `index` is an item of an array of `field`. */
void tavus_null_item(tavus_walk *w, int index, const tavus_field *field,
                     const tavus_step *step);

/* A number is outside the limits of `field`. */
void tavus_range_issue(tavus_walk *w, const tavus_field *field,
                       const tavus_step *step);

/* The value at `index` has no place in JSON at all. */
void tavus_value_issue(tavus_walk *w, int index, const tavus_step *step);

/* Keeps a string that was found in a secret field. */
void tavus_keep_secret(tavus_walk *w, int index);

/* Severity of breaking a fact of that grade. */
tavus_severity tavus_grade(const tavus_walk *w, tavus_sure sure);

/* --- hints (hint.c): each pushes a string or nil --- */

/* What an unknown member was meant to be. *secret tells whether a secret
** field has that name, or one near to it, or the name itself says so. */
void tavus_hint_name(tavus_walk *w, const tavus_shape *shape, const char *name,
                     size_t length, bool *secret);

/* Does the name say that it holds a secret: does it end in api_key, token, ...,
** however it is written? */
bool tavus_is_secret_name(const char *name, size_t length);

/* What an unknown value was meant to be. */
void tavus_hint_choice(tavus_walk *w, const tavus_field *field,
                       const char *text, size_t length);

/* The nearest string key of the table at `index`. */
void tavus_hint_key(tavus_walk *w, int index, const char *name, size_t length);

#endif
