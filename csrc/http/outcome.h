/* outcome.h - judges how a request ended, and names outcomes and codes of libcurl. */
#ifndef TAVUS_HTTP_OUTCOME_H
#define TAVUS_HTTP_OUTCOME_H

#include "request.h"

/* Ends a request whose transfer ended with `code`: sets outcome, message and shortage,
** and redacts the key. `error` is libcurl's message, or empty; `socket_error` is the
** errno of a socket that could not be opened, or 0. */
void tavus_http_request_judge(tavus_http_request *request, CURLcode code,
                              const char *error, int socket_error);

/* Ends a request without a transfer with this outcome and message. */
void tavus_http_request_end(tavus_http_request *request, tavus_http_outcome outcome,
                            const char *message);

/* Returns the name of an outcome: "answer", "lost", ... */
const char *tavus_http_outcome_name(tavus_http_outcome outcome);

/* Returns the outcome of that name; TAVUS_HTTP_PENDING when there is none. */
tavus_http_outcome tavus_http_outcome_named(const char *name);

/* Returns the name of a code, such as "CURLE_OPERATION_TIMEDOUT"; "CURLE_?" for one that
** needs no name. */
const char *tavus_http_code_name(CURLcode code);

#endif
