/* pointer.h - checks a JSON Pointer (RFC 6901) and walks its tokens. Needs no Lua
** header and no memory. */
#ifndef TAVUS_JSON_POINTER_H
#define TAVUS_JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>

/* Is `text` a JSON Pointer: empty, or tokens that each follow a "/", with a 0 or a 1
** behind each "~"? If not, *bad_offset (unless it is NULL) is the first wrong
** byte. */
bool tavus_pointer_check(const char *text, size_t length, size_t *bad_offset);

/* A walk over the tokens of a checked pointer:
**   tavus_pointer walk = { text, text + length };
**   while (tavus_pointer_next(&walk, &token, &size, &escaped)) ...
** The token is a part of the pointer's text. `escaped`: it holds escapes. */
typedef struct tavus_pointer {
  const char *at;
  const char *end;
} tavus_pointer;

/* Finds the next token. Returns false after the last one. */
bool tavus_pointer_next(tavus_pointer *walk, const char **token, size_t *length,
                        bool *escaped);

/* Writes the token without escapes to `out` and returns its length. `out` has room
** for `length` bytes; it may be the token itself. */
size_t tavus_pointer_unescape(char *out, const char *token, size_t length);

/* Is the token an array index that fits a size_t: "0", or digits without a leading
** zero? Then *index is the index, from 0. "-" is not an index. */
bool tavus_pointer_index(const char *token, size_t length, size_t *index);

#endif
