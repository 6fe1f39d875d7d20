/* pointer.c - see pointer.h. */
#include "pointer.h"

#include <stdint.h>

bool tavus_pointer_check(const char *text, size_t length, size_t *bad_offset) {
  for (size_t i = 0; i < length; i++) {
    bool good = i > 0 || text[0] == '/';
    if (text[i] == '~')
      good = good && i + 1 < length && (text[i + 1] == '0' || text[i + 1] == '1');
    if (good) continue;
    if (bad_offset != NULL) *bad_offset = i;
    return false;
  }
  return true;
}

bool tavus_pointer_next(tavus_pointer *walk, const char **token, size_t *length,
                        bool *escaped) {
  const char *at = walk->at;
  if (at >= walk->end) return false;
  *token = ++at;
  *escaped = false;
  for (; at < walk->end && *at != '/'; at++)
    if (*at == '~') *escaped = true;
  *length = (size_t)(at - *token);
  walk->at = at;
  return true;
}

size_t tavus_pointer_unescape(char *out, const char *token, size_t length) {
  char *to = out;
  for (size_t i = 0; i < length; i++) {
    if (token[i] == '~' && i + 1 < length) {
      i++;
      *to++ = token[i] == '0' ? '~' : '/';
    } else {
      *to++ = token[i];
    }
  }
  return (size_t)(to - out);
}

bool tavus_pointer_index(const char *token, size_t length, size_t *index) {
  size_t value = 0;
  if (length == 0 || (length > 1 && token[0] == '0')) return false;
  for (size_t i = 0; i < length; i++) {
    unsigned digit = (unsigned)(unsigned char)token[i] - '0';
    if (digit > 9 || value > (SIZE_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *index = value;
  return true;
}
