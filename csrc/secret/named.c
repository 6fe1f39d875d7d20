/* named.c - see named.h. Reads JSON, Python's print of it, queries, headers and
** prose alike: what matters is a name, a sign after it, and a value. */
#include "named.h"

#include <string.h>
#include <strings.h>

#include "../contract/contract.h"

#define LONGEST_NAME 128
#define MOST_BLANKS 64     /* between a name, the sign and the value */
#define NEAR ((size_t)512) /* how far a scan looks ahead for a member or a schema */
#define MEMBERS 4          /* so many members on */
#define LONGEST_NUMBER 8   /* a number with as many digits may be a password */

typedef struct scan {
  tavus_redaction *r;
  const tavus_layer *layer;
  const char *t;
  size_t n;
} scan;

typedef struct name {
  const char *text;
  size_t length;
  size_t from; /* where it begins */
  bool quoted;
} name;

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_quote(char c) { return c == '"' || c == '\''; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool in_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.' || c == '~' || c == '[' || c == ']';
}

static size_t skip_blanks(const scan *s, size_t at) {
  size_t stop = at + MOST_BLANKS;
  while (at < s->n && at < stop && is_blank(s->t[at])) at++;
  return at;
}

/* The end of the string whose content begins at `at`: its quote, or s->n. */
static size_t string_end(const scan *s, size_t at, char quote) {
  for (; at < s->n && s->t[at] != quote; at++)
    if (s->t[at] == '\\') at++;
  return at < s->n ? at : s->n;
}

/* The name that ends before `at`. */
static bool name_before(const scan *s, size_t at, name *found) {
  size_t end = at, stop = at > MOST_BLANKS ? at - MOST_BLANKS : 0;
  while (end > stop && is_blank(s->t[end - 1])) end--;
  if (end > 1 && s->t[end - 1] == ']' && is_quote(s->t[end - 2])) end--; /* Lua */
  if (end == 0) return false;
  size_t from = end, least = end > LONGEST_NAME ? end - LONGEST_NAME : 0;
  char quote = s->t[end - 1];
  found->quoted = is_quote(quote);
  if (found->quoted) {
    from = --end;
    if (end == 0 || s->t[end - 1] == '\\') return false; /* seen in the next layer */
    while (from > least && s->t[from - 1] != quote) from--;
    if (from == least) return false;
  } else {
    while (from > least && in_name(s->t[from - 1])) from--;
  }
  found->text = s->t + from;
  found->length = end - from;
  found->from = from;
  return found->length > 0;
}

static bool is_named(const name *found, const char *text) {
  return strlen(text) == found->length && memcmp(text, found->text, found->length) == 0;
}

/* Hides a value, and keeps it to be looked for elsewhere. */
static void hide(scan *s, size_t from, size_t to, bool quoted) {
  const char *text = s->t + from;
  size_t length = to - from, mark = sizeof TAVUS_REDACTED - 1;
  if (length == 0 || (length == mark && memcmp(text, TAVUS_REDACTED, mark) == 0)) return;
  tavus_hide(s->r, s->layer, from, to, quoted);
  if (tavus_is_likely_secret(text, length)) tavus_secrets_add(s->r->known, text, length);
}

/* What has no end in this layer is hidden up to the end of the text, unless the next
** window will see all of it. */
static void hide_open(scan *s, size_t from) {
  const tavus_origin *origins = s->layer->origins;
  if (origins != NULL && origins[s->n - 1].to - origins[from].from < s->layer->overlap)
    return;
  hide(s, from, s->n, false);
  tavus_hide(s->r, s->layer, from, SIZE_MAX, false);
}

/* Hides the string whose quote is at `at`; returns what comes after it. */
static size_t hide_string(scan *s, size_t at) {
  size_t end = string_end(s, at + 1, s->t[at]);
  if (end == s->n && at + 1 < s->n)
    hide_open(s, at + 1);
  else if (end < s->n)
    hide(s, at + 1, end, false);
  return end < s->n ? end + 1 : s->n;
}

static size_t hide_number(scan *s, size_t at) {
  size_t end = at;
  while (end < s->n && (is_digit(s->t[end]) || s->t[end] == '.')) end++;
  if (end - at >= LONGEST_NUMBER) hide(s, at, end, s->layer->origins == NULL);
  return end > at ? end : at + 1;
}

