/* public.c - fuzzes what judges addresses that Tavus' servers call, and blanks:
** csrc/check/address.c, blank.h. The verdict does not change with the case of letters, a
** user before the host or a port behind it. */
#include "../../csrc/check/address.h"
#include "../../csrc/check/blank.h"
#include "fuzz.h"

static void check_trim(const char *text, size_t length) {
  const char *inner = text;
  size_t n = length;
  tavus_trim(&inner, &n);
  REQUIRE(inner >= text && inner + n <= text + length);
  REQUIRE(n == 0 || tavus_blank(inner, n) == 0);
  const char *again = inner;
  size_t m = n;
  tavus_trim(&again, &m);
  REQUIRE(again == inner && m == n);
  REQUIRE(n == 0 || n == length || tavus_has_blank(text, length));
}

/* The verdict on "https://", `before`, the text and `behind`. */
static const tavus_address_fault *verdict(const char *before, const char *text,
                                          const char *behind) {
  size_t room = strlen(text) + 64;
  char *url = malloc(room);
  REQUIRE(url != NULL);
  (void)snprintf(url, room, "https://%s%s%s", before, text, behind);
  char *exact =
      fuzz_text((const uint8_t *)url, strlen(url)); /* ASan sees a read behind it */
  const tavus_address_fault *fault = tavus_address_check(exact, strlen(exact), false);
  free(exact);
  free(url);
  return fault;
}

static void check_host(char *host) {
  if (strpbrk(host, "/?#\\@:[]<>{}$%") != NULL || *host == '\0') return;
  const tavus_address_fault *fault = verdict("", host, "");
  REQUIRE(verdict("user:word@", host, "") == fault);
  REQUIRE(verdict("", host, ":8443/v1") == fault);
  for (char *at = host; *at != '\0'; at++)
    if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 0x20);
  REQUIRE(verdict("", host, "/V1") == fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = fuzz_text(data, size);
  const tavus_address_fault *plain = tavus_address_check(text, size, false);
  const tavus_address_fault *https = tavus_address_check(text, size, true);
  REQUIRE(plain == NULL || (plain->message != NULL && plain->hint != NULL));
  REQUIRE(https != NULL || plain == NULL || memchr(text, '{', size) != NULL ||
          memchr(text, '}', size) != NULL);
  check_trim(text, size);
  check_host(text); /* the last: it changes the text */
  free(text);
  return 0;
}
