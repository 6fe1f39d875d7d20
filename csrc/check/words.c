/* words.c - see words.h. */
#include "words.h"

#include "../json/utf8.h"

void tavus_hex_escape(char out[4], unsigned char byte) {
  static const char digits[] = "0123456789abcdef";
  out[0] = '\\';
  out[1] = 'x';
  out[2] = digits[byte >> 4];
  out[3] = digits[byte & 15];
}

const char *tavus_quote(char out[TAVUS_QUOTED], const char *text, size_t length) {
  char *to = out;
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  const unsigned char *stop = length > TAVUS_SHOWN ? at + TAVUS_SHOWN : end;
  *to++ = '"';
  while (at < stop) {
    size_t n = *at < 0x80 ? 1 : tavus_utf8_sequence(at, end);
    if (n > 0 && at + n > stop && stop < end) break;
    if (n == 0 || *at < 0x20 || *at == 0x7f) {
      tavus_hex_escape(to, *at++);
      to += 4;
    } else {
      memcpy(to, at, n);
      to += n;
      at += n;
    }
  }
  (void)strcpy(to, at < end ? "...\"" : "\"");
  return out;
}

void tavus_push_known(lua_State *L, const tavus_field *field) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "known are ");
  bool first = true;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->retired != NULL) continue;
    if (!first) luaL_addstring(&b, ", ");
    first = false;
    luaL_addstring(&b, c->value);
  }
  luaL_pushresult(&b);
}