/* Hides all strings but names from the bracket at `at` to its end; returns what comes
** after it. */
static size_t hide_all(scan *s, size_t at) {
  size_t depth = 0, first = at;
  while (at < s->n) {
    char c = s->t[at];
    if (is_quote(c)) {
      size_t end = string_end(s, at + 1, c);
      size_t next = end < s->n ? skip_blanks(s, end + 1) : s->n;
      if (next < s->n && s->t[next] == ':')
        at = next + 1;
      else
        at = hide_string(s, at);
      continue;
    }
    if (is_digit(c)) {
      at = hide_number(s, at);
      continue;
    }
    if (c == '[' || c == '{') depth++;
    if ((c == ']' || c == '}') && --depth == 0) return at + 1;
    at++;
  }
  if (s->layer->overlap > 0) hide_open(s, first);
  return s->n;
}

/* The end of the value at `at`, which is near; else s->n. */
static size_t value_end(const scan *s, size_t at) {
  size_t depth = 0, stop = s->n - at > NEAR ? at + NEAR : s->n;
  if (at < s->n && is_quote(s->t[at])) {
    at = string_end(s, at + 1, s->t[at]);
    return at < s->n ? at + 1 : s->n;
  }
  while (at < stop) {
    char c = s->t[at];
    if (is_quote(c))
      at = string_end(s, at + 1, c);
    else if (c == '[' || c == '{')
      depth++;
    else if (depth == 0 && (c == ',' || c == ']' || c == '}'))
      return at;
    else if (c == ']' || c == '}')
      depth--;
    if (at >= stop) break;
    at++;
    if (depth == 0 && (c == ']' || c == '}')) return at;
  }
  return s->n;
}

/* Reads the name of the member at `at`: returns where its value is, or s->n. */
static size_t member_at(const scan *s, size_t at, name *found) {
  at = skip_blanks(s, at);
  if (at >= s->n || !is_quote(s->t[at])) return s->n;
  size_t end = string_end(s, at + 1, s->t[at]);
  size_t colon = end < s->n ? skip_blanks(s, end + 1) : s->n;
  if (colon >= s->n || s->t[colon] != ':') return s->n;
  *found = (name){ s->t + at + 1, end - at - 1, at + 1, true };
  return skip_blanks(s, colon + 1);
}

/* The next member of the same object after the value at `at`: its value, or s->n. */
static size_t next_member(const scan *s, size_t at, name *found) {
  at = value_end(s, at);
  at = at < s->n ? skip_blanks(s, at) : s->n;
  return at < s->n && s->t[at] == ',' ? member_at(s, at + 1, found) : s->n;
}

/* Is the object at `at` a JSON Schema: has it keywords only, and one that tells? */
static bool is_schema(const scan *s, size_t at) {
  size_t stop = s->n - at > NEAR ? at + NEAR : s->n;
  bool tells = false;
  name found;
  do {
    size_t value = member_at(s, at + 1, &found);
    if (value >= stop) return tells;
    if (!tavus_is_schema_word(found.text, found.length, &tells)) return false;
    if (is_named(&found, "type") && is_quote(s->t[value])) {
      size_t end = string_end(s, value + 1, s->t[value]);
      if (!tavus_is_schema_type(s->t + value + 1, end - value - 1)) return false;
    }
    at = value_end(s, value);
    if (at < s->n) at = skip_blanks(s, at);
  } while (at < stop && s->t[at] == ',');
  return tells;
}

bool tavus_is_secret_path(const char *path, size_t length) {
  static const char schemas[] = "properties";
  bool in_schema = false;
  for (size_t i = 0; i < length;) {
    size_t from = ++i;
    while (i < length && path[i] != '/') i++;
    if (!in_schema && tavus_is_secret_name(path + from, i - from)) return true;
    in_schema =
        i - from == sizeof schemas - 1 && memcmp(path + from, schemas, i - from) == 0;
  }
  return false;
}

/* The end of a value without quotes. */
static size_t word_end(const scan *s, size_t at) {
  while (at < s->n && !is_blank(s->t[at]) &&
         (s->t[at] == '\0' || strchr("\"'<>&;,()[]{}#|\\", s->t[at]) == NULL))
    at++;
  return at;
}

/* A value without quotes after a colon: prose, unless it looks like a secret. */
static size_t hide_prose(scan *s, size_t at) {
  static const char *const schemes[] = { "Bearer", "Basic", "Token", "Digest", "Key" };
  size_t end = word_end(s, at);
  for (size_t i = 0; i < TAVUS_COUNT(schemes); i++)
    if (strlen(schemes[i]) == end - at &&
        strncasecmp(s->t + at, schemes[i], end - at) == 0) {
      at = skip_blanks(s, end);
      end = word_end(s, at);
      break;
    }
  bool digit = false;
  for (size_t i = at; i < end && !digit; i++) digit = is_digit(s->t[i]);
  if (digit && end - at >= TAVUS_SECRET_LIKELY) hide(s, at, end, false);
  return end;
}

