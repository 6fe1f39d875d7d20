/* check.h - the interface of this folder: checks a Lua value along the contract and
** writes its JSON, in one walk. */
#ifndef TAVUS_CHECK_CHECK_H
#define TAVUS_CHECK_CHECK_H

#include "../compat.h"
#include "../contract/contract.h"

/* What tavus_check pushes, in this order. */
enum { TAVUS_CHECK_BUFFER = 1, TAVUS_CHECK_ISSUES, TAVUS_CHECK_SECRETS };

/* Pushes a cache of fields that were found lately, for `cache` below. A VM needs one. */
void tavus_check_cache(lua_State *L);

/* Walks the value at `value` (absolute index) as `kind` (NULL: free form); with `strict`
** warnings are errors. Pushes the buffer with the text, which the caller releases, an
** array of the issues or nil, and an array of the strings in secret fields or nil.
** Returns the number of errors; the text is complete only without errors. May raise an
** error of memory. */
int tavus_check(lua_State *L, int value, const tavus_kind *kind, bool strict,
                void *cache);

#endif
