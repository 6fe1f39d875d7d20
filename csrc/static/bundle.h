/* bundle.h - the Lua files of tavus as data. bundle.lua writes the C file. */
#ifndef TAVUS_STATIC_BUNDLE_H
#define TAVUS_STATIC_BUNDLE_H

#include "../compat.h"

typedef struct tavus_chunk {
  const char *name;          /* what is required: "tavus.client" */
  const char *file;          /* what errors and tracebacks show: "@tavus/client.lua" */
  const unsigned char *text; /* `size` bytes of Lua, not ended by a zero */
  size_t size;
} tavus_chunk;

/* Every file; the last entry has no name. */
extern const tavus_chunk tavus_bundle[];

#endif
