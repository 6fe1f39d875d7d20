/* scan.h - finding the bytes of a string that JSON treats specially, eight at
** a time (sixteen with SSE2). Shared by reading, writing and UTF-8. */
#ifndef TAVUS_JSON_SCAN_H
#define TAVUS_JSON_SCAN_H

#include "../compat.h"

#if defined(__SSE2__)
#pragma GCC visibility push(default)
#include <emmintrin.h>
#pragma GCC visibility pop
#endif

#define TAVUS_SCAN_ONES UINT64_C(0x0101010101010101)
#define TAVUS_SCAN_HIGH UINT64_C(0x8080808080808080)

static inline uint64_t tavus_scan_load(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* Is `byte` plain: no control, no quote, no backslash, ASCII? */
static inline int tavus_scan_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Sets the top bit of each byte that is not plain. A borrow may set bits of
** bytes above a true hit, never below: nonzero is exact, and so is the lowest
** set bit. */
static inline uint64_t tavus_scan_hits(uint64_t word) {
  uint64_t quote = word ^ (TAVUS_SCAN_ONES * '"');
  uint64_t slash = word ^ (TAVUS_SCAN_ONES * '\\');
  return ((word - TAVUS_SCAN_ONES * 0x20) | (quote - TAVUS_SCAN_ONES) |
          (slash - TAVUS_SCAN_ONES) | word) &
         TAVUS_SCAN_HIGH;
}

/* Returns the first byte in [at, end) that is not plain, or `end`. */
static inline const unsigned char *tavus_scan_run(const unsigned char *at,
                                                  const unsigned char *end) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    /* signed: bytes from 0x80 are below 0x20 as well */
    __m128i hits = _mm_or_si128(
        _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
    int mask = _mm_movemask_epi8(hits);
    if (mask != 0) return at + __builtin_ctz((unsigned)mask);
    at += 16;
  }
#endif
  while (end - at >= 8) {
    uint64_t hits = tavus_scan_hits(tavus_scan_load(at));
    if (hits != 0) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      return at + (__builtin_ctzll(hits) >> 3);
#else
      break;
#endif
    }
    at += 8;
  }
  while (at < end && tavus_scan_plain(*at)) at++;
  return at;
}

#endif
