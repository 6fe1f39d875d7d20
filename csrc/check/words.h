/* words.h - parts of messages: quoted text and lists of choices. */
#ifndef TAVUS_CHECK_WORDS_H
#define TAVUS_CHECK_WORDS_H

#include "../compat.h"
#include "../contract/contract.h"

/* Bytes of user text that a message quotes. */
#define TAVUS_SHOWN 48
/* Room for that text in quotes, with each byte as \xNN, and "...". */
#define TAVUS_QUOTED (4 * TAVUS_SHOWN + 6)

/* Writes user text for a message: in quotes, cut to TAVUS_SHOWN bytes, with control
** characters and bytes that are not UTF-8 as \xNN. Returns `out`. */
const char *tavus_quote(char out[TAVUS_QUOTED], const char *text, size_t length);

/* Writes one byte as \xNN, without a final zero. */
void tavus_hex_escape(char out[4], unsigned char byte);

/* Pushes "known are a, b, ...", the choices of a field without the retired ones. */
void tavus_push_known(lua_State *L, const tavus_field *field);

#endif
