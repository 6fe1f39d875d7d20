/* descriptor.h - file descriptors: opened close-on-exec, and what ran out when one
** cannot be opened. */
#ifndef TAVUS_HTTP_DESCRIPTOR_H
#define TAVUS_HTTP_DESCRIPTOR_H

#include "common.h"

/* Returns a socket for this address that child processes do not inherit, or -1 and
** errno. */
int tavus_http_socket(const struct curl_sockaddr *address);

/* Keeps child processes from inheriting a descriptor of libcurl's. If it is one end of
** a socketpair, the other end is found, too. libcurl does this itself since 8.12. */
void tavus_http_close_on_exec(int fd);

/* Like curl_multi_init(), but child processes do not inherit its wake-up sockets. */
CURLM *tavus_http_multi_new(void);

/* Returns what ran out according to this errno, "descriptors" or "memory", or NULL for
** another error. */
const char *tavus_http_shortage(int error);

/* Returns "descriptors" when a few more cannot be opened now, which may be why a
** connection failed; else NULL. */
const char *tavus_http_probe_shortage(void);

#endif
