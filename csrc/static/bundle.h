/* bundle.h - the Lua files of tavus as C data, which bundle.lua writes. */
#ifndef TAVUS_STATIC_BUNDLE_H
#define TAVUS_STATIC_BUNDLE_H

#include "../compat.h"

typedef struct tavus_chunk {
  const char *name;          /* for require: "tavus.client" */
  const char *file;          /* in errors and tracebacks: "@tavus/client.lua" */
  const unsigned char *text; /* `size` bytes, without a final zero */
  size_t size;
} tavus_chunk;

/* All files. The last entry has no name. */
extern const tavus_chunk tavus_bundle[];

#endif