/* Hides the value at `at`; returns where the scan goes on. */
static size_t hide_value(scan *s, size_t at, const name *found, char sign) {
  if (at >= s->n) return s->n;
  char c = s->t[at];
  if (is_quote(c) && sign == ':' && !found->quoted) { /* `Unexpected token: '}'` */
    size_t end = string_end(s, at + 1, c);
    if (!tavus_is_likely_secret(s->t + at + 1, end - at - 1)) return end;
  }
  if (is_quote(c)) return hide_string(s, at);
  if (c == '{' && is_schema(s, at)) return at + 1;
  if (c == '{' || c == '[') return hide_all(s, at);
  if (sign == '=' && !found->quoted) {
    size_t end = word_end(s, at);
    hide(s, at, end, false);
    return end;
  }
  if (found->quoted && is_digit(c)) return hide_number(s, at);
  return hide_prose(s, at);
}

/* Does the text at `at`, of the member `teller`, call the value beside it secret: as
** the path of a patch, or as in `{ name = "token", value = ... }`? */
static bool tells_secret(const scan *s, size_t at, const name *teller) {
  bool is_path = is_named(teller, "path");
  if (!is_quote(s->t[at]) ||
      !(is_path || is_named(teller, "name") || is_named(teller, "key")))
    return false;
  const char *text = s->t + at + 1;
  size_t length = string_end(s, at + 1, s->t[at]) - at - 1;
  return is_path ? tavus_is_secret_path(text, length)
                 : tavus_is_secret_name(text, length);
}

/* Hides the value that a member beside it calls secret. The pair may stand in either
** order; `found`, whose value is at `at`, is the first of them. */
static void hide_pair(scan *s, size_t at, const name *found) {
  bool is_value = is_named(found, "value");
  if (at >= s->n || (!is_value && !tells_secret(s, at, found))) return;
  size_t other = at;
  name next;
  for (int i = 0; i < MEMBERS; i++) {
    other = next_member(s, other, &next);
    if (other >= s->n) return;
    if (is_value ? tells_secret(s, other, &next) : is_named(&next, "value")) {
      (void)hide_value(s, is_value ? at : other, &next, ':');
      return;
    }
  }
}

/* `//user:password@host`: what stands before the "@". */
static size_t hide_login(scan *s, size_t at) {
  size_t end = at, colon = 0;
  while (end < s->n && !is_blank(s->t[end]) && s->t[end] != '\0' &&
         strchr("/@\"'<>\\", s->t[end]) == NULL) {
    if (s->t[end] == ':' && colon == 0) colon = end + 1;
    end++;
  }
  if (end == at || end >= s->n || s->t[end] != '@') return at;
  hide(s, at, end, false);
  if (colon > 0 && tavus_is_likely_secret(s->t + colon, end - colon))
    tavus_secrets_add(s->r->known, s->t + colon, end - colon);
  return end;
}

/* What follows the sign at `at`, a colon or an equals sign; returns where the scan
** goes on. */
static size_t look_at(scan *s, size_t at) {
  name found;
  char sign = s->t[at];
  if (sign == ':' && s->n - at > 2 && s->t[at + 1] == '/' && s->t[at + 2] == '/')
    return hide_login(s, at + 3);
  if (!name_before(s, at, &found)) return at + 1;
  size_t value = at + 1;
  if (value < s->n && s->t[value] == '>') value++; /* => */
  if (sign == ':' || found.quoted) value = skip_blanks(s, value);
  if (found.quoted) {
    if (found.length <= 5) hide_pair(s, value, &found);
    if (!tavus_is_secret_name(found.text, found.length)) return at + 1;
  } else {
    char before = found.from > 0 ? s->t[found.from - 1] : ' ';
    bool parameter = sign == '=' && before != '\0' && strchr("?&;#", before) != NULL;
    if (!tavus_is_secret_name(found.text, found.length) &&
        !(parameter && found.length == 3 && strncasecmp(found.text, "key", 3) == 0))
      return at + 1;
  }
  return hide_value(s, value, &found, sign);
}

void tavus_scan_names(tavus_redaction *r, const tavus_layer *layer) {
  scan s = { r, layer, layer->text, layer->length };
  for (size_t at = 0; at < s.n;) {
    size_t end = at;
    while (end < s.n && s.t[end] != ':' && s.t[end] != '=') end++;
    at = end < s.n ? look_at(&s, end) : s.n;
  }
}
