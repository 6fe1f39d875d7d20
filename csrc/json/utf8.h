/* utf8.h - strict UTF-8 (RFC 3629): no overlong form, no surrogate half,
** nothing above U+10FFFF. Needs no Lua header. */
#ifndef TAVUS_JSON_UTF8_H
#define TAVUS_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is `text` strict UTF-8? If not, *bad_offset (unless it is NULL) is the offset of
** the first invalid sequence, from 0. */
bool tavus_utf8_check(const char *text, size_t length, size_t *bad_offset);

/* Returns the length of the sequence that begins at `at` (1 to 4), or 0 when it is
** invalid or goes beyond `end`. `at < end`. */
size_t tavus_utf8_sequence(const unsigned char *at, const unsigned char *end);

/* Writes the scalar value `code` to `out` and returns its length, 1 to 4. */
size_t tavus_utf8_encode(char *out, uint32_t code);

#endif
