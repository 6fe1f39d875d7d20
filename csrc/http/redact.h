/* redact.h - texts that leave must not hold the key, in whatever spelling. */
#ifndef TAVUS_HTTP_REDACT_H
#define TAVUS_HTTP_REDACT_H

#include "bytes.h"

/* Replace every occurrence of `secret` by `[redacted]`: as it is, and with any
** of its bytes percent-encoded, escaped as in JSON (\/ \" \u002f) or written as
** an HTML entity, the way servers repeat what they were sent. False when memory
** runs out: the content is then emptied, never left as it was. */
bool tavus_http_redact(tavus_http_bytes *bytes, const char *secret,
                       size_t length);

#endif
