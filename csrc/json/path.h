/* path.h - writes the tokens of a JSON Pointer. May raise an error of memory. */
#ifndef TAVUS_JSON_PATH_H
#define TAVUS_JSON_PATH_H

#include "../compat.h"

/* Adds "/" and a key as a token. Bytes that are not UTF-8 become \xNN, so that every path
** can be printed. */
void tavus_path_key(luaL_Buffer *b, const char *key, size_t length);

/* Adds "/" and the index of an item, from 0. */
void tavus_path_index(luaL_Buffer *b, size_t index);

#endif
