/* contract.h - the shape of the contract data.
**
** The API is constant data: fields with types and limits, objects made of
** fields, rules between fields, operations, error sentences. The walk in
** ../check reads it and knows no field by name. Nothing here needs Lua.
**
** Adding a resource: one file that defines a tavus_resource, and its line in
** registry.c, which declares it. Field arrays are sorted by name (bytes), which a spec checks.
*/
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

enum {
  TAVUS_SECRET = 1,         /* never shown, collected for redaction */
  TAVUS_READ_ONLY = 2,      /* comes in answers; sending it is pointless */
  TAVUS_WORD_BOOLEAN = 4,   /* "true" and "false" are taken, sent as booleans */
  TAVUS_LEVELS = 8,         /* choices may carry a level, as in name:high */
  TAVUS_SENSES = 16,        /* what is inside belongs to perception tools */
  TAVUS_SENSES_ONLY = 32,   /* the maximum counts only in perception tools */
  TAVUS_TOOL_NAME = 64,     /* a function name: see tavus_tool_name_check */
  TAVUS_LANGUAGE = 128,     /* a language by its English name, not its code */
  TAVUS_CLOSED = 256,       /* a value outside the choices is an error */
  TAVUS_PATCH_VALUE = 512,  /* its type is that of the place the op names */
  TAVUS_CURRENT = 1024,     /* its name is as good here as that of its twin */
  TAVUS_APPENDED = 2048     /* the server adds `appended` to the text */
};

/* How sure the contract is of a fact. A and B: official documents, of several
** generations or of one; C: others have seen it work; D: one weak source, or
** sources that disagree. Breaking a type of grade A or B is an error, of grade
** C or D a warning. */
typedef enum tavus_sure {
  TAVUS_SURE_A, TAVUS_SURE_B, TAVUS_SURE_C, TAVUS_SURE_D
} tavus_sure;

/* Choices stand in the order in which hints offer them, the usual one first. */
typedef struct tavus_choice {
  const char *value; /* NULL ends the list */
  const char *retired; /* why it should not be used any more, or NULL */
} tavus_choice;

typedef struct tavus_shape tavus_shape;
typedef struct tavus_field tavus_field;
typedef struct tavus_rule tavus_rule;

#define TAVUS_NAME(text) .name = (text), .length = sizeof(text) - 1

/* What somebody who wrote this name or word probably meant; compared without
** regard to case, `_`, `-` and spaces. */
typedef struct tavus_alias {
  const char *name; /* NULL ends the list */
  const char *hint;
} tavus_alias;

struct tavus_field {
  const char *name;
  size_t length;
  unsigned types;
  unsigned flags;
  tavus_sure sure;
  const char *generation;   /* of the API it came with: "G3+"; "?": not known */
  const char *text;         /* what it is, one line */
  const char *label;        /* "an STT engine": what its choices are */
  const tavus_choice *choices;
  const tavus_alias *words; /* what people write for a choice, or NULL */
  const char *custom;       /* choices are open when this sibling is there */
  const char *id_of;        /* it holds the id of this thing */
  const char *deprecated;   /* why, or NULL */
  const char *successor;    /* the name that replaced it */
  const char *home;         /* the old name is still right while this sibling is
                               one of `home_values` (NULL ends them) */
  const char *const *home_values;
  const char *hint;         /* what was meant instead, when it is unproven */
  unsigned instead_of;      /* a wrong type that people write here, ... */
  const char *instead;      /* ... and the hint for it */
  const char *appended;     /* what the text must not end in already */
  const char *twin;         /* the same field by its /v2/personas name */
  bool has_minimum, has_maximum;
  double minimum, maximum;
  size_t max_items;         /* 0: no limit */
  size_t max_length;        /* characters; 0: no limit */
  const tavus_field *items; /* of an array; NULL: anything */
  const tavus_shape *shape; /* of an object; NULL: anything */
};

struct tavus_shape {
  const char *name;
  const tavus_field *fields;
  size_t count;
  const tavus_field *other; /* members without a name of their own; NULL: none
                               are known, each one warns */
  const tavus_alias *aliases;
  const char *stray; /* the hint for an unknown member that is like none here;
                        or NULL */
  const tavus_rule *rules;
  size_t rule_count;
  bool vocabulary; /* words of a language of its own (JSON Schema): hints for
                      other places do not look in here */
};

