/* plain.h - a text without the escapes of URLs, JSON, Python and HTML. Knows
** nothing of Lua, and needs no memory: a text only becomes shorter. */
#ifndef TAVUS_SECRET_PLAIN_H
#define TAVUS_SECRET_PLAIN_H

#include <stddef.h>
#include <stdint.h>

/* How often a text may have been escaped. */
#define TAVUS_PLAIN_LEVELS 6

/* The signs that begin an escape. A secret that holds one can be read in more than one
** way, since a text may have escapes of the other signs only. */
enum { TAVUS_PERCENT = 1, TAVUS_BACKSLASH = 2, TAVUS_AMPERSAND = 4, TAVUS_ALL_SIGNS = 7 };

/* Where a byte of a plain text comes from: the first byte there and the one after
** the last. */
typedef struct tavus_origin {
  uint32_t from, to;
} tavus_origin;

/* The length of the escape of one of these signs that `at` begins with, or 0. */
size_t tavus_plain_escape(const char *at, size_t length, unsigned signs);

/* Replaces each escape of these signs (%2f \/ \" \n \u002f \x2f &#47; &#x2f; &amp;) by what it
** stands for, once, in place. `origins` (NULL: not wanted) has one item a byte and
** is kept in step. Returns the new length; the same one: there was none. */
size_t tavus_plain_decode(char *text, size_t length, tavus_origin *origins,
                          unsigned signs);

/* Takes out, in place, what may break a text: blanks, tags, backslashes, the "="
** and "+" that stand for a line break and a blank. Returns the new length. */
size_t tavus_plain_strip(char *text, size_t length, tavus_origin *origins);

#endif
