/* fuzz.h - what every target of libFuzzer shares. A target defines
** LLVMFuzzerTestOneInput and states its promises with REQUIRE. */
#ifndef TAVUS_FUZZ_H
#define TAVUS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, as a crash does, where a promise is broken. */
#define REQUIRE(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __LINE__))

static inline void fuzz_broken(const char *promise, int line) {
  fprintf(stderr, "broken in line %d: %s\n", line, promise);
  abort();
}

/* A copy of the input with a NUL behind it; the caller frees it. A block of its
** own lets ASan see a read beyond its end. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  REQUIRE(text != NULL);
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  return text;
}

#endif
