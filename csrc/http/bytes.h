/* bytes.h - a growing run of bytes. Bodies, headers and keys pass through it,
** so memory it gives back is wiped first. */
#ifndef TAVUS_HTTP_BYTES_H
#define TAVUS_HTTP_BYTES_H

#include "common.h"

typedef struct tavus_http_bytes {
  char *data; /* NUL-terminated once anything was added; NULL while empty */
  size_t length;
  size_t capacity;
} tavus_http_bytes;

/* Make room for `extra` more bytes and a NUL. False when memory runs out; the
** content is then untouched. */
bool tavus_http_bytes_reserve(tavus_http_bytes *bytes, size_t extra);

/* Append `length` bytes. False when memory runs out. */
bool tavus_http_bytes_add(tavus_http_bytes *bytes, const char *data,
                          size_t length);

/* Append a NUL-terminated text. */
bool tavus_http_bytes_text(tavus_http_bytes *bytes, const char *text);

/* Wipe and free; the value is empty and usable afterwards. */
void tavus_http_bytes_free(tavus_http_bytes *bytes);

/* Overwrite memory in a way the compiler may not remove. */
void tavus_http_wipe(void *memory, size_t length);

/* A copy of `length` bytes with a NUL behind them, or NULL. */
char *tavus_http_copy(const char *data, size_t length);

/* Wipe and free a NUL-terminated text; NULL is fine. */
void tavus_http_free_text(char *text);

#endif
