/* headers.h - headers of requests, as checked lists for libcurl, and of answers, as one
** block of text. */
#ifndef TAVUS_HTTP_HEADERS_H
#define TAVUS_HTTP_HEADERS_H

#include "bytes.h"

/* Returns why a caller may not send this header, or NULL. A name must be a token, a value
** free of control characters; the library writes the headers that frame the message
** or carry the key. */
const char *tavus_http_header_fault(const char *name, size_t name_length,
                                    const char *value, size_t value_length);

/* Puts `name: value` into *list, in place of a header of that name. Both must have
** passed tavus_http_header_fault. Returns false and changes nothing when memory runs
** out. */
bool tavus_http_header_set(struct curl_slist **list, const char *name, const char *value);

/* Keeps libcurl from adding the header `name` itself, unless the list has it. Returns
** false when memory runs out. */
bool tavus_http_header_suppress(struct curl_slist **list, const char *name);

/* Returns that the list is larger than TAVUS_HTTP_MAX_HEADERS, or NULL. libcurl refuses
** 1 MiB, but only when the request counts as sent. */
const char *tavus_http_headers_fault(const struct curl_slist *list);

/* Copies a list. Returns false, and sets *out to NULL, when memory runs out. */
bool tavus_http_headers_copy(struct curl_slist **out, const struct curl_slist *list);

/* Overwrites and frees a list; ignores NULL. */
void tavus_http_headers_free(struct curl_slist *list);

/* Appends one header line of an answer to `block` as "name\0value\0", the name in lower
** case. Skips a line that is not a header. Returns false when memory runs out. */
bool tavus_http_headers_keep(tavus_http_bytes *block, const char *line, size_t length);

#endif
