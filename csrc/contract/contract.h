/* contract.h - the types of the contract.
**
** The API is constant data: fields with types and limits, objects made of fields,
** rules between fields, operations, error texts. The walk in ../check reads them and
** knows no field by name. Only describe.c needs Lua.
**
** A new resource needs one file that defines a tavus_resource, and a line in
** registry.c. Arrays of fields are sorted by name (bytes), which a spec checks. */
#ifndef TAVUS_CONTRACT_H
#define TAVUS_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* JSON types of a field, as a set. INTEGER is a number without a fraction. */
enum {
  TAVUS_STRING = 1,
  TAVUS_NUMBER = 2,
  TAVUS_INTEGER = 4,
  TAVUS_BOOLEAN = 8,
  TAVUS_ARRAY_TYPE = 16,
  TAVUS_OBJECT_TYPE = 32,
  TAVUS_ANY = 63
};

/* Flags of a field. */
enum {
  TAVUS_SECRET = 1,              /* never shown; collected for redaction */
  TAVUS_READ_ONLY = 2,           /* set by the server; sending it has no effect */
  TAVUS_WORD_BOOLEAN = 4,        /* the texts "true" and "false" are sent as booleans */
  TAVUS_LEVELS = 8,              /* a choice may have a level, as in name:high */
  TAVUS_PERCEPTION_TOOLS = 16,   /* holds perception tools */
  TAVUS_PERCEPTION_MAXIMUM = 32, /* the maximum holds in perception tools only */
  TAVUS_TOOL_NAME = 64,          /* a function name: see tavus_tool_name_check */
  TAVUS_LANGUAGE = 128,          /* a language: its code where there are choices, else its
                                    English name */
  TAVUS_CLOSED = 256,            /* a value outside the choices, or more items than
                                    documented, are errors */
  TAVUS_PATCH_VALUE = 512,       /* has the type of the field at the operation's path */
  TAVUS_TWIN_ALLOWED = 1024,     /* either name may be used at either path */
  TAVUS_APPENDED = 2048,         /* the server adds `appended` to the text */
  TAVUS_PUBLIC_URL = 4096,       /* an address that Tavus' servers call, so a public one */
  TAVUS_MASK_REFUSED = 65536,    /* a masked secret is an error, not a doubt */
  TAVUS_PUBLIC_HTTPS = 8192,     /* the same; other addresses, and http, are refused, and
                                    {name} in the path or query is filled in */
  TAVUS_EMPTY_ID = 16384,        /* an empty id stands for none */
  TAVUS_FOREIGN_ID = 32768       /* the id is another service's: it may hold more signs, or
                                    be empty */
};

/* How certain a fact is. A and B: official documents, of several generations or of one;
** C: seen to work; D: one weak source, or sources that disagree. A violation of a fact
** of grade A or B is an error, of grade C or D a warning. */
typedef enum tavus_sure {
  TAVUS_SURE_A, TAVUS_SURE_B, TAVUS_SURE_C, TAVUS_SURE_D
} tavus_sure;

/* The form of a text. Another one is an error where the fact is sure. */
typedef enum tavus_form {
  TAVUS_FORM_ANY,
  TAVUS_FORM_NAME, /* 1 to 64 letters, digits and _, no digit first */
  TAVUS_FORM_WORD, /* letters, digits and _ */
  TAVUS_FORM_SOLID /* no blanks */
} tavus_form;

/* A value that a field may have. Hints list them in this order, the usual one first. */
typedef struct tavus_choice {
  const char *value; /* NULL ends the list */
  const char *retired; /* why not to use it any more, or NULL */
} tavus_choice;

typedef struct tavus_shape tavus_shape;
typedef struct tavus_field tavus_field;
typedef struct tavus_rule tavus_rule;
typedef struct tavus_variant tavus_variant;

#define TAVUS_NAME(text) .name = (text), .length = sizeof(text) - 1

