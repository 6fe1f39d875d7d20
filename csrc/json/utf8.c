/* utf8.c - see utf8.h. */
#include "utf8.h"

#include "scan.h"

size_t tavus_utf8_sequence(const unsigned char *at, const unsigned char *end) {
  size_t left = (size_t)(end - at);
  unsigned first = at[0];
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0; /* a continuation, or an overlong form */
  if (first < 0xE0) return left >= 2 && (at[1] & 0xC0) == 0x80 ? 2 : 0;
  if (first < 0xF0) {
    if (left < 3 || (at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80) return 0;
    if (first == 0xE0 && at[1] < 0xA0) return 0; /* overlong */
    if (first == 0xED && at[1] > 0x9F) return 0; /* surrogate half */
    return 3;
  }
  if (first > 0xF4 || left < 4) return 0;
  if ((at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80 || (at[3] & 0xC0) != 0x80)
    return 0;
  if (first == 0xF0 && at[1] < 0x90) return 0; /* overlong */
  if (first == 0xF4 && at[1] > 0x8F) return 0; /* above U+10FFFF */
  return 4;
}

bool tavus_utf8_check(const char *text, size_t length, size_t *bad_offset) {
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  while (at < end) {
    while (end - at >= 8 && (tavus_scan_load(at) & TAVUS_SCAN_HIGH) == 0) at += 8;
    while (at < end && *at < 0x80) at++;
    while (at < end && *at >= 0x80) {
      size_t size = tavus_utf8_sequence(at, end);
      if (size == 0) {
        if (bad_offset != NULL) *bad_offset = (size_t)(at - (const unsigned char *)text);
        return false;
      }
      at += size;
    }
  }
  return true;
}

size_t tavus_utf8_encode(char *out, uint32_t code) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xC0 | (code >> 6));
    out[1] = (char)(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xE0 | (code >> 12));
    out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | (code >> 18));
  out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
  out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
  out[3] = (char)(0x80 | (code & 0x3F));
  return 4;
}
