/* check.h - the door of this folder: checks a Lua value along the contract and
** writes its JSON, in one walk. */
#ifndef TAVUS_CHECK_CHECK_H
#define TAVUS_CHECK_CHECK_H

#include "../compat.h"
#include "../contract/contract.h"

/* What tavus_check pushes, in this order. */
enum { TAVUS_CHECK_BUFFER = 1, TAVUS_CHECK_ISSUES, TAVUS_CHECK_SECRETS };

/* Pushes the memory of fields found lately: one a VM, for `cache` below. */
void tavus_check_cache(lua_State *L);

/* Walks the value at stack index `value` (absolute) as `kind` (NULL: free
** form); with `strict` warnings are errors. Pushes the buffer with the text,
** which the caller releases; an array of the issues, or nil; an array of the
** strings in secret fields, or nil. Returns how many issues are errors: with
** any, the text is of no use. May raise "not enough memory". */
int tavus_check(lua_State *L, int value, const tavus_kind *kind, bool strict,
                void *cache);

#endif