/* A name or word that people write by mistake. Case, `_`, `-` and spaces do not matter.
** Of several rows with one name the first counts whose field can hold the value. */
typedef struct tavus_alias {
  const char *name; /* NULL ends the list */
  const char *to;   /* the field or choice that is meant: "model"; a field may also be
                       "extra_body/stop", from here, or "/layers/llm", from the root */
  const char *hint; /* in place of the words for `to`, or NULL */
} tavus_alias;


struct tavus_field {
  const char *name;
  size_t length;
  unsigned types;
  unsigned flags;
  tavus_sure sure;
  const char *generation;   /* of the API that it came with: "G3+"; "?": not known */
  const char *text;         /* description, one line */
  const char *label;        /* what a choice is: "an STT engine" */
  const tavus_choice *choices;
  const char *choices_of;   /* they are all values that begin with this; others are free */
  const tavus_alias *words; /* hints for values that are not choices, or NULL */
  const char *custom;       /* with this sibling, other values are allowed */
  const char *id_of;        /* the thing whose id it holds */
  const char *deprecated;   /* why, or NULL */
  const char *successor;    /* the name that replaced it */
  const char *home;         /* while this sibling has one of `home_values`, the old
                               name is still right */
  const char *const *home_values; /* NULL ends them */
  const char *hint;         /* of a field that is deprecated, read only or of grade D:
                               what to write instead; NULL: its successor; also for
                               an id of another thing */
  unsigned instead_of;      /* wrong types that are common here, ... */
  const char *instead;      /* ... and the hint for them */
  const char *made;         /* it holds the id of a thing that is made first: the hint for
                               the thing itself, or its text */
  const char *appended;     /* the server adds this, so the text may not end in it */
  const char *prepended;    /* the server adds this, so the text may not begin with it */
  const char *twin;         /* its name in /v2/personas */
  bool has_minimum, has_maximum;
  double minimum, maximum;
  size_t max_items;         /* 0: no limit */
  size_t max_length;        /* characters; 0: no limit */
  tavus_form form;
  const tavus_field *items; /* of an array; NULL: anything */
  const tavus_shape *shape; /* of an object; NULL: anything */
  const char *variant_by;   /* the sibling whose value selects ... */
  const tavus_variant *variants; /* ... another row in place of this one; or NULL */
};

struct tavus_variant {
  const char *value; /* NULL ends the list */
  const tavus_field *field;
};

struct tavus_shape {
  const char *name;
  const char *looks; /* an example of such an object, in Lua */
  const char *main;  /* the member that a text alone stands for, or NULL */
  const tavus_field *fields;
  size_t count;
  const tavus_field *other; /* a member of any other name; NULL: such a member warns */
  const tavus_alias *aliases; /* hints for unknown members, or NULL */
  const char *stray; /* the hint for an unknown member without a better one, or NULL */
  const tavus_rule *rules;
  size_t rule_count;
  bool vocabulary; /* keywords of JSON Schema: hints do not search it for names */
};

