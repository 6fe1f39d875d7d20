/* crypto.c - opens the module tavus.crypto: HMAC-SHA256 of OpenSSL's libcrypto, for
** signatures and fingerprints. Knows no form of a signed message. Without OpenSSL's
** headers (TAVUS_NO_CRYPTO) opening it raises an error. */
#include "../compat.h"

TAVUS_EXPORT int luaopen_tavus_crypto(lua_State *L);

#ifdef TAVUS_NO_CRYPTO

TAVUS_EXPORT int luaopen_tavus_crypto(lua_State *L) {
  return luaL_error(L, "built without OpenSSL");
}

#else

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../secret/holder.h"

enum { MAC = 32, HEX = 2 * MAC };

/* Returns the key at argument 1: a string, or the key of a session, which is in C. */
static const char *check_key(lua_State *L, size_t *length) {
  if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1))
    return luaL_checklstring(L, 1, length);
  lua_getfield(L, -1, TAVUS_HOLDER);
  const tavus_holder *holder = lua_touserdata(L, -1);
  lua_pop(L, 2);
  if (holder == NULL) luaL_argerror(L, 1, "a string or a session expected");
  const char *key = holder->key(lua_touserdata(L, 1));
  if (key == NULL) luaL_argerror(L, 1, "the session has no key");
  *length = strlen(key);
  return key;
}

/* Signs argument 2 with the key at 1. */
static void sign(lua_State *L, unsigned char mac[MAC]) {
  size_t key_length, length;
  const char *key = check_key(L, &key_length);
  const char *data = luaL_checklstring(L, 2, &length);
  luaL_argcheck(L, key_length <= INT_MAX, 1, "the key is too long");
  if (HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)data, length, mac,
           NULL) != NULL)
    return;
  ERR_clear_error(); /* libcurl would take it for its own */
  luaL_error(L, "libcrypto cannot sign: no memory, or SHA-256 is not allowed here");
}

/* sign(key, data [, raw]) --> 64 lower-case hexadecimal digits; with `raw` 32 bytes
**
** `key`: a string, or a session of tavus.http, for its API key. */
static int crypto_sign(lua_State *L) {
  unsigned char mac[MAC];
  char text[HEX];
  bool raw = lua_toboolean(L, 3);
  sign(L, mac);
  if (raw)
    memcpy(text, mac, MAC);
  else
    for (size_t i = 0; i < HEX; i++)
      text[i] = "0123456789abcdef"[i % 2 == 0 ? mac[i / 2] >> 4 : mac[i / 2] & 15];
  OPENSSL_cleanse(mac, sizeof mac);
  lua_pushlstring(L, text, raw ? MAC : HEX);
  return 1;
}

/* Returns the value of a hexadecimal digit, or 16. */
static unsigned digit(char c) {
  if (c >= '0' && c <= '9') return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return (unsigned)(c - 'A') + 10;
  return 16;
}

/* Reads a signature of 64 digits or 32 bytes. Returns false for anything else. */
static bool read_mac(const char *text, size_t length, unsigned char mac[MAC]) {
  if (length == MAC) memcpy(mac, text, MAC);
  if (length != HEX) return length == MAC;
  for (size_t i = 0; i < MAC; i++) {
    unsigned high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high > 15 || low > 15) return false;
    mac[i] = (unsigned char)(high << 4 | low);
  }
  return true;
}

/* verify(key, data, signature) --> boolean
**
** Compares a signature, in either form of sign and in any case of letters, in constant
** time. */
static int crypto_verify(lua_State *L) {
  size_t length;
  unsigned char mac[MAC], given[MAC];
  const char *signature = luaL_checklstring(L, 3, &length);
  sign(L, mac);
  bool same =
      read_mac(signature, length, given) && CRYPTO_memcmp(mac, given, sizeof mac) == 0;
  OPENSSL_cleanse(mac, sizeof mac);
  lua_pushboolean(L, same);
  return 1;
}

static const luaL_Reg functions[] = { { "sign", crypto_sign },
                                      { "verify", crypto_verify },
                                      { NULL, NULL } };

/* require "tavus.crypto" --> the module. */
TAVUS_EXPORT int luaopen_tavus_crypto(lua_State *L) {
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  return 1;
}

#endif
