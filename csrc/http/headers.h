/* headers.h - headers on their way out (checked lists) and in (one block). */
#ifndef TAVUS_HTTP_HEADERS_H
#define TAVUS_HTTP_HEADERS_H

#include "bytes.h"

/* Why this header may not be sent, or NULL: names must be tokens, values free
** of control characters, and what frames the message or carries the key is not
** the caller's. */
const char *tavus_http_header_fault(const char *name, size_t name_length,
                                    const char *value, size_t value_length);

/* Put `name: value` into *list: a header of that name is replaced. `name` and
** `value` must have passed tavus_http_header_fault. False when memory runs out:
** the list is then as it was. */
bool tavus_http_header_set(struct curl_slist **list, const char *name,
                           const char *value);

/* Keep libcurl from adding the header `name` by itself, unless the list has it.
** False when memory runs out. */
bool tavus_http_header_suppress(struct curl_slist **list, const char *name);

/* Why the list may not be sent (larger than 64 KiB), or NULL. libcurl itself
** gives up at 1 MiB, when the request already counts as being sent. */
const char *tavus_http_headers_fault(const struct curl_slist *list);

/* A copy of a list. False when memory runs out (*out is NULL then). */
bool tavus_http_headers_copy(struct curl_slist **out,
                             const struct curl_slist *list);

/* Wipe and free a list; NULL is fine. */
void tavus_http_headers_free(struct curl_slist *list);

/* One line of an answer's headers into `block` as "name\0value\0", the name in
** lower case. Lines that are no header are skipped. False when memory runs
** out. */
bool tavus_http_headers_keep(tavus_http_bytes *block, const char *line,
                             size_t length);

#endif
