/* pointer.h - JSON Pointer (RFC 6901): checking one, and walking its tokens.
** Knows nothing of Lua. */
#ifndef TAVUS_JSON_POINTER_H
#define TAVUS_JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>

/* Is `text` a JSON Pointer: empty, or each token after a "/", every `~` before
** a `0` or a `1`? If not, *bad_offset (when not NULL) is where it fails. */
bool tavus_pointer_check(const char *text, size_t length, size_t *bad_offset);

/* A walk over the tokens of a checked pointer, no memory needed:
**   tavus_pointer walk = { text, text + length };
**   while (tavus_pointer_next(&walk, &token, &size, &escaped)) ...
** The token is a slice of the pointer, still escaped when `escaped`. */
typedef struct tavus_pointer {
  const char *at;
  const char *end;
} tavus_pointer;

bool tavus_pointer_next(tavus_pointer *walk, const char **token,
                        size_t *length, bool *escaped);

/* Writes the token without its escapes to `out` (room for `length` bytes; `out`
** may be the token itself) and returns the number of bytes. */
size_t tavus_pointer_unescape(char *out, const char *token, size_t length);

/* Is the token an array index: "0", or digits without a leading zero, that fit
** a size_t? Then *index is it (zero-based). "-" is none. */
bool tavus_pointer_index(const char *token, size_t length, size_t *index);

#endif
