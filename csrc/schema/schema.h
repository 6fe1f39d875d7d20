/* schema.h - checks a Lua value against a JSON Schema of draft 7 that the program gives.
** csrc/check/ knows Tavus' contract; this folder knows none. */
#ifndef TAVUS_SCHEMA_SCHEMA_H
#define TAVUS_SCHEMA_SCHEMA_H

#include "../compat.h"

/* check_schema(schema, value) --> valid, issues
**
** `issues`: array of { path, code, message, severity }; when valid, only warnings of what
** was not checked. Stops with an issue when the depth or the work exceeds its limit. The
** upvalues are those of json/marks.h. */
int tavus_schema_check(lua_State *L);

#endif
