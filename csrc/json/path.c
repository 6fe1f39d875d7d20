/* path.c - see path.h. */
#include "path.h"

#include "utf8.h"

void tavus_path_key(luaL_Buffer *b, const char *key, size_t length) {
  const unsigned char *at = (const unsigned char *)key, *end = at + length;
  luaL_addchar(b, '/');
  while (at < end) {
    const unsigned char *plain = at;
    while (at < end && *at < 0x80 && *at != '~' && *at != '/') at++;
    luaL_addlstring(b, (const char *)plain, (size_t)(at - plain));
    if (at == end) return;
    size_t n = tavus_utf8_sequence(at, end);
    if (n == 0) {
      char code[5];
      (void)snprintf(code, sizeof code, "\\x%02x", (unsigned)*at++);
      luaL_addstring(b, code);
    } else if (*at < 0x80) {
      luaL_addstring(b, *at++ == '~' ? "~0" : "~1");
    } else {
      luaL_addlstring(b, (const char *)at, n);
      at += n;
    }
  }
}

void tavus_path_index(luaL_Buffer *b, size_t index) {
  char digits[24], *at = digits + sizeof digits;
  do *--at = (char)('0' + index % 10);
  while ((index /= 10) > 0);
  luaL_addchar(b, '/');
  luaL_addlstring(b, at, (size_t)(digits + sizeof digits - at));
}
