/* plain.c - see plain.h. */
#include "plain.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "../json/utf8.h"

#define LONGEST_TAG 256

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The value of `count` hex digits at `at`, or -1. */
static int hex_value(const char *at, const char *end, int count) {
  int value = 0;
  if (end - at < count) return -1;
  for (; count > 0; count--) {
    int digit = hex_digit(*at++);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* What an escape stands for. */
typedef struct meaning {
  char text[4];
  size_t size;
} meaning;

static meaning byte_of(int value) { return (meaning){ { (char)value }, 1 }; }

static meaning character(long code) {
  meaning m = { { 0 }, 0 };
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = '?';
  m.size = tavus_utf8_encode(m.text, (uint32_t)code);
  return m;
}

/* Each of these reads the escape at `at`: its length, or 0 where there is none. */

static size_t backslash(const char *at, const char *end, meaning *m) {
  static const char letters[] = "nrtbf\"'/\\", stands[] = "\n\r\t\b\f\"'/\\";
  int value;
  if (end - at < 2) return 0;
  if (at[1] == 'x' && (value = hex_value(at + 2, end, 2)) >= 0) {
    *m = byte_of(value);
    return 4;
  }
  if (at[1] == 'u' && (value = hex_value(at + 2, end, 4)) >= 0) {
    if (value >= 0xd800 && value < 0xdc00 && end - at >= 12 && at[6] == '\\' &&
        at[7] == 'u') {
      int low = hex_value(at + 8, end, 4);
      if (low >= 0xdc00 && low < 0xe000) {
        *m = character(0x10000 + ((long)(value - 0xd800) << 10) + (low - 0xdc00));
        return 12;
      }
    }
    *m = character(value);
    return 6;
  }
  const char *letter = at[1] == '\0' ? NULL : strchr(letters, at[1]);
  if (letter == NULL) return 0;
  *m = byte_of(stands[letter - letters]);
  return 2;
}

static size_t entity(const char *at, const char *end, meaning *m) {
  static const struct {
    const char *name;
    char c;
  } names[] = { { "amp;", '&' },   { "lt;", '<' },     { "gt;", '>' },
                { "quot;", '"' },  { "apos;", '\'' },  { "nbsp;", ' ' },
                { "sol;", '/' },   { "bsol;", '\\' },  { "colon;", ':' },
                { "plus;", '+' },  { "equals;", '=' }, { "lowbar;", '_' },
                { "period;", '.' } };
  const char *from = at + 2;
  int base = 10, digit;
  long code = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t length = strlen(names[i].name);
    if ((size_t)(end - at) <= length || strncasecmp(at + 1, names[i].name, length) != 0)
      continue;
    *m = byte_of(names[i].c);
    return length + 1;
  }
  if (end - at < 3 || at[1] != '#') return 0;
  if (*from == 'x' || *from == 'X') {
    base = 16;
    from++;
  }
  const char *first = from;
  for (; from < end && (digit = hex_digit(*from)) >= 0 && digit < base; from++)
    if (code <= 0x10ffff) code = code * base + digit;
  if (from == first || from == end || *from != ';') return 0;
  *m = character(code);
  return (size_t)(from - at) + 1;
}

static size_t escape(const char *at, const char *end, unsigned signs, meaning *m) {
  if (*at == '\\' && (signs & TAVUS_BACKSLASH) != 0) return backslash(at, end, m);
  if (*at == '&' && (signs & TAVUS_AMPERSAND) != 0) return entity(at, end, m);
  if (*at != '%' || (signs & TAVUS_PERCENT) == 0) return 0;
  int value = hex_value(at + 1, end, 2);
  if (value < 0) return 0;
  *m = byte_of(value);
  return 3;
}

size_t tavus_plain_escape(const char *at, size_t length, unsigned signs) {
  meaning m;
  return length == 0 ? 0 : escape(at, at + length, signs, &m);
}

size_t tavus_plain_decode(char *text, size_t length, tavus_origin *origins,
                          unsigned signs) {
  const char *end = text + length;
  size_t size = 0;
  for (size_t i = 0; i < length;) {
    meaning m;
    size_t step = escape(text + i, end, signs, &m);
    if (step == 0) {
      if (origins != NULL) origins[size] = origins[i];
      text[size++] = text[i++];
      continue;
    }
    tavus_origin whole = { 0, 0 };
    if (origins != NULL)
      whole = (tavus_origin){ origins[i].from, origins[i + step - 1].to };
    for (size_t n = 0; n < m.size; n++, size++) {
      text[size] = m.text[n];
      if (origins != NULL) origins[size] = whole;
    }
    i += step;
  }
  return size;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The length of the tag at `at`, or 0. */
static size_t tag(const char *at, size_t length) {
  size_t i = 1;
  if (length > LONGEST_TAG) length = LONGEST_TAG;
  if (i < length && at[i] == '/') i++;
  if (i >= length || !((at[i] | 0x20) >= 'a' && (at[i] | 0x20) <= 'z')) return 0;
  for (; i < length && at[i] != '<'; i++)
    if (at[i] == '>') return i + 1;
  return 0;
}

size_t tavus_plain_strip(char *text, size_t length, tavus_origin *origins) {
  size_t size = 0;
  for (size_t i = 0; i < length;) {
    char c = text[i];
    size_t skip = 0;
    if (is_blank(c) || c == '\\' || c == '+')
      skip = 1;
    else if (c == '=' && i + 1 < length && is_blank(text[i + 1]))
      skip = 1;
    else if (c == '<')
      skip = tag(text + i, length - i);
    if (skip > 0) {
      i += skip;
      continue;
    }
    if (origins != NULL) origins[size] = origins[i];
    text[size++] = text[i++];
  }
  return size;
}
