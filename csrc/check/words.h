/* words.h - data as words for messages: quoted text, JSON types, choices. */
#ifndef TAVUS_CHECK_WORDS_H
#define TAVUS_CHECK_WORDS_H

#include "../compat.h"
#include "../contract/contract.h"

/* Bytes of user text that a message quotes. */
#define TAVUS_SHOWN 48
/* Room for that text in quotes, each byte as \xNN, and "...". */
#define TAVUS_QUOTED (4 * TAVUS_SHOWN + 6)

/* Writes user text in quotes, cut short, control characters and what is not
** UTF-8 as \xNN: safe in a message. Returns `out`. */
const char *tavus_quote(char out[TAVUS_QUOTED], const char *text, size_t length);

/* Writes one byte as \xNN, without a final zero. */
void tavus_hex_escape(char out[4], unsigned char byte);

/* Pushes "known are a, b, ...": the choices of a field that are in use. */
void tavus_push_known(lua_State *L, const tavus_field *field);

#endif
