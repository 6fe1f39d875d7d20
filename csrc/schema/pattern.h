/* pattern.h - regular expressions for JSON Schema's `pattern`, in time linear in the text
** (Thompson's construction, simulated as by Pike). Knows nothing of Lua, allocates
** nothing.
**
** Understood: literals and their escapes, `.`, classes, \d \w \s \D \W \S, ^ and $, groups,
** `|`, and * + ? {m,n}, also with `?` behind them. */
#ifndef TAVUS_SCHEMA_PATTERN_H
#define TAVUS_SCHEMA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of a pattern: instructions, ranges of all classes, nesting of groups. */
#define TAVUS_PATTERN_CODE 4000
#define TAVUS_PATTERN_RANGES 1000
#define TAVUS_PATTERN_NESTING 100

typedef struct tavus_range {
  uint32_t low, high;
} tavus_range;

/* `x` and `y`: of a jump, distances; of a class, its first range and their number. */
typedef struct tavus_instruction {
  int op;
  int x, y;
} tavus_instruction;

/* The instructions that are alive at a place of the text: a sparse set. */
typedef struct tavus_threads {
  uint16_t dense[TAVUS_PATTERN_CODE], sparse[TAVUS_PATTERN_CODE];
  int count;
} tavus_threads;

/* A compiled pattern and the memory to run it. Needs no initialization. */
typedef struct tavus_pattern {
  tavus_instruction code[TAVUS_PATTERN_CODE];
  tavus_range ranges[TAVUS_PATTERN_RANGES];
  int length, range_count;
  tavus_threads now, next;
  uint16_t stack[2 * TAVUS_PATTERN_CODE];
} tavus_pattern;

/* Compiles a pattern. Returns false when it has a construct that is not understood, is
** malformed or is too large. */
bool tavus_pattern_compile(tavus_pattern *p, const char *text, size_t length);

typedef enum tavus_match { TAVUS_NO_MATCH, TAVUS_MATCH, TAVUS_MATCH_STOPPED } tavus_match;

/* Does the pattern match anywhere in the text? Lowers *budget by the steps made and stops
** when it is used up. */
tavus_match tavus_pattern_find(tavus_pattern *p, const char *text, size_t length,
                               int64_t *budget);

/* Decodes the character at *at, which is before `end`, and moves *at behind it. A byte
** that is not UTF-8 is a character of its own. */
uint32_t tavus_next_character(const unsigned char **at, const unsigned char *end);

#endif
