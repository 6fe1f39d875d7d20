/* common.h - included first by every file of this folder: feature macros, system
** headers, limits. Nothing in this folder needs Lua. */
#ifndef TAVUS_HTTP_COMMON_H
#define TAVUS_HTTP_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../texts.h"

/* The event loop: epoll on Linux, curl_multi_poll() elsewhere. Build with
** -DTAVUS_HTTP_POLL to use the portable one on Linux. */
#if defined(__linux__) && !defined(TAVUS_HTTP_POLL)
#define TAVUS_HTTP_EPOLL 1
#else
#define TAVUS_HTTP_EPOLL 0
#endif

/* CURLOPT_PREREQFUNCTION, since 7.80: called before a request is sent. */
#if LIBCURL_VERSION_NUM >= 0x075000
#define TAVUS_HTTP_PREREQ 1
#else
#define TAVUS_HTTP_PREREQ 0
#endif

/* The largest answer, and the largest headers of a request or an answer. */
#define TAVUS_HTTP_BODY_MIB 16
#define TAVUS_HTTP_HEADERS_KIB 64
#define TAVUS_HTTP_MAX_BODY ((size_t)TAVUS_HTTP_BODY_MIB * 1024 * 1024)
#define TAVUS_HTTP_MAX_HEADERS ((size_t)TAVUS_HTTP_HEADERS_KIB * 1024)

/* Times are nanoseconds of a monotonic clock. */
#define TAVUS_HTTP_SECOND INT64_C(1000000000)

#endif
