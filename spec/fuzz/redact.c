/* redact.c - fuzzes csrc/secret/redact.c: texts that hold a secret in spellings
** made here, and mixtures of them, hold none of them afterwards. */
#include "../../csrc/http/bytes.h"
#include "../../csrc/secret/redact.h"
#include "fuzz.h"

/* The only call of the code under test. */
static void redact(tavus_http_bytes *text, const char *secret, size_t length) {
  tavus_secrets known = {.failed = false};
  tavus_redaction work = {.text = text->data, .length = text->length, .known = &known};
  tavus_secrets_add_whole(&known, secret, length);
  REQUIRE(tavus_redact(&work));
  if (work.out != NULL) {
    tavus_http_bytes_free(text);
    REQUIRE(tavus_http_bytes_add(text, work.out, work.out_length));
  }
  tavus_redaction_free(&work);
  tavus_secrets_free(&known);
}

#define SHORTEST_SECRET TAVUS_SECRET_SHORTEST
#define LONGEST_SECRET 24
#define MOST_OCCURRENCES 16
#define MARK "[redacted]"

/* A secret that the mark holds, or a part of it with its neighbours, remains
** without being one. */
static bool is_telling(const char *secret, size_t length) {
  bool foreign = false;
  for (size_t i = 0; i < length; i++) {
    if (secret[i] == '[' || secret[i] == ']') return false;
    if (memchr(MARK, secret[i], sizeof MARK) == NULL) foreign = true;
  }
  return foreign;
}

/* How a byte can be spelled: the forms, and behind them what encoders do. */
static const char *const forms[] = {"%%%02x", "%%%02X", "\\u%04x", "\\u%04X", "\\x%02x",
                                    "&#%d;",  "&#x%x;", "&#X%X;",  "&#%05d;", "&#x%04x;"};
enum {
  FORMS = sizeof forms / sizeof *forms,
  STYLE_URL = FORMS,
  STYLE_JSON,
  STYLE_JSON_SLASH,
  STYLE_HTML,
  STYLE_PLAIN,
  STYLES
};

static bool is_in(char c, const char *set) { return c != '\0' && strchr(set, c) != NULL; }

static bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || is_in(c, "-._~");
}

/* Writes `c` to `out`, a text, as the style has it; returns its length. */
static size_t spell(char out[16], char c, unsigned style) {
  static const char *const html[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
  static const char in_html[] = "&<>\"'";
  if (style < FORMS) return (size_t)snprintf(out, 16, forms[style], (unsigned char)c);
  if (style == STYLE_URL && !is_unreserved(c)) return spell(out, c, 1);
  if ((style == STYLE_JSON || style == STYLE_JSON_SLASH) && is_in(c, style == STYLE_JSON ? "\"\\" : "\"\\/"))
    return (size_t)snprintf(out, 16, "\\%c", c);
  if (style == STYLE_HTML && is_in(c, in_html))
    return (size_t)snprintf(out, 16, "%s", html[strchr(in_html, c) - in_html]);
  *out = c;
  return 1;
}

/* Appends the secret: each byte in the style that is `step` behind the last. In a
** mixture the signs that begin an escape never stand for themselves: no decoder
** reads such a text as the secret. */
static void add(tavus_http_bytes *text, const char *secret, size_t length, unsigned style, unsigned step) {
  for (size_t i = 0; i < length; i++, style += step) {
    char spelled[16];
    size_t size = spell(spelled, secret[i], style % STYLES);
    if (step > 0 && size == 1 && is_in(secret[i], "%\\&")) size = spell(spelled, secret[i], 0);
    REQUIRE(tavus_http_bytes_add(text, spelled, size));
  }
}

/* The input: the secret's length, the secret, then pairs of bytes. A pair is a
** byte as it is, or an occurrence of the secret. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  size_t length = SHORTEST_SECRET + data[0] % LONGEST_SECRET, count = 0;
  if (size < 1 + length) return 0;
  char *secret = fuzz_text(data + 1, length);
  /* A code in an escape is a character, not a byte. */
  for (size_t i = 0; i < length; i++) secret[i] &= 0x7f;
  tavus_http_bytes text = {NULL, 0, 0};
  struct {
    size_t at, length;
  } made[MOST_OCCURRENCES];
  for (size_t i = 1 + length; i + 1 < size && count < MOST_OCCURRENCES; i += 2) {
    if (data[i] % 8 != 0) {
      REQUIRE(tavus_http_bytes_add(&text, (const char *)data + i + 1, 1));
      continue;
    }
    made[count].at = text.length;
    add(&text, secret, length, data[i + 1], data[i] / 8 % 4);
    made[count].length = text.length - made[count].at;
    REQUIRE(tavus_http_bytes_text(&text, " "));
    count++;
  }
  if (is_telling(secret, length) && count > 0) {
    char *before = fuzz_text((const uint8_t *)text.data, text.length);
    redact(&text, secret, length);
    for (size_t i = 0; i < count; i++)
      REQUIRE(memmem(text.data, text.length, before + made[i].at, made[i].length) == NULL);
    REQUIRE(memmem(text.data, text.length, secret, length) == NULL);
    free(before);
  }
  tavus_http_bytes_free(&text);
  free(secret);
  return 0;
}
