/* watch_poll.c - the event loop on systems without epoll, by curl_multi_poll(). It has no
** descriptor for other loops. */
#include "engine.h"

#if !TAVUS_HTTP_EPOLL

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "transfer.h"

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  int fd = tavus_http_slot_socket(context, address);
  (void)purpose;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

bool tavus_http_watch_sockets(const tavus_http_engine *engine, tavus_http_slot *slot) {
  (void)engine;
  return curl_easy_setopt(slot->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) ==
             CURLE_OK &&
         curl_easy_setopt(slot->easy, CURLOPT_OPENSOCKETDATA, slot) == CURLE_OK;
}

bool tavus_http_watch_open(tavus_http_engine *engine) {
  engine->due = -1;
  return true;
}

void tavus_http_watch_close(tavus_http_engine *engine) { (void)engine; }

/* Sockets stay open in the child, since only libcurl knows them here. */
void tavus_http_watch_abandon(tavus_http_engine *engine) { (void)engine; }

void tavus_http_watch_look(tavus_http_engine *engine) { (void)engine; }

static int perform(tavus_http_engine *engine) {
  int running = 0;
  if (curl_multi_perform(engine->multi, &running) != CURLM_OK) engine->broken = true;
  return running;
}

void tavus_http_watch_run(tavus_http_engine *engine) {
  (void)perform(engine);
  engine->due = -1;
}

static bool nap(int64_t ns) {
  struct timespec time;
  if (ns <= 0) return true;
  time.tv_sec = (time_t)(ns / TAVUS_HTTP_SECOND);
  time.tv_nsec = (long)(ns % TAVUS_HTTP_SECOND);
  return nanosleep(&time, NULL) == 0;
}

bool tavus_http_watch_wait(tavus_http_engine *engine, int64_t ns) {
  const int64_t ms = TAVUS_HTTP_SECOND / 1000;
  int64_t wait = ns > 3600 * TAVUS_HTTP_SECOND ? 3600000 : (ns + ms - 1) / ms;
  int64_t until = tavus_http_now() + ns;
  int count = 0;
  if (engine->active_count == 0) return nap(ns);
  if (perform(engine) < (int)engine->active_count || wait == 0) return true;
  /* curl_multi_poll() waits whole milliseconds, which would be too long. */
  if (ns < ms) return nap(ns);
  if (curl_multi_poll(engine->multi, NULL, 0, (int)wait, &count) != CURLM_OK)
    return nap(ms);
  (void)perform(engine);
  /* libcurl hides EINTR, so an early end counts as a signal. Returning to the host once
  ** too often is harmless. */
  return count > 0 || tavus_http_now() >= until;
}

int tavus_http_watch_fd(tavus_http_engine *engine) {
  (void)engine;
  return -1;
}

void tavus_http_watch_arm(tavus_http_engine *engine, int64_t when) {
  (void)when;
  long ms = -1;
  engine->due = -1;
  if (engine->active_count == 0 || curl_multi_timeout(engine->multi, &ms) != CURLM_OK ||
      ms < 0)
    return;
  engine->due = ms == 0 ? 0 : tavus_http_now() + ms * (TAVUS_HTTP_SECOND / 1000);
}

#else
typedef int tavus_http_watch_poll_unused;
#endif
