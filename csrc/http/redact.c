#include "redact.h"

#include <strings.h>

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The value of `count` hex digits at `at`, or -1. */
static int hex_value(const char *at, const char *end, size_t count) {
  int value = 0;
  if ((size_t)(end - at) < count) return -1;
  for (; count > 0; count--) {
    int digit = hex_digit(*at++);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* The length of &...; at `at` if it stands for `c`, else 0. */
static size_t entity(const char *at, const char *end, unsigned char c) {
  static const struct {
    const char *name;
    unsigned char c;
  } names[] = {{"&amp;", '&'}, {"&lt;", '<'},    {"&gt;", '>'},
               {"&quot;", '"'}, {"&apos;", '\''}};
  const char *from = at + 2;
  size_t i;
  int value = 0, base = 10, digit;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    size_t length = strlen(names[i].name);
    if (names[i].c == c && (size_t)(end - at) >= length &&
        strncasecmp(at, names[i].name, length) == 0)
      return length;
  }
  if (end - at < 4 || at[1] != '#') return 0;
  if (*from == 'x' || *from == 'X') {
    base = 16;
    from++;
  }
  while (from < end && (digit = hex_digit(*from)) >= 0 && digit < base) {
    from++;
    value = value * base + digit;
    if (value > 0xff) return 0;
  }
  return from < end && *from == ';' && value == c ? (size_t)(from - at) + 1 : 0;
}

#define PERCENT 1u
#define BACKSLASH 2u
#define ENTITY 4u
#define ALL 7u

/* How many bytes at `at` spell `c`; 0: they do not. What is in `escapes` begins
** an escape where it can, the other signs stand for themselves. */
static size_t spelled(const char *at, const char *end, unsigned char c,
                      unsigned escapes) {
  size_t length;
  if (*at == '%' && (escapes & PERCENT) && hex_value(at + 1, end, 2) == c)
    return 3;
  if (*at == '\\' && (escapes & BACKSLASH) && end - at >= 2) {
    if ((unsigned char)at[1] == c && strchr("/\"\\'", c) != NULL) return 2;
    if (at[1] == 'u' && hex_value(at + 2, end, 4) == c) return 6;
    if (at[1] == 'x' && hex_value(at + 2, end, 2) == c) return 4;
  }
  if (*at == '&' && (escapes & ENTITY) && (length = entity(at, end, c)) > 0)
    return length;
  return (unsigned char)*at == c ? 1 : 0;
}

/* The length of the occurrence of `secret` that begins at `at`; 0: none. A key
** that itself holds a sign of escaping can be read in more than one way. */
static size_t occurrence(const char *at, const char *end, const char *secret,
                         size_t length) {
  unsigned escapes = ALL;
  do {
    const char *from = at;
    size_t i, step = 1;
    for (i = 0; i < length && step > 0; i++, from += step)
      step = from == end
                 ? 0
                 : spelled(from, end, (unsigned char)secret[i], escapes);
    if (step > 0) return (size_t)(from - at);
  } while (escapes-- > 0);
  return 0;
}

static bool has_escapes(const char *text, size_t length) {
  return memchr(text, '%', length) != NULL ||
         memchr(text, '\\', length) != NULL || memchr(text, '&', length) != NULL;
}

/* Where the secret occurs next, and how long it is there; NULL: nowhere. */
static const char *next_occurrence(const char *at, const char *end,
                                   const char *secret, size_t length,
                                   bool escapes, size_t *found) {
  *found = length;
  if (!escapes) return memmem(at, (size_t)(end - at), secret, length);
  for (; (size_t)(end - at) >= length; at++)
    if ((*at == *secret || *at == '%' || *at == '\\' || *at == '&') &&
        (*found = occurrence(at, end, secret, length)) > 0)
      return at;
  return NULL;
}

bool tavus_http_redact(tavus_http_bytes *bytes, const char *secret,
                       size_t length) {
  tavus_http_bytes clean = {NULL, 0, 0};
  const char *at = bytes->data, *hit, *end;
  size_t found;
  bool escapes;
  if (length == 0 || bytes->length < length) return true;
  end = at + bytes->length;
  escapes = has_escapes(at, bytes->length);
  hit = next_occurrence(at, end, secret, length, escapes, &found);
  if (hit == NULL) return true;
  for (; hit != NULL;
       hit = next_occurrence(at, end, secret, length, escapes, &found)) {
    if (!tavus_http_bytes_add(&clean, at, (size_t)(hit - at)) ||
        !tavus_http_bytes_text(&clean, "[redacted]"))
      goto failed;
    at = hit + found;
  }
  if (!tavus_http_bytes_add(&clean, at, (size_t)(end - at))) goto failed;
  tavus_http_bytes_free(bytes);
  *bytes = clean;
  return true;
failed:
  tavus_http_bytes_free(&clean);
  tavus_http_bytes_free(bytes);
  return false;
}