typedef enum tavus_rule_kind {
  TAVUS_RULE_UNLESS,   /* `field` is needed unless `when` is one of values (an
                          empty one only warns); without a `when` always */
  TAVUS_RULE_WHEN,     /* `field` is needed when `when` is given */
  TAVUS_RULE_NOT_WITH, /* `fields` mean nothing when `when` is one of values */
  TAVUS_RULE_ONLY_WITH, /* `field` only when `when` is one of values, if given */
  TAVUS_RULE_ONE_OF,   /* one of `fields` is needed */
  TAVUS_RULE_WHEN_IN,  /* likewise, when `when` has a member `values[0]`; the
                          place that is told is `field` */
  TAVUS_RULE_SUM,      /* `fields` together hold at most `limit` items */
  TAVUS_RULE_ONE_NAMING, /* old and new names do not mix in one body */
  TAVUS_RULE_NAMES_IN  /* the strings of `field` are members of `when`; limit
                          1: also when `when` is missing, else only if given */
} tavus_rule_kind;

struct tavus_rule {
  tavus_rule_kind kind;
  int number;    /* names the rule in core.contract() and specs; 0: it has none */
  bool error;    /* the server refuses; otherwise a warning */
  const char *field;
  const char *when;
  const char *const *values; /* NULL ends it */
  const char *const *fields; /* NULL ends it */
  size_t limit;
  const char *message;
  const char *hint; /* or NULL */
};

/* What the body of an operation is. A partial object and a merge patch hold
** only what changes (there `null` takes away): what a whole object must have
** need not be in them. */
typedef enum tavus_sends {
  TAVUS_SENDS_NOTHING, TAVUS_SENDS_OBJECT, TAVUS_SENDS_JSON_PATCH,
  TAVUS_SENDS_MERGE_PATCH, TAVUS_SENDS_PARTIAL
} tavus_sends;

/* What a success answers. */
typedef enum tavus_answers {
  TAVUS_ANSWERS_OBJECT,
  TAVUS_ANSWERS_LIST,    /* rows in an array */
  TAVUS_ANSWERS_MAP,     /* objects by their ids */
  TAVUS_ANSWERS_NOTHING, /* what comes is not read */
  TAVUS_ANSWERS_CHANGED, /* the object, or anything else */
  TAVUS_ANSWERS_ANY      /* any JSON value, or nothing */
} tavus_answers;

/* Where in the answer the object is, as a set; 0 is TAVUS_AT_FLAT. */
enum {
  TAVUS_AT_FLAT = 1,      /* it is the answer */
  TAVUS_AT_DATA = 2,      /* { data = object } */
  TAVUS_AT_DATA_ITEM = 4, /* { data = { object } } */
  TAVUS_AT_ANY = 7
};

/* May the same request be sent again when nobody knows whether it was done? */
typedef enum tavus_repeats {
  TAVUS_TWICE, /* no: it would be done twice */
  TAVUS_READ,  /* it only reads */
  TAVUS_SAME,  /* the repeat finds the wanted state and succeeds */
  TAVUS_DONE,  /* the repeat does nothing, and may get an error that says so */
  TAVUS_KEY,   /* the server knows it by `repeat_key` in the body */
  TAVUS_OPS    /* if the operations of the JSON Patch allow it */
} tavus_repeats;

/* What a status says in place of the retry table. */
typedef enum tavus_verdict {
  TAVUS_SAFE,   /* it was not done: send it again */
  TAVUS_UNSAFE, /* it may have been done: do not */
  TAVUS_FINAL   /* it was not done, and would not be */
} tavus_verdict;

typedef struct tavus_exception {
  int status;       /* 0 ends the list */
  const char *text; /* in the answer's message (letters of any case); or NULL */
  tavus_verdict verdict;
} tavus_exception;

/* The number of a list's first page. */
typedef enum tavus_paging {
  TAVUS_NO_PAGES, /* all rows come at once */
  TAVUS_PAGES_FROM_0, TAVUS_PAGES_FROM_1,
  TAVUS_PAGES_FROM_UNKNOWN
} tavus_paging;

typedef struct tavus_operation {
  const char *name;
  const char *method;
  const char *path; /* each {name} in it is an id that the method takes */
  tavus_sends sends;
  const char *kind; /* of the body, for tavus.validate; NULL: it has none */
  const tavus_field *body; /* the body, or what a JSON Patch changes; NULL: the
                              resource's root */
  const char *wraps; /* the method takes only the value of this member; or NULL */
  bool optional;     /* the body may be left out */
  tavus_answers answers;
  unsigned at;
  const char *rows; /* the member with a list's rows; NULL: "data" */
  tavus_repeats repeats;
  const char *repeat_key;
  const char *const *done; /* of TAVUS_DONE: types of the errors that mean, after
                              an earlier try, that this one did it; NULL ends it */
  const tavus_exception *exceptions; /* or NULL */
  int timeout;  /* seconds, one attempt; 0: TAVUS_TIMEOUT */
  int deadline; /* seconds, all attempts; 0: TAVUS_DEADLINE */
  tavus_paging paging; /* of a list */
  const char *const *query; /* NULL ends it; or NULL */
  bool without_key; /* the API key is not sent */
} tavus_operation;

