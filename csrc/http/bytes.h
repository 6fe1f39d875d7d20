/* bytes.h - a growing byte buffer on malloc. It holds bodies, headers and keys, so
** all memory is overwritten before it is freed. */
#ifndef TAVUS_HTTP_BYTES_H
#define TAVUS_HTTP_BYTES_H

#include "common.h"

typedef struct tavus_http_bytes {
  char *data; /* NUL-terminated once anything was added; NULL while empty */
  size_t length;
  size_t capacity;
} tavus_http_bytes;

/* Makes room for `extra` more bytes and a NUL. Returns false and changes nothing when
** memory runs out. */
bool tavus_http_bytes_reserve(tavus_http_bytes *bytes, size_t extra);

/* Appends `length` bytes. Returns false when memory runs out. */
bool tavus_http_bytes_add(tavus_http_bytes *bytes, const char *data, size_t length);

/* Appends a NUL-terminated text. Returns false when memory runs out. */
bool tavus_http_bytes_text(tavus_http_bytes *bytes, const char *text);

/* Overwrites and frees the content. The buffer may be used again. */
void tavus_http_bytes_free(tavus_http_bytes *bytes);

/* Overwrites memory; a compiler may not leave it out. */
void tavus_http_wipe(void *memory, size_t length);

/* Returns a copy of `length` bytes and a NUL, or NULL when memory runs out. */
char *tavus_http_copy(const char *data, size_t length);

/* Overwrites and frees a NUL-terminated text; ignores NULL. */
void tavus_http_free_text(char *text);

#endif
