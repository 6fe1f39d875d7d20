/* redact.h - functions of tavus.core about secrets. */
#ifndef TAVUS_CORE_REDACT_H
#define TAVUS_CORE_REDACT_H

#include "../compat.h"

/* redact(text [, secrets [, session]]) --> text
** Puts "[redacted]" in the place of the secrets in the array, of those of the
** session (its key), and of what names in the text call secret. */
int tavus_core_redact(lua_State *L);

/* gather(text) --> array of what names in the text call secret, where it is likely to
** be one and worth to be looked for elsewhere */
int tavus_core_gather(lua_State *L);

/* is_secret(name) --> boolean: does the name say that its value is secret? */
int tavus_core_is_secret(lua_State *L);

/* is_masked(text) --> boolean: does a secret look as if the server hid it? */
int tavus_core_is_masked(lua_State *L);

/* Makes what the functions need; called once a VM. */
void tavus_core_redact_open(lua_State *L);

#endif
