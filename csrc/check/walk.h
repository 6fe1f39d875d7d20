/* walk.h - the walk over a Lua value that checks it along the contract and writes its
** JSON. Private to this folder; its interface is check.h.
**
** The walk uses raw access only, so no metamethod runs. It leaves the stack unchanged.
** Every function may raise an error of memory. */
#ifndef TAVUS_CHECK_WALK_H
#define TAVUS_CHECK_WALK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"
#include "../contract/contract.h"
#include "../json/buffer.h"
#include "../json/marks.h"

/* Limits of one value: a few tables that are shared often can stand for an endless text.
** Answers of the API are far smaller. */
#define TAVUS_MOST_BYTES ((size_t)64 * 1024 * 1024)
#define TAVUS_MOST_NODES ((size_t)1 << 23)
/* The walk ends after so many issues. */
#define TAVUS_MOST_ISSUES 1000
/* Objects with more members are sorted by a table of their keys. */
#define TAVUS_INLINE_MEMBERS 24
/* Stack slots for a small object: key and value of each member, and the rules. */
#define TAVUS_ROOMY (2 * TAVUS_INLINE_MEMBERS + 20)

/* A cache of fields that were found lately, zeroed at first, one for each VM. The address
** of a name's string selects the entry. The entry's name is compared, so a stale entry
** does no harm. */
#define TAVUS_FOUND_BITS 8
typedef struct tavus_found {
  const tavus_shape *shape;
  const tavus_field *field;
} tavus_found[1 << TAVUS_FOUND_BITS];

/* One step of a path. The chain is on the C stack; a path becomes text only for an
** issue. */
typedef struct tavus_step tavus_step;
struct tavus_step {
  const tavus_step *up; /* NULL at the root */
  const char *key;      /* NULL: an item of an array */
  size_t length;
  size_t index;             /* zero-based */
  const void *table;        /* identity of the table at this step */
  unsigned depth;           /* of that table, from 1 */
  const tavus_shape *shape; /* of that table, or NULL */
  bool type_reported;       /* an issue says that the table has the wrong type */
};

/* An advice is a warning that `strict` does not make an error: whether it is true depends
** on what the server has stored. */
typedef enum tavus_severity { TAVUS_ADVICE, TAVUS_WARNING, TAVUS_ERROR } tavus_severity;

/* Who calls a string secret: its name alone also calls words such as "string" so. */
typedef enum tavus_secrecy {
  TAVUS_NOT_SECRET,
  TAVUS_SECRET_BY_NAME,
  TAVUS_SECRET_BY_CONTRACT
} tavus_secrecy;

/* How the value of an operation of a JSON Patch is walked. */
typedef struct tavus_op {
  const tavus_field *place; /* the field at `path`; NULL: free form */
  bool warn_only;           /* a test: errors of the contract only warn */
  bool verbatim;            /* a test: values are written unchanged */
  bool value_in_perception_tool;
  int value; /* stack index of its value while its path is looked up, or 0 */
  tavus_secrecy value_secrecy;
} tavus_op;

typedef struct tavus_walk tavus_walk;
struct tavus_walk {
  lua_State *L;
  tavus_buffer *out;
  const tavus_marks *marks;
  int issues;  /* stack slot of the issues, or nil */
  int secrets; /* stack slot of the strings in secret fields, or nil */
  int names;   /* stack slot of the paths of the tools, by their names, or nil */
  int issue_count, secret_count, error_count;
  size_t nodes;
  bool strict;  /* warnings become errors */
  bool stopped; /* a limit was reached: the walk ends */
  bool in_perception_tool;
  tavus_secrecy secrecy;   /* of each string here */
  tavus_sends sends;       /* of the whole value */
  bool newer;              /* it has the names of a newer path, such as /v2/pals */
  const tavus_field *root; /* where hints search for names, or NULL */
  /* In a patch: called for each operation, before its members are walked. */
  void (*before_op)(tavus_walk *w, int index, const tavus_step *step);
  tavus_op op;
  int patch; /* stack index of the whole JSON Patch, or 0 */
  tavus_found *found;
};

/* A member of an object. */
typedef struct tavus_member {
  const char *key;
  size_t length;
  int slot; /* stack index of its value */
  int type; /* Lua type of the value */
  const tavus_field *field;
} tavus_member;

/* The name and value of a member that the contract does not know. */
typedef struct tavus_named {
  const char *name;
  size_t length;
  int value; /* stack index; 0: not known */
} tavus_named;

/* An object as the rules see it: its sorted members on the stack, or (members NULL) a
** table that is too large for that. */
typedef struct tavus_view {
  int table;
  int spare; /* of a large object: the stack index for a fetched member */
  const tavus_member *members;
  int count;
  uint64_t beginnings; /* the tavus_beginning of each member of a small object */
} tavus_view;