typedef enum tavus_rule_kind {
  TAVUS_RULE_UNLESS,    /* `field` is required unless `when` has one of `values`; an
                           empty `field` warns; without a `when` always */
  TAVUS_RULE_WHEN,      /* `field` is required if `when` is given, and has one of
                           `values`, if there are any */
  TAVUS_RULE_NOT_WITH,  /* `fields` have no effect if `when` has one of `values`, or,
                           without values, is given */
  TAVUS_RULE_ONLY_WITH, /* `field` is allowed only if `when` is missing or has one of
                           `values` */
  TAVUS_RULE_ONE_OF,    /* one of `fields` is required; reported at `field` */
  TAVUS_RULE_NOT_BLANK, /* `fields` are neither null nor blank, where they are given */
  TAVUS_RULE_STATE,     /* always reported: what is known of the whole resource */
  TAVUS_RULE_WHEN_IN,   /* like ONE_OF, but only if `when` has the member values[0], or,
                           without values, is given */
  TAVUS_RULE_SUM,       /* `fields` together have at most `limit` items */
  TAVUS_RULE_LENGTH,    /* `fields` together have at most `limit` characters as JSON */
  TAVUS_RULE_ONE_NAMING, /* one body does not mix names with their twins */
  TAVUS_RULE_UNIQUE,    /* no two items of `field` have the same text in `when` */
  TAVUS_RULE_CHAIN,     /* the items of `field` are called by `when` and name each other
                           in `fields`: one comes first, and there is no cycle */
  TAVUS_RULE_NO_PREFIX, /* no member of `field` begins with values[0] */
  TAVUS_RULE_NAMES_IN,  /* the strings in `field` are members of `when`; a missing
                           `when` breaks the rule only with `limit` 1 */
  TAVUS_RULE_ALL,       /* all of `fields` are required if `when` has one of `values`, or,
                           without a `when`, if one of them is given */
  TAVUS_RULE_INSIDE,    /* `fields` are required in the object `field` if `when` has one of
                           `values`; with `limit` 1, unless it has, and if the object is
                           not empty */
  TAVUS_RULE_APART,     /* `field` does not have all the members `fields` if `when` begins
                           with one of `values` */
  TAVUS_RULE_TYPE_NEEDS, /* one of `fields` is required if `when`, a type or types of JSON
                           Schema, has values[0]; reported at `field` */
  TAVUS_RULE_FITS,      /* `field` has a type in `when`; with `limit` 1 each item of it */
  TAVUS_RULE_AMONG,     /* `field` is an item of `when` */
  TAVUS_RULE_ORDER      /* the number `field` is at most `when`; with `limit` 1, less */
} tavus_rule_kind;

/* Which paths of a resource a rule is about: `/v2/personas`, `/v2/pals`. */
typedef enum tavus_where { TAVUS_EITHER, TAVUS_OLDER, TAVUS_NEWER } tavus_where;

struct tavus_rule {
  tavus_rule_kind kind;
  int number;    /* of the rule in core.contract() and specs; 0: none */
  bool error;    /* the server refuses the body; false: a warning */
  tavus_where where;
  const char *field;
  const char *when;
  const char *const *values; /* texts, or the words true and false; NULL ends it */
  const char *const *fields; /* NULL ends it */
  size_t limit;
  const char *message;
  const char *hint; /* or NULL */
};

/* --- operations ---
**
** The words in quotes are those of core.contract(). */

/* `sends`: the body. A partial object and a merge patch have only the members that
** change, so required members may be missing; null removes a member in a merge
** patch. */
typedef enum tavus_sends {
  TAVUS_SENDS_NOTHING,     /* "nothing" */
  TAVUS_SENDS_OBJECT,      /* "object" */
  TAVUS_SENDS_JSON_PATCH,  /* "json_patch" */
  TAVUS_SENDS_MERGE_PATCH, /* "merge_patch" */
  TAVUS_SENDS_PARTIAL      /* "partial" */
} tavus_sends;

/* `answers`: the body of a success. */
typedef enum tavus_answers {
  TAVUS_ANSWERS_OBJECT,  /* "object" */
  TAVUS_ANSWERS_LIST,    /* "list": rows in an array */
  TAVUS_ANSWERS_MAP,     /* "map": objects by their ids */
  TAVUS_ANSWERS_NOTHING, /* "nothing": the body is not read */
  TAVUS_ANSWERS_CHANGED, /* "changed": the object, or anything else */
  TAVUS_ANSWERS_ANY      /* "any": any JSON value, or no body */
} tavus_answers;

/* `at`: where in the answer the object is, as a set; 0 is TAVUS_AT_FLAT. */
enum {
  TAVUS_AT_FLAT = 1,      /* "flat": the answer itself */
  TAVUS_AT_DATA = 2,      /* "data": { data = object } */
  TAVUS_AT_DATA_ITEM = 4, /* "data[1]": { data = { object } } */
  TAVUS_AT_ANY = 7
};

