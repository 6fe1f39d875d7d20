/* nearest.h - which known name a misspelt one was meant to be. */
#ifndef TAVUS_CHECK_NEAREST_H
#define TAVUS_CHECK_NEAREST_H

#include "../compat.h"

/* Are the names equal but for their spelling: case, `_`, `-` and spaces? */
bool tavus_same_name(const char *a, size_t a_length, const char *b,
                     size_t b_length);

/* How near `name` is to `known`: 0 is equal but for the spelling, SIZE_MAX is
** not near. A name that is the beginning or the end of the other, cut at a `_`
** or `-`, is near. */
size_t tavus_nearness(const char *name, size_t length, const char *known,
                      size_t known_length);

/* Edit distance where a swap of neighbours counts one; more than `limit` gives
** limit + 1. Long texts are never near. */
size_t tavus_distance(const char *a, size_t a_length, const char *b,
                      size_t b_length, size_t limit);

/* Pushes the string key of the table at `index` (absolute) that is nearest to
** `name`, of two equally near ones the first by name; nil (and false) where no
** key is near. */
bool tavus_push_nearest(lua_State *L, int index, const char *name, size_t length);

#endif