/* One bit, chosen by the first two characters of a name: a cheap test for names that an
** object does not have. */
static inline uint64_t tavus_beginning(const char *name) {
  unsigned first = (unsigned char)name[0];
  unsigned second = first != 0 ? (unsigned char)name[1] : 0;
  return UINT64_C(1) << ((first * 7 + second) & 63);
}

/* Is there certainly no such member? False for a large object. */
static inline bool tavus_view_lacks(const tavus_view *view, const char *name) {
  return view->members != NULL && (view->beginnings & tavus_beginning(name)) == 0;
}

/* Checks and writes the value at `index` (absolute) as `field` (NULL: free form). `step`
** is its place; the members of it that describe the table are set here. */
void tavus_walk_value(tavus_walk *w, int index, const tavus_field *field,
                      tavus_step *step);

/* The same for a whole JSON Patch. */
void tavus_walk_patch(tavus_walk *w, int index, const tavus_kind *kind, tavus_step *step);

/* Reports the use of a field that is read only, deprecated, renamed or unverified. `view`
** is the object that it is in, or NULL when that is not known. tavus_remark_field calls
** it only for such fields. */
void tavus_check_use(tavus_walk *w, const tavus_field *field, const tavus_view *view,
                     const tavus_step *step);

static inline void tavus_remark_field(tavus_walk *w, const tavus_field *field,
                                      const tavus_view *view, const tavus_step *step) {
  if (field->deprecated != NULL || field->successor != NULL || field->twin != NULL ||
      (field->flags & TAVUS_READ_ONLY) != 0 || field->sure == TAVUS_SURE_D)
    tavus_check_use(w, field, view, step);
}

/* Checks the rules between the operations of the JSON Patch. */
void tavus_check_patch_rules(tavus_walk *w, const tavus_patch_rule *rules,
                             const tavus_step *step);

/* Does the JSON Patch make the member `name` one of the values anywhere, or test that it
** is one? */
bool tavus_patch_sets(tavus_walk *w, const char *name, const char *const *values);

/* Counts the characters of UTF-8. */
size_t tavus_characters(const char *text, size_t length);

/* Checks a string in `field`: choices, length, name, id, language. `view` as above. */
void tavus_check_string(tavus_walk *w, const char *text, size_t length,
                        const tavus_field *field, const tavus_view *view,
                        const tavus_step *step);

/* Checks the rules of a shape. */
void tavus_check_rules(tavus_walk *w, const tavus_shape *shape, const tavus_view *view,
                       const tavus_step *step);

/* Checks a rule about the items of the array at `items` (0: there is none); `step` is the
** object that it is in (chain.c). */
void tavus_check_items(tavus_walk *w, const tavus_rule *rule, int items,
                       const tavus_step *step);

/* Returns the stack index of the value of a member, or 0 when it is absent or null. It is
** valid until the next call. */
int tavus_view_find(tavus_walk *w, const tavus_view *view, const char *name);

/* Pushes the value of a member, or nil when it is absent or null. Returns its type. */
int tavus_view_push(tavus_walk *w, const tavus_view *view, const char *name);

/* Checks a rule of JSON Schema (schema.c): TYPE_NEEDS, FITS, AMONG, ORDER. */
void tavus_check_schema_rule(tavus_walk *w, const tavus_rule *rule,
                             const tavus_view *view, const tavus_step *step);

/* Is the member a string or boolean that is one of the values (NULL ends them)? */
bool tavus_view_is(tavus_walk *w, const tavus_view *view, const char *name,
                   const char *const *values);

/* --- scalars (scalar.c) --- */

/* Writes constant JSON. */
#define TAVUS_WRITE(w, literal)                                                          \
  tavus_buffer_append((w)->L, (w)->out, (literal), sizeof(literal) - 1)

/* Writes a text. Returns false and reports an issue when it is not UTF-8. */
bool tavus_write_text(tavus_walk *w, const char *text, size_t length,
                      const tavus_step *step);

/* Each checks and writes a value of one Lua type as tavus_walk_value does. */
void tavus_walk_string(tavus_walk *w, int index, const tavus_field *field,
                       const tavus_view *view, const tavus_step *step);
void tavus_walk_number(tavus_walk *w, int index, const tavus_field *field,
                       const tavus_step *step);
void tavus_walk_boolean(tavus_walk *w, int index, const tavus_field *field,
                        const tavus_step *step);
void tavus_walk_light(tavus_walk *w, int index, const tavus_field *field,
                      const tavus_step *step);

/* --- keys (keys.c) --- */

/* The number of keys of each sort in a table. */
typedef struct tavus_keys {
  size_t texts, others, indexes; /* indexes: whole numbers from 1 */
  size_t largest;                /* of the indexes */
} tavus_keys;

