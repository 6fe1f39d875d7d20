/* retry.h - when a request is sent again, and how long to wait before it. */
#ifndef TAVUS_HTTP_RETRY_H
#define TAVUS_HTTP_RETRY_H

#include "common.h"

/* "retry", "ambiguous" (it may have happened: look before repeating) or "no",
** for an outcome's name and, where that is "answer", its status. */
const char *tavus_http_verdict(const char *outcome, long status,
                               bool may_repeat);

/* Doing it twice does what doing it once does, as far as the method tells. */
bool tavus_http_is_safe_to_repeat(const char *method);

/* Seconds before retry `n` (1, 2, ...), `random` between 0 and 1. */
double tavus_http_backoff(int n, double random);

/* A number between 0 and 1 that differs from process to process. */
double tavus_http_random(void);

/* How long the server asks to wait, from the values of retry-after-ms,
** Retry-After and Date (each NULL if absent). `now` in Unix seconds; NULL: by
** `date`, else by the clock. False when it does not say. */
bool tavus_http_retry_after(const char *ms, const char *after, const char *date,
                            const double *now, double *seconds);

#endif
