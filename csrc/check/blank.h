/* blank.h - blanks, which ids and addresses do not hold: spaces, control characters, and
** the invisible characters that copies from web pages bring along. Knows nothing of
** Lua. */
#ifndef TAVUS_CHECK_BLANK_H
#define TAVUS_CHECK_BLANK_H

#include <stddef.h>
#include <string.h>

/* Returns the bytes of the blank at the start of the text, or 0 when there is none. */
static inline size_t tavus_blank(const char *text, size_t length) {
  static const char *const invisible[] = { "\xc2\xa0",     "\xe2\x80\x8b", "\xe2\x80\x8c",
                                           "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\xa8",
                                           "\xe2\x80\xaf", "\xe2\x81\xa0", "\xe3\x80\x80",
                                           "\xef\xbb\xbf" };
  if (length == 0) return 0;
  unsigned char first = (unsigned char)*text;
  if (first <= ' ' || first == 0x7f) return 1;
  if (first < 0x80) return 0;
  for (size_t i = 0; i < sizeof invisible / sizeof *invisible; i++) {
    size_t n = strlen(invisible[i]);
    if (n <= length && memcmp(text, invisible[i], n) == 0) return n;
  }
  return 0;
}

/* Does the text hold a blank? */
static inline int tavus_has_blank(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (tavus_blank(text + i, length - i) > 0) return 1;
  return 0;
}

/* Moves *text and *length to what is between the blanks around it. */
static inline void tavus_trim(const char **text, size_t *length) {
  size_t n, end = 0;
  while ((n = tavus_blank(*text, *length)) > 0) {
    *text += n;
    *length -= n;
  }
  for (size_t i = 0; i < *length;) {
    n = tavus_blank(*text + i, *length - i);
    i += n > 0 ? n : 1;
    if (n == 0) end = i;
  }
  *length = end;
}

#endif