#define TAVUS_TIMEOUT 30
#define TAVUS_DEADLINE 60

/* A patch that writes `path` should write `needs` too (pointers). */
typedef struct tavus_patch_rule {
  const char *path; /* NULL ends the list */
  const char *needs; /* NULL: no operation elsewhere in the same patch */
  const char *message;
  const char *hint;
} tavus_patch_rule;

/* A stored secret that is not used again: when the object at `root` (a pointer)
** has `mark`, whoever writes at or below it gives `secret` again. */
typedef struct tavus_secret_rule {
  const char *root; /* NULL ends the list */
  const char *mark;
  const char *secret;
  const char *message;
  const char *hint;
} tavus_secret_rule;

typedef struct tavus_resource {
  const char *name;
  const char *collection; /* its name on the client, and in the path */
  const char *twin;       /* the newer name of the collection in the path; or
                             NULL */
  const char *id_field;
  const char *text;
  const tavus_field *root; /* a row, and the body that makes one */
  const tavus_patch_rule *patch_rules; /* of JSON Patches for it; or NULL */
  const tavus_secret_rule *secret_rules; /* or NULL */
  const tavus_operation *operations;
  size_t operation_count;
} tavus_resource;

/* What tavus.validate checks: the body of an operation, or an inline tool. */
typedef struct tavus_kind {
  const char *name;
  const tavus_field *root;
  tavus_sends sends;
  const tavus_patch_rule *patch_rules;
} tavus_kind;

/* First row whose status range holds the status and whose text, when there
** is one, occurs in the answer's message (letters of any case); <thing> in it
** stands for any name. */
typedef struct tavus_error_row {
  int status_min, status_max;
  const char *text;
  const char *type;
  const char *hint;
} tavus_error_row;

/* The registry. The lists end with NULL or a zero status. */
extern const tavus_resource *const tavus_resources[];
extern const tavus_error_row tavus_error_rows[];

extern const tavus_shape tavus_shape_layers, tavus_shape_parameters;
extern const tavus_field tavus_field_tool, tavus_field_sense_tool,
    tavus_field_patch,
    tavus_field_patch_op, tavus_field_anything,
    tavus_field_text, tavus_field_secret, tavus_field_secret_any;
extern const tavus_rule tavus_persona_rules[5], tavus_llm_rules[3],
    tavus_tts_rules[1], tavus_stt_rules[2], tavus_perception_rules[2],
    tavus_flow_rules[1];

/* The six operations of JSON Patch, and words people use instead. */
typedef struct tavus_patch_word {
  const char *word;
  const char *op; /* what it stands for; itself when it is an operation */
  bool value, from; /* does the operation take them? */
} tavus_patch_word;
extern const tavus_patch_word tavus_patch_words[];

/* The i-th kind from 0, each once: false when there are no more. */
bool tavus_kind_at(size_t i, tavus_kind *kind);

/* Finds a kind by its name. */
bool tavus_kind_find(const char *name, tavus_kind *kind);

/* The field of that name, or NULL. */
const tavus_field *tavus_field_find(const tavus_shape *shape, const char *name,
                                    size_t length);

/* A function name: TAVUS_NAME_GOOD, TAVUS_NAME_DOUBTFUL (accepted by language
** models, refused by Tavus' tools registry) or TAVUS_NAME_BAD. */
typedef enum tavus_name_grade {
  TAVUS_NAME_GOOD, TAVUS_NAME_DOUBTFUL, TAVUS_NAME_BAD
} tavus_name_grade;
tavus_name_grade tavus_tool_name_check(const char *name, size_t length);

/* Length of the name in `name:level` (TAVUS_LEVELS); the whole length where what
** follows the colon is no level. */
size_t tavus_without_level(const char *text, size_t length);

/* The hint for a level that is none. */
extern const char tavus_level_hint[];

/* What kind of thing such an id usually names ("persona", "replica"), or NULL
** when its look says nothing. Ids are opaque: this is good for hints only. */
const char *tavus_id_look(const char *id, size_t length);

#define TAVUS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Room for all type names, joined. */
#define TAVUS_TYPES_ROOM 64

/* Writes "string or array", as JSON calls the types of a set. Returns `out`. */
const char *tavus_type_words(char out[TAVUS_TYPES_ROOM], unsigned types);

/* The type that JSON calls `name`, or 0. */
unsigned tavus_type_named(const char *name);

#endif