/* `repeats`: whether a request may be sent again when it may have been done already. */
typedef enum tavus_repeats {
  TAVUS_TWICE, /* "twice": no, it would be done twice */
  TAVUS_READ,  /* "read": yes, it only reads */
  TAVUS_SAME,  /* "same": yes, the repeat leaves the same state and succeeds */
  TAVUS_DONE,  /* "done": yes, but the repeat may get an error in `done`, which then
                  means success */
  TAVUS_KEY,   /* "key": yes if the body has `repeat_key`, by which the server knows the
                  request */
  TAVUS_OPS    /* "ops": yes if the operations of the JSON Patch allow it */
} tavus_repeats;

/* `exceptions`: the verdict on a status, in place of the retry table. */
typedef enum tavus_verdict {
  TAVUS_SAFE,   /* "retry": it was not done, so it may be sent again */
  TAVUS_UNSAFE, /* "ambiguous": it may have been done */
  TAVUS_FINAL   /* "no": it was not done, and a repeat would fail, too */
} tavus_verdict;

typedef struct tavus_exception {
  int status;       /* 0 ends the list */
  const char *text; /* only if the answer's message has this text, in any case; or NULL */
  tavus_verdict verdict;
} tavus_exception;

/* `first_page`: the number of the first page of a list. */
typedef enum tavus_paging {
  TAVUS_NO_PAGES,          /* nil: all rows come at once */
  TAVUS_PAGES_FROM_0,      /* 0 */
  TAVUS_PAGES_FROM_1,      /* 1 */
  TAVUS_PAGES_FROM_UNKNOWN /* "unknown" */
} tavus_paging;

typedef struct tavus_operation {
  const char *name;
  const char *method;
  const char *path; /* each {name} in it, also in a query, is an argument of the method */
  tavus_sends sends;
  const char *kind; /* of the body, for tavus.validate; NULL: there is no body */
  const char *twin_kind; /* the same at the newer path; or NULL */
  bool one_path; /* the path is not renamed at the newer path of the resource */
  const tavus_field *body; /* the body, or the target of a JSON Patch; NULL: the root of
                              the resource */
  const char *wraps; /* the method takes the value of this member alone; or NULL */
  bool optional;     /* the body may be missing */
  tavus_answers answers;
  unsigned at;
  const char *rows; /* the member with the rows of a list; NULL: "data" */
  const char *row;  /* the shape of what is answered, or "object"; NULL: a row of the
                       resource */
  const char *find; /* of a list: "name=value", the query by which `find` sees what has
                       names; or NULL */
  tavus_repeats repeats;
  const char *repeat_key;  /* of TAVUS_KEY */
  const char *condition;   /* the header with an ETag by which the server refuses to
                              change what has changed meanwhile: with it any change may
                              be repeated; or NULL */
  const char *const *done; /* of TAVUS_DONE: types or codes of errors; NULL ends them */
  const char *const *already; /* types or codes of errors that mean, at the first attempt
                                 too, that nothing was left to do; NULL ends them; or
                                 NULL */
  const char *settled_field;  /* after another 400 or 404 the operation "get" is asked: */
  const char *settled_value;  /* with this value in that field nothing was left to do;
                                 or NULL */
  const tavus_exception *exceptions; /* or NULL */
  const char *unique; /* of a create: a member that no other row has, too. A 409 is about
                         it, and the error names the row that has it */
  int status;   /* of a success, in the sandbox; 0: 200, or 204 of a DELETE */
  int timeout;  /* of one attempt, seconds; 0: TAVUS_TIMEOUT */
  int deadline; /* of all attempts, seconds; 0: TAVUS_DEADLINE */
  tavus_paging paging; /* of a list */
  const char *const *query; /* names of query parameters; NULL ends them; or NULL */
  bool without_key; /* do not send the API key */
  size_t max_body;  /* bytes; 0: no limit */
  const char *closed_by; /* of a create: the operation that ends what was made, for the
                            method `with`; or NULL */
  const char *limit;     /* a pointer into the body that `with` sets if it is missing, ... */
  int limit_value;       /* ... to this */
} tavus_operation;

