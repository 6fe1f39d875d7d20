/* pattern.c - fuzzes csrc/schema/pattern.c with a pattern, a NUL and a text. The steps are
** linear in the text; compiling twice gives the same; a group around a pattern changes
** nothing; a pattern of literals matches where strstr finds it. */
#include "../../csrc/json/utf8.h"
#include "../../csrc/schema/pattern.h"
#include "fuzz.h"

#define BUDGET INT64_C(100000000)

/* The memory of a pattern, which needs no initialization. */
static tavus_pattern *fresh(int garbage) {
  tavus_pattern *p = malloc(sizeof *p);
  REQUIRE(p != NULL);
  memset(p, garbage, sizeof *p);
  return p;
}

static tavus_match find(tavus_pattern *p, const char *text, size_t length) {
  int64_t left = BUDGET;
  tavus_match found = tavus_pattern_find(p, text, length, &left);
  int64_t a_character = (int64_t)p->length * (2 + p->range_count) + p->length;
  REQUIRE(found != TAVUS_MATCH_STOPPED);
  REQUIRE(BUDGET - left <= (int64_t)(length + 1) * a_character);
  return found;
}

static void check_twice(const char *pattern, size_t size, const char *text,
                        size_t length) {
  tavus_pattern *one = fresh(0xAA), *two = fresh(0x55);
  bool known = tavus_pattern_compile(one, pattern, size);
  REQUIRE(tavus_pattern_compile(two, pattern, size) == known);
  if (known) {
    REQUIRE(one->length == two->length && one->range_count == two->range_count);
    size_t code = (size_t)one->length * sizeof *one->code;
    REQUIRE(memcmp(one->code, two->code, code) == 0);
    size_t ranges = (size_t)one->range_count * sizeof *one->ranges;
    REQUIRE(memcmp(one->ranges, two->ranges, ranges) == 0);
    tavus_match found = find(one, text, length);
    REQUIRE(find(two, text, length) == found && find(one, text, length) == found);
    char *group = malloc(size + 5);
    REQUIRE(group != NULL);
    (void)snprintf(group, size + 5, "(?:%s)", pattern);
    if (tavus_pattern_compile(two, group, size + 4)) /* unless nested too deep */
      REQUIRE(find(two, text, length) == found);
    free(group);
  }
  free(one);
  free(two);
}

static bool is_utf8(const char *text) {
  const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
  while (at < end) {
    size_t length = tavus_utf8_sequence(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

static void check_literals(const char *literals, const char *text) {
  if (!is_utf8(literals) || !is_utf8(text)) return;
  char *pattern = malloc(2 * strlen(literals) + 1), *to = pattern;
  REQUIRE(pattern != NULL);
  for (const char *at = literals; *at != '\0'; at++) {
    if (strchr("\\^$.|?*+()[]{}", *at) != NULL) *to++ = '\\';
    *to++ = *at;
  }
  tavus_pattern *p = fresh(0xAA);
  REQUIRE(tavus_pattern_compile(p, pattern, (size_t)(to - pattern)));
  tavus_match found = find(p, text, strlen(text));
  REQUIRE((found == TAVUS_MATCH) == (strstr(text, literals) != NULL));
  free(p);
  free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *input = fuzz_text(data, size);
  size_t length = strlen(input);
  char *pattern = fuzz_text(data, length);
  size_t rest = length < size ? size - length - 1 : 0;
  char *text = fuzz_text(data + (size - rest), rest);
  check_twice(pattern, length, text, rest);
  check_literals(pattern, text);
  free(text);
  free(pattern);
  free(input);
  return 0;
}
