/* proxy.h - which addresses libcurl can use as a proxy's, those of the environment
** included. */
#ifndef TAVUS_HTTP_PROXY_H
#define TAVUS_HTTP_PROXY_H

#include "url.h"

/* What is wrong with a proxy's address, as the rest of a sentence ("is not ..."),
** or NULL. It repeats nothing of the text, which may hold a password. */
const char *tavus_http_proxy_fault(const char *text, size_t length);

/* Likewise for the environment's proxy that libcurl would use for `base`; *name is
** the variable. */
const char *tavus_http_proxy_environment_fault(const tavus_http_base *base,
                                               const char **name);

#endif
