/* stream.h - which HTTP/2 streams a server ended by GOAWAY without having looked
** at them. libcurl says so in its log only; where it does not, nothing is known. */
#ifndef TAVUS_HTTP_STREAM_H
#define TAVUS_HTTP_STREAM_H

#include "request.h"

TAVUS_HTTP_PRIVATE

/* Have the slot's handle tell about streams. False when libcurl refuses. */
bool tavus_http_stream_listen(tavus_http_slot *slot);

/* The request is about to be sent over this connection. */
void tavus_http_stream_begin(tavus_http_request *request, const char *remote,
                             int remote_port, const char *local, int local_port);

/* The try is over: it does not count as sent where the server refused it. Returns
** whether it did. */
bool tavus_http_stream_end(tavus_http_request *request);

TAVUS_HTTP_PRIVATE_END

#endif
