/* proxy.h - checks the address of a proxy, also one from the environment, before libcurl
** uses it. */
#ifndef TAVUS_HTTP_PROXY_H
#define TAVUS_HTTP_PROXY_H

#include "url.h"

/* Returns what is wrong with the address of a proxy, as the rest of a sentence ("is not
** ..."), or NULL. It quotes nothing of the text, which may hold a password. */
const char *tavus_http_proxy_fault(const char *text, size_t length);

/* The same for the proxy that libcurl finds in the environment for `base`. *name is the
** variable. */
const char *tavus_http_proxy_environment_fault(const tavus_http_base *base,
                                               const char **name);

#endif
