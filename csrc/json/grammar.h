/* grammar.h - the first pass of reading: checks grammar and UTF-8, and notes what the
** second pass needs. */
#ifndef TAVUS_JSON_GRAMMAR_H
#define TAVUS_JSON_GRAMMAR_H

#include "buffer.h"

/* A note has a number of bytes or members in 31 bits, and this bit: has escapes. */
#define TAVUS_NOTE_ESCAPED 1u

typedef struct tavus_reading {
  lua_State *L;
  tavus_buffer *notes; /* a word for each container (its number of members) and string
                       ** (its length, and whether it has escapes), in order */
  const unsigned char *at;
  const unsigned char *end; /* a '\0' stands here */
  const char *message;      /* what is wrong with the text */
  size_t longest_escaped;   /* length of the longest string with escapes */
  int deepest;              /* nesting */
} tavus_reading;

/* Checks the text at r->at. Returns false, with r->at and r->message, when it is not
** JSON. Raises errors of memory only. */
bool tavus_grammar_check(tavus_reading *r);

/* Returns what follows the blanks at `p`. */
static inline const unsigned char *tavus_skip_space(const unsigned char *p) {
  while (*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

/* Returns the value of four hexadecimal digits, or -1. Reads nothing behind a '\0'. */
int32_t tavus_read_hex4(const unsigned char *p);

#endif
