/* common.h - what every file of csrc/http/ begins with: feature macros, system
** headers, hidden symbols. Nothing in this folder knows Lua. */
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

/* The event loop: epoll on Linux, curl_multi_poll() elsewhere. Build with
** -DTAVUS_HTTP_POLL to take the portable one on Linux too. */
#if defined(__linux__) && !defined(TAVUS_HTTP_POLL)
#define TAVUS_HTTP_EPOLL 1
#else
#define TAVUS_HTTP_EPOLL 0
#endif

/* Before 7.80 there is no way to learn that a request is being sent. */
#if LIBCURL_VERSION_NUM >= 0x075000
#define TAVUS_HTTP_PREREQ 1
#else
#define TAVUS_HTTP_PREREQ 0
#endif

/* LuaRocks passes no compiler flags. Every header of this folder opens with the
** first and ends with the second, so that only luaopen_* leaves the object; a
** system header must never come between them. */
#if defined(__GNUC__)
#define TAVUS_HTTP_PRIVATE _Pragma("GCC visibility push(hidden)")
#define TAVUS_HTTP_PRIVATE_END _Pragma("GCC visibility pop")
#else
#define TAVUS_HTTP_PRIVATE
#define TAVUS_HTTP_PRIVATE_END
#endif

#define TAVUS_HTTP_MAX_BODY ((size_t)16 * 1024 * 1024)
#define TAVUS_HTTP_MAX_HEADERS ((size_t)64 * 1024)
#define TAVUS_HTTP_SECOND INT64_C(1000000000)

#endif
