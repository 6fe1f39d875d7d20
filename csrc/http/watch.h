/* watch.h - the event loop over libcurl's sockets (watch_epoll.c, watch_poll.c), and what
** the loop and the transfers share. */
#ifndef TAVUS_HTTP_WATCH_H
#define TAVUS_HTTP_WATCH_H

#include "slot.h"

struct tavus_http_watch;

typedef struct tavus_http_loop {
  CURLM *multi;
  CURLSH *share; /* TLS sessions */
  struct tavus_http_watch *watch;
  tavus_http_list active; /* requests that are transferred */
  unsigned active_count;
  int64_t due;    /* when libcurl must be called; -1: never */
  bool connected; /* a request was sent over a new connection with TLS */
  bool broken;    /* libcurl ran out of memory in the middle of a call */
} tavus_http_loop;

/* Makes the loop of loop->multi. Returns false and errno when it cannot. */
bool tavus_http_watch_open(tavus_http_loop *loop);

/* Closes the descriptors of the loop, after curl_multi_cleanup. */
void tavus_http_watch_close(tavus_http_loop *loop);

/* Closes the descriptors in a forked child, without a call to libcurl. */
void tavus_http_watch_abandon(tavus_http_loop *loop);

/* Called before requests are started. With epoll, shuts down idle HTTP/1 connections on
** which their end or unexpected bytes have arrived; libcurl before 8 reads those as the
** next answer. On an idle HTTP/2 connection frames may arrive; libcurl reads them. */
void tavus_http_watch_look(tavus_http_loop *loop);

/* Lets libcurl do what is due. */
void tavus_http_watch_run(tavus_http_loop *loop);

/* Waits at most `ns` for events and lets libcurl handle them. Returns false when a signal
** arrived. Handles no more events after that time or two milliseconds, whichever is
** longer (with epoll; curl_multi_poll() handles all events). */
bool tavus_http_watch_wait(tavus_http_loop *loop, int64_t ns);

/* Did the last wait leave events? The descriptor does not report all of them again. */
bool tavus_http_watch_left(const tavus_http_loop *loop);

/* Sets the options of a handle that let the loop follow its sockets. Returns false when
** libcurl refuses one. */
bool tavus_http_watch_sockets(const tavus_http_loop *loop, tavus_http_slot *slot);

/* Returns the descriptor for tavus_http_engine_fd. */
int tavus_http_watch_fd(tavus_http_loop *loop);

/* Sets the timer behind the descriptor to `when`: a time, 0 for at once, -1 for never. */
void tavus_http_watch_arm(tavus_http_loop *loop, int64_t when);

#endif
