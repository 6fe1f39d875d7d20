/* retry.h - whether a request is sent again, and how long to wait before that. */
#ifndef TAVUS_HTTP_RETRY_H
#define TAVUS_HTTP_RETRY_H

#include "request.h"

/* Returns "retry", "ambiguous" (it may have been done) or "no" for an outcome. `status`
** is that of an answer. */
const char *tavus_http_verdict(tavus_http_outcome outcome, long status, bool may_repeat);

/* By its method, does a request have the same effect when it is sent twice? */
bool tavus_http_is_safe_to_repeat(const char *method);

/* Returns the seconds before retry `n` (1, 2, ...); `random` is between 0 and 1. */
double tavus_http_backoff(int n, double random);

/* Returns a number between 0 and 1 that differs between processes. */
double tavus_http_random(void);

/* Reads how long the server asks to wait from the values of retry-after-ms, Retry-After
** and Date, each NULL if absent. An HTTP date counts from *now (Unix seconds), else
** from `date`, else from the clock. Returns false when the server does not ask. */
bool tavus_http_retry_after(const char *ms, const char *after, const char *date,
                            const double *now, double *seconds);

#endif
