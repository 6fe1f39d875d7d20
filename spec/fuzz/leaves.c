/* leaves.c - fuzzes the files of csrc/json/ that know nothing of Lua: numbers
** against strtod and strtoll, UTF-8 and JSON Pointers against plain second
** versions. */
#include "../../csrc/json/number.h"
#include "../../csrc/json/pointer.h"
#include "../../csrc/json/utf8.h"
#include "fuzz.h"

#include <errno.h>
#include <math.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Skips digits; NULL: there is none. */
static const char *skip_digits(const char *at) {
  if (at == NULL || !is_digit(*at)) return NULL;
  while (is_digit(*at)) at++;
  return at;
}

/* The end of the JSON number that begins at `at`, or NULL. *whole: it has
** neither fraction nor exponent. */
static const char *number_end(const char *at, bool *whole) {
  *whole = true;
  if (*at == '-') at++;
  at = *at == '0' ? at + 1 : skip_digits(at);
  if (at != NULL && *at == '.') {
    *whole = false;
    at = skip_digits(at + 1);
  }
  if (at != NULL && (*at == 'e' || *at == 'E')) {
    *whole = false;
    at++;
    at = skip_digits(*at == '+' || *at == '-' ? at + 1 : at);
  }
  return at;
}

static bool same_bits(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static void check_number(char *text) {
  bool whole;
  const char *end = number_end(text, &whole);
  if (end == NULL || is_digit(*end)) return;
  text[end - text] = '\0';
  const char *at = text;
  tavus_number number;
  bool in_range = tavus_number_read(&at, &number);
  double real = strtod(text, NULL);
  errno = 0;
  long long integer = strtoll(text, NULL, 10);
  bool is_integer = whole && errno == 0 && strcmp(text, "-0") != 0;
  REQUIRE(at == end);
  REQUIRE(in_range == (is_integer || isfinite(real)));
  REQUIRE(number.is_integer == is_integer);
  REQUIRE(is_integer ? number.integer == integer : same_bits(number.real, real));
}

static void check_scale(const uint8_t *data) {
  uint64_t significand;
  int16_t exponent;
  memcpy(&significand, data, sizeof significand);
  memcpy(&exponent, data + sizeof significand, sizeof exponent);
  char text[64];
  (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)significand, exponent);
  REQUIRE(same_bits(tavus_number_scale(significand, exponent), strtod(text, NULL)));
}

/* The length of the UTF-8 sequence at `at` and its code, or 0. */
static size_t sequence(const unsigned char *at, size_t left, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t size = *at < 0x80 ? 1 : *at >> 5 == 6 ? 2 : *at >> 4 == 14 ? 3 : *at >> 3 == 30 ? 4 : 0;
  if (size == 0 || size > left) return 0;
  *code = size == 1 ? *at : *at & (0x7fu >> size);
  for (size_t i = 1; i < size; i++) {
    if (at[i] >> 6 != 2) return 0;
    *code = *code << 6 | (at[i] & 0x3fu);
  }
  bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
  return *code < least[size] || *code > 0x10ffff || surrogate ? 0 : size;
}

static void check_utf8(const char *text, size_t length) {
  const unsigned char *at = (const unsigned char *)text;
  size_t good = 0, bad = length, size = 1;
  uint32_t code = 0;
  for (; good < length && (size = sequence(at + good, length - good, &code)) > 0; good += size) {
    char again[4];
    REQUIRE(tavus_utf8_sequence(at + good, at + length) == size);
    REQUIRE(tavus_utf8_encode(again, code) == size);
    REQUIRE(memcmp(again, at + good, size) == 0);
  }
  if (good < length) REQUIRE(tavus_utf8_sequence(at + good, at + length) == 0);
  REQUIRE(tavus_utf8_check(text, length, &bad) == (good == length));
  REQUIRE(bad == good);
}

/* Walks a checked pointer, and writes it again from its tokens. */
static void check_pointer(const char *text, size_t length) {
  size_t bad = length;
  bool good = tavus_pointer_check(text, length, &bad);
  REQUIRE(good ? bad == length : bad < length);
  if (!good) return;
  tavus_pointer walk = {text, text + length};
  const char *token;
  size_t size, at = 0;
  bool escaped;
  while (tavus_pointer_next(&walk, &token, &size, &escaped)) {
    char *plain = fuzz_text((const uint8_t *)token, size);
    size_t plain_size = tavus_pointer_unescape(plain, plain, size);
    REQUIRE(escaped == (memchr(token, '~', size) != NULL));
    REQUIRE(plain_size <= size && (escaped || plain_size == size));
    REQUIRE(text[at++] == '/');
    for (size_t i = 0; i < plain_size; i++) {
      const char *spelled = plain[i] == '~' ? "~0" : plain[i] == '/' ? "~1" : NULL;
      REQUIRE(spelled != NULL ? memcmp(text + at, spelled, 2) == 0 : text[at] == plain[i]);
      at += spelled != NULL ? 2 : 1;
    }
    free(plain);
  }
  REQUIRE(at == length);
}

static void check_index(const char *text, size_t length) {
  size_t index = 0;
  char again[32];
  bool is_index = tavus_pointer_index(text, length, &index);
  errno = 0;
  unsigned long long value = strtoull(text, NULL, 10);
  (void)snprintf(again, sizeof again, "%llu", value);
  REQUIRE(is_index == (errno == 0 && strlen(again) == length && memcmp(again, text, length) == 0));
  REQUIRE(!is_index || index == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = fuzz_text(data, size);
  check_utf8(text, size);
  check_pointer(text, size);
  check_index(text, size);
  if (size >= 10) check_scale(data);
  check_number(text); /* the last: it may shorten the text */
  free(text);
  return 0;
}
