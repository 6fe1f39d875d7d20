/* descriptor.h - descriptors of the process: opened close-on-exec, and what to
** say when none is left. */
#ifndef TAVUS_HTTP_DESCRIPTOR_H
#define TAVUS_HTTP_DESCRIPTOR_H

#include "common.h"

/* A socket for this address that no child process inherits; -1 and errno when
** there is none. */
int tavus_http_socket(const struct curl_sockaddr *address);

/* Keep one of libcurl's descriptors from child processes; when it is one end of
** a socketpair, the other end too. Before 8.12 libcurl does not do this itself. */
void tavus_http_close_on_exec(int fd);

/* curl_multi_init(), with its wake-up sockets kept from child processes. */
CURLM *tavus_http_multi_new(void);

/* What ran out according to this errno: "descriptors" or "memory"; NULL for any
** other error. */
const char *tavus_http_shortage(int error);

/* What a failed connection may have run short of just now: "descriptors" when a
** few more cannot be opened, else NULL. */
const char *tavus_http_probe_shortage(void);

#endif
