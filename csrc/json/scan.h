/* scan.h - finds the bytes of a string that are special in JSON, eight bytes at a
** time. Used by reading, writing and UTF-8. Needs no Lua header. */
#ifndef TAVUS_JSON_SCAN_H
#define TAVUS_JSON_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TAVUS_SCAN_ONES UINT64_C(0x0101010101010101)
#define TAVUS_SCAN_HIGH UINT64_C(0x8080808080808080)

/* Reads eight bytes, aligned or not. */
static inline uint64_t tavus_scan_load(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* Is `byte` plain: ASCII, and not a control character, quote or backslash? */
static inline int tavus_scan_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Sets the top bit of each byte that is not plain. A borrow may also set bits of
** higher bytes, so only the lowest set bit is exact. */
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

/* Copies the plain bytes at the beginning of `at`, at most `length`, and returns
** their number. `out` has room for `length` bytes; the bytes behind the copied ones
** are undefined. The last word overlaps the one before it. */
static inline size_t tavus_scan_copy(char *out, const unsigned char *at, size_t length) {
  size_t done = 0;
  if (length >= 8) {
    while (done < length) {
      size_t from = length - done >= 8 ? done : length - 8;
      uint64_t word = tavus_scan_load(at + from);
      memcpy(out + from, &word, sizeof word);
      if (tavus_scan_hits(word) != 0) break;
      done = from + 8;
    }
  } else if (length >= 4) {
    uint32_t first, last;
    memcpy(&first, at, sizeof first);
    memcpy(&last, at + length - 4, sizeof last);
    if (tavus_scan_hits((uint64_t)first << 32 | last) == 0) {
      memcpy(out, &first, sizeof first);
      memcpy(out + length - 4, &last, sizeof last);
      return length;
    }
  }
  for (; done < length && tavus_scan_plain(at[done]); done++) out[done] = (char)at[done];
  return done;
}

#endif
