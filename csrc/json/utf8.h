/* utf8.h - strict UTF-8 (RFC 3629): no overlong form, no surrogate half,
** nothing above U+10FFFF. Knows nothing of Lua. */
#ifndef TAVUS_JSON_UTF8_H
#define TAVUS_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is `text` strict UTF-8? If not, *bad_offset (when not NULL) is the zero-based
** offset of the first byte of the first bad sequence. */
bool tavus_utf8_check(const char *text, size_t length, size_t *bad_offset);

/* Length of the valid sequence that begins at `at` (1 to 4), or 0 when what
** is there before `end` is no valid sequence. `at < end`. */
size_t tavus_utf8_sequence(const unsigned char *at, const unsigned char *end);

/* Writes `code` (a scalar value) to `out`; returns its length, 1 to 4. */
size_t tavus_utf8_encode(char *out, uint32_t code);

#endif