#define TAVUS_TIMEOUT 30
#define TAVUS_DEADLINE 60

typedef enum tavus_patch_rule_kind {
  TAVUS_PATCH_WITH,  /* a patch that writes at `path` also writes at `needs` */
  TAVUS_PATCH_ALONE, /* a patch that writes at or below `path` has no other operation */
  TAVUS_PATCH_WHOLE, /* an object that is written at `path` drops the members that it does
                        not have */
  TAVUS_PATCH_KEEP,  /* what is at `path` should stay, unless the patch also writes or
                        removes `needs` */
  TAVUS_PATCH_KEEP_TEXT /* the same, where an empty text is nothing */
} tavus_patch_rule_kind;

typedef struct tavus_patch_rule {
  tavus_patch_rule_kind kind;
  const char *path;  /* a pointer; NULL ends the list */
  const char *needs; /* a pointer, or NULL */
  const char *message;
  const char *hint;
} tavus_patch_rule;

/* A stored secret that the server drops: a patch that writes at or below `root` (a
** pointer) must include `secret` when the object there has `mark`. */
typedef struct tavus_secret_rule {
  const char *root; /* NULL ends the list */
  const char *mark;
  const char *secret;
  const char *message;
  const char *hint;
} tavus_secret_rule;

/* How a row becomes ready. */
typedef struct tavus_states {
  const char *field;             /* the member with its state */
  const char *const *path;       /* states before it is ready, in order; NULL ends them */
  const char *ready;
  const char *const *failed;     /* states of which it never becomes ready; NULL ends them */
  const char *const *reasons;    /* members that say why, the best one first; NULL ends
                                    them; or NULL */
  const char *progress;          /* the member with a number of 100, or a text as in
                                    "37/100"; or NULL */
} tavus_states;

typedef struct tavus_resource {
  const char *name;
  const char *collection; /* its name on the client and in the path */
  const char *twin;       /* the same of the newer path, a second member of the client;
                             or NULL */
  const char *twin_id;    /* the name of the id there */
  const char *id_field;
  const char *other_id; /* another name of the id in some rows, or NULL */
  const char *name_field; /* the name by which rows are found, or NULL */
  const char *text;
  const tavus_field *root; /* a row, and the body of a create */
  const tavus_states *states; /* NULL: a row is ready at once */
  const tavus_patch_rule *patch_rules;   /* of JSON Patches, or NULL */
  const tavus_secret_rule *secret_rules; /* or NULL */
  const tavus_operation *operations;
  size_t operation_count;
} tavus_resource;

/* A kind of value that tavus.validate checks: the body of an operation, or a tool. */
typedef struct tavus_kind {
  const char *name;
  const tavus_field *root;
  tavus_sends sends;
  bool newer; /* the body has the names of the newer path */
  const tavus_patch_rule *patch_rules;
} tavus_kind;

/* What an error answer means. The first row counts that has the status in its range and
** whose text, if any, is in the answer's message, in any case. <thing> in the text
** stands for any name, <any> for any text; after <whole> the text is the whole
** message. */
typedef struct tavus_error_row {
  int status_min, status_max;
  const char *text;
  const char *type; /* NULL: the type of the next row that fits */
  const char *hint; /* or NULL */
  const char *code; /* finer than the type, or NULL */
} tavus_error_row;

/* The registry. NULL or a zero status ends a list. */
extern const tavus_resource *const tavus_resources[];
extern const tavus_error_row tavus_error_rows[];

