/* stream.h - finds HTTP/2 streams that a server refused by GOAWAY and did not process.
** Only libcurl's log has them. */
#ifndef TAVUS_HTTP_STREAM_H
#define TAVUS_HTTP_STREAM_H

#include "slot.h"

/* Reads the log of the slot's handle. Returns false when libcurl refuses. */
bool tavus_http_stream_listen(tavus_http_slot *slot);

/* Notes that the request is sent over this connection. */
void tavus_http_stream_begin(tavus_http_request *request, const char *remote,
                             int remote_port, const char *local, int local_port);

/* Ends a try, which does not count as sent when the server refused it. Returns
** whether it did. */
bool tavus_http_stream_end(tavus_http_request *request);

#endif
