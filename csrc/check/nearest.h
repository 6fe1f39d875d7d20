/* nearest.h - finds the known name that a misspelt one was meant to be. */
#ifndef TAVUS_CHECK_NEAREST_H
#define TAVUS_CHECK_NEAREST_H

#include "../compat.h"

/* Are the names equal, apart from case, `_`, `-` and spaces? */
bool tavus_same_name(const char *a, size_t a_length, const char *b, size_t b_length);

/* Returns how near `name` is to `known`: 0 as in tavus_same_name, SIZE_MAX when it is not
** near. A name that begins or ends the other one, up to a `_` or `-`, is near. */
size_t tavus_nearness(const char *name, size_t length, const char *known,
                      size_t known_length);

/* Returns the edit distance, where a swap of neighbours counts as one, or limit + 1 when
** it is larger than `limit` or a text is long. */
size_t tavus_distance(const char *a, size_t a_length, const char *b, size_t b_length,
                      size_t limit);

/* Pushes the string key of the table at `index` (absolute) that is nearest to `name`; of
** two equally near keys the first by name. Pushes nil and returns false when none is
** near. */
bool tavus_push_nearest(lua_State *L, int index, const char *name, size_t length);

#endif
