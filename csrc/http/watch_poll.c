/* watch_poll.c - the event loop on systems without epoll, by curl_multi_poll(). It has no
** descriptor for other loops. */
#include "watch.h"

#if !TAVUS_HTTP_EPOLL

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  int fd = tavus_http_slot_socket(context, address);
  (void)purpose;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

bool tavus_http_watch_sockets(const tavus_http_loop *loop, tavus_http_slot *slot) {
  (void)loop;
  return curl_easy_setopt(slot->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) ==
             CURLE_OK &&
         curl_easy_setopt(slot->easy, CURLOPT_OPENSOCKETDATA, slot) == CURLE_OK;
}

bool tavus_http_watch_open(tavus_http_loop *loop) {
  loop->due = -1;
  return true;
}

void tavus_http_watch_close(tavus_http_loop *loop) { (void)loop; }

/* Sockets stay open in the child, since only libcurl knows them here. */
void tavus_http_watch_abandon(tavus_http_loop *loop) { (void)loop; }

void tavus_http_watch_look(tavus_http_loop *loop) { (void)loop; }

static int perform(tavus_http_loop *loop) {
  int running = 0;
  if (curl_multi_perform(loop->multi, &running) != CURLM_OK) loop->broken = true;
  return running;
}

void tavus_http_watch_run(tavus_http_loop *loop) {
  (void)perform(loop);
  loop->due = -1;
}

static bool nap(int64_t ns) {
  struct timespec time;
  if (ns <= 0) return true;
  time.tv_sec = (time_t)(ns / TAVUS_HTTP_SECOND);
  time.tv_nsec = (long)(ns % TAVUS_HTTP_SECOND);
  return nanosleep(&time, NULL) == 0;
}

bool tavus_http_watch_wait(tavus_http_loop *loop, int64_t ns) {
  const int64_t ms = TAVUS_HTTP_SECOND / 1000;
  int64_t wait = ns > 3600 * TAVUS_HTTP_SECOND ? 3600000 : (ns + ms - 1) / ms;
  int64_t until = tavus_http_now() + ns;
  int count = 0;
  if (loop->active_count == 0) return nap(ns);
  if (perform(loop) < (int)loop->active_count || wait == 0) return true;
  /* curl_multi_poll() waits whole milliseconds, which would be too long. */
  if (ns < ms) return nap(ns);
  long due = -1;
  if (curl_multi_timeout(loop->multi, &due) == CURLM_OK && due >= 0 && due < wait)
    until = tavus_http_now() + (due - 1) * ms;
  if (curl_multi_poll(loop->multi, NULL, 0, (int)wait, &count) != CURLM_OK)
    return nap(ms);
  (void)perform(loop);
  /* libcurl hides EINTR, so an end before its own timer counts as a signal. Returning to
  ** the host once too often is harmless. */
  return count > 0 || tavus_http_now() >= until;
}

int tavus_http_watch_fd(tavus_http_loop *loop) {
  (void)loop;
  return -1;
}

bool tavus_http_watch_left(const tavus_http_loop *loop) {
  (void)loop;
  return false;
}

void tavus_http_watch_arm(tavus_http_loop *loop, int64_t when) {
  (void)when;
  long ms = -1;
  loop->due = -1;
  if (loop->active_count == 0 || curl_multi_timeout(loop->multi, &ms) != CURLM_OK ||
      ms < 0)
    return;
  loop->due = ms == 0 ? 0 : tavus_http_now() + ms * (TAVUS_HTTP_SECOND / 1000);
}

#else
typedef int tavus_http_watch_poll_unused;
#endif
