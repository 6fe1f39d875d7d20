/* transfer.h - loads a request into a handle of libcurl, with the callbacks that fill
** it. */
#ifndef TAVUS_HTTP_TRANSFER_H
#define TAVUS_HTTP_TRANSFER_H

#include "watch.h"

/* Sets the options of the handle for this request. Returns false when memory runs out. */
bool tavus_http_slot_load(tavus_http_slot *slot, tavus_http_request *request,
                          tavus_http_loop *loop);

/* Ends the request of the slot, whose transfer ended with `code`. */
void tavus_http_slot_unload(tavus_http_slot *slot, CURLcode code);

#endif