/* Counts the keys of the table at `index` (absolute). */
tavus_keys tavus_count_keys(lua_State *L, int index);

/* Returns the key at `index` as an index of an array, or 0 when it is not one. */
size_t tavus_item_of(lua_State *L, int index);

/* Reports, once, a table whose keys fit neither an array nor an object. `field` wants an
** array; NULL: an object is wanted. */
void tavus_keys_issue(tavus_walk *w, int index, const tavus_keys *k,
                      const tavus_field *field, const tavus_step *step);

/* Reports, once, an object with keys that are not strings. */
void tavus_foreign_keys(tavus_walk *w, int index, const tavus_field *field,
                        const tavus_step *step);

/* --- issues (issue.c) --- */

/* Pushes the hint of the next issue: a format of lua_pushfstring, or NULL for no hint. */
void tavus_push_hint(tavus_walk *w, const char *format, ...);

/* Pops a hint (string or nil) and adds an issue with it. The message is a format of
** lua_pushfstring. */
void tavus_issue(tavus_walk *w, tavus_severity severity, const char *code,
                 const tavus_step *step, const char *format, ...);

/* Pushes the path of a step, a JSON Pointer. */
void tavus_push_path(lua_State *L, const tavus_step *step);

/* Adds an issue with constant texts; `hint` may be NULL. */
void tavus_issue_text(tavus_walk *w, tavus_severity severity, const char *code,
                      const tavus_step *step, const char *message, const char *hint);

/* Reports that the value at `index` has the JSON type `got`, which `field` may not have. */
void tavus_type_issue(tavus_walk *w, int index, const tavus_field *field, const char *got,
                      const tavus_step *step);

/* Reports a null at `index` in an array of `field`. */
void tavus_null_item(tavus_walk *w, int index, const tavus_field *field,
                     const tavus_step *step);

/* Reports a number outside the limits of `field`. */
void tavus_range_issue(tavus_walk *w, const tavus_field *field, const tavus_step *step);

/* Reports a value at `index` that JSON cannot express. */
void tavus_value_issue(tavus_walk *w, int index, const tavus_step *step);

/* Keeps the string at `index`, which is secret. */
void tavus_keep_secret(tavus_walk *w, int index);

/* Returns the severity of violating a fact of that grade. */
tavus_severity tavus_grade(const tavus_walk *w, tavus_sure sure);

/* --- values in a wrong place (fit.c): the first three push a string or nil --- */

/* What to write for the value at `index`, whose type `field` does not have. */
void tavus_push_fit(tavus_walk *w, int index, const tavus_field *field);

/* What to write when the value does not fit `field`: its type, the type of an item, or a
** text in the place of an id. */
void tavus_push_misfit(tavus_walk *w, int index, const tavus_field *field);

/* What to write for items and named members in one table, where an array is wanted. */
void tavus_push_mixed(tavus_walk *w, int index, const tavus_field *field);

/* Has the value at `index` a type of the field? */
bool tavus_takes(tavus_walk *w, const tavus_field *field, int index);

/* Is a key of the table at `index` a field of the shape? */
bool tavus_has_field_of(lua_State *L, int index, const tavus_shape *shape);

/* Returns the types that the value at `index` has in JSON, as a set; 0 for null and what
** JSON cannot express. An empty table without a mark may be an array or an object. */
unsigned tavus_types_of(tavus_walk *w, int index);

/* Is the text one of a thing whose id the field holds, and that is made first? */
bool tavus_is_made(const tavus_field *field, const char *text, size_t length);

/* --- languages (language.c) --- */

/* Checks a language by its name, in a field that `successor` took the place of. */
void tavus_check_language(tavus_walk *w, const char *text, size_t length,
                          const tavus_field *field, const tavus_step *step);

/* Pushes the codes of the languages in a text, as in `"en", "es"`. Returns their number, 0
** when something in it is not a known language. */
int tavus_push_languages(lua_State *L, const char *text, size_t length);

/* --- hints (hint.c): each pushes a string or nil --- */

/* What an unknown member was meant to be, and what its value, at stack index `value` (0:
** not known), must become there. Sets *secret when the name says that it is secret, or
** when a secret field has it or a name near to it. */
void tavus_hint_name(tavus_walk *w, const tavus_shape *shape, tavus_named name,
                     bool *secret);

/* Adds to the hint on the top what the value, at stack index `value` (0: not known), must
** become in `field` (NULL: not known). */
void tavus_add_misfit(tavus_walk *w, const tavus_field *field, int value);

/* What an unknown value was meant to be. */
void tavus_hint_choice(tavus_walk *w, const tavus_field *field, const char *text,
                       size_t length);

/* The nearest string key of the table at `index`. */
void tavus_hint_key(tavus_walk *w, int index, const char *name, size_t length);

#endif