extern const tavus_shape tavus_shape_layers, tavus_shape_llm, tavus_shape_tts,
    tavus_shape_stt, tavus_shape_parameters, tavus_shape_tool_parameters, tavus_shape_schema;
extern const tavus_field tavus_field_app_message, tavus_field_canvas_interaction;
extern const tavus_field tavus_field_tool, tavus_field_perception_tool,
    tavus_field_patch,
    tavus_field_patch_op, tavus_field_anything,
    tavus_field_attach_tools, tavus_field_skill_config, tavus_field_replace_skills,
    tavus_field_clone,
    tavus_field_text, tavus_field_document_id, tavus_field_language_code,
    tavus_field_secret, tavus_field_secret_any;
extern const tavus_alias tavus_persona_aliases[];
extern const tavus_rule tavus_persona_rules[6], tavus_llm_rules[5],
    tavus_tts_rules[2], tavus_stt_rules[2], tavus_perception_rules[2],
    tavus_flow_rules[1];

/* The six operations of JSON Patch, and other words for them. */
typedef struct tavus_patch_word {
  const char *word;
  const char *op;   /* the operation that is meant; equal to `word` for the six */
  bool value, from; /* the operation takes them */
} tavus_patch_word;
extern const tavus_patch_word tavus_patch_words[];

/* Gets the i-th kind, from 0. Returns false after the last one. */
bool tavus_kind_at(size_t i, tavus_kind *kind);

/* Finds a kind by its name. Returns false when there is none. */
bool tavus_kind_find(const char *name, tavus_kind *kind);

/* Returns the field of that name, or NULL. */
const tavus_field *tavus_field_find(const tavus_shape *shape, const char *name,
                                    size_t length);

/* A language of a conversation. */
typedef struct tavus_language {
  const char *code, *name; /* "de", "german" */
  const char *others;      /* other names and codes, in lower case, commas between */
} tavus_language;

/* Returns the language that a text names: by its code, its name in English or in another
** tongue, with a region or without. NULL: no known one. */
const tavus_language *tavus_language_find(const char *text, size_t length);

typedef enum tavus_name_grade {
  TAVUS_NAME_GOOD,
  TAVUS_NAME_DOUBTFUL, /* language models accept it, Tavus' tools registry does not */
  TAVUS_NAME_BAD
} tavus_name_grade;

/* Checks the name of a function. */
tavus_name_grade tavus_tool_name_check(const char *name, size_t length);

/* What the name of a function is made of. */
extern const char tavus_tool_name_hint[];

/* Returns the length of the name in `name:level` (TAVUS_LEVELS), or the whole length when
** there is no level. */
size_t tavus_without_level(const char *text, size_t length);

/* The hint for an unknown level. */
extern const char tavus_level_hint[];

/* Returns the thing that an id of this form usually names ("persona", "replica", "voice"),
** or NULL. Ids are opaque, so this is for hints only. A "guardrail set" has the ids of a
** guardrail. */
const char *tavus_id_look(const char *id, size_t length);

/* Does a name say that its value is secret (secrets.c): `api_key`, `X-Auth-Token`,
** `clientSecret`, `headers`; not `max_tokens`? */
bool tavus_is_secret_name(const char *name, size_t length);

/* Does a secret look as if the server hid it? */
bool tavus_is_masked(const char *text, size_t length);

/* Is it a keyword of JSON Schema? *tells: one that makes a schema of its object. */
bool tavus_is_schema_word(const char *name, size_t length, bool *tells);

/* Is it a type of JSON Schema? */
bool tavus_is_schema_type(const char *text, size_t length);

#define TAVUS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Room for all type names, joined. */
#define TAVUS_TYPES_ROOM 64

/* Writes the types of a set, as in "string or array". Returns `out`. */
const char *tavus_type_words(char out[TAVUS_TYPES_ROOM], unsigned types);

/* Returns the type of that name, or 0. */
unsigned tavus_type_named(const char *name);

#endif
