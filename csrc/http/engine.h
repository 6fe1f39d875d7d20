/* engine.h - the one CURLM of a VM: a queue, the transfers under way, and a
** loop that any host can drive. */
#ifndef TAVUS_HTTP_ENGINE_H
#define TAVUS_HTTP_ENGINE_H

#include "queue.h"

/* How many requests one step starts; http.starts in Lua. */
#define TAVUS_HTTP_STARTS_A_STEP 8

struct tavus_http_watch;

typedef struct tavus_http_engine {
  unsigned references; /* the owner's one, and one for every request */
  bool closed;
  bool broken; /* libcurl failed in the middle of something */
  bool connected; /* a request is sent over a new connection with TLS */
  long pid; /* of the process that made it */
  volatile unsigned char *mark; /* a page that a fork wipes; NULL: ask getpid() */
  CURLM *multi;
  CURLSH *share; /* TLS sessions */
  struct tavus_http_watch *watch;
  tavus_http_slot *reserve[2]; /* the large ones, and the small */
  unsigned reserved, slots; /* in the reserve, and in all */
  tavus_http_queue queue;
  tavus_http_list active;
  tavus_http_list reports;
  unsigned active_count;
  unsigned connections; /* libcurl was told of so many */
  uint64_t last_id;
  uint64_t finished; /* how many requests came to their end so far */
  int64_t due;   /* when libcurl wants to be called; -1: it does not */
  int64_t alarm; /* when the host wants to be woken; -1: never */
} tavus_http_engine;

/* An engine with one reference, or NULL and errno when memory or descriptors run
** out. */
tavus_http_engine *tavus_http_engine_new(void);

/* Whether this process is another one than made the engine. */
bool tavus_http_engine_is_inherited(const tavus_http_engine *engine);

/* Cancel all requests and free what libcurl holds; idempotent. In a forked
** child it only closes descriptors and forgets the rest: a call to libcurl
** would disturb the parent's transfers. */
void tavus_http_engine_close(tavus_http_engine *engine);

/* Give a reference back; the last one closes and frees the engine. */
void tavus_http_engine_drop(tavus_http_engine *engine);

/* Put a request into its line. On false nothing was sent and nothing kept. */
bool tavus_http_engine_submit(tavus_http_engine *engine,
                              tavus_http_request *request);

/* End a request at once, wherever it is, without a report. */
void tavus_http_engine_cancel(tavus_http_request *request);

/* End all requests of a session likewise, but with a report where one was
** asked for: others wait for them. */
void tavus_http_engine_cancel_all(tavus_http_engine *engine,
                                  const tavus_http_session *session);

/* How many requests are not done. */
unsigned tavus_http_engine_left(const tavus_http_engine *engine);

typedef enum tavus_http_woken {
  TAVUS_HTTP_WOKEN_DONE,       /* something finished, or nothing is left */
  TAVUS_HTTP_WOKEN_TIME,       /* the time is over */
  TAVUS_HTTP_WOKEN_INTERRUPTED /* a signal came */
} tavus_http_woken;

/* Begin what waits in line, as a step does, but attend to no event. */
void tavus_http_engine_start(tavus_http_engine *engine);

/* Work for at most `ns` nanoseconds; return as soon as a request is finished. */
tavus_http_woken tavus_http_engine_step(tavus_http_engine *engine, int64_t ns);

/* Work until this request is done. */
tavus_http_woken tavus_http_engine_wait(tavus_http_engine *engine,
                                        const tavus_http_request *request,
                                        int64_t ns);

/* Work for the whole time, whatever finishes. */
tavus_http_woken tavus_http_engine_sleep(tavus_http_engine *engine, int64_t ns);

/* When a step is wanted at the latest: monotonic ns, 0 for at once, -1 for
** never. */
int64_t tavus_http_engine_next(const tavus_http_engine *engine);

/* When a step is wanted at the latest: nanoseconds from now, -1 for never. */
int64_t tavus_http_engine_timeout(const tavus_http_engine *engine);

/* A descriptor that is readable when a step is wanted; -1 where there is none.
** From the first call on the engine keeps a timer in it. */
int tavus_http_engine_fd(tavus_http_engine *engine);

/* Wake the host at this time (monotonic ns; -1: never), also through the
** descriptor. */
void tavus_http_engine_alarm(tavus_http_engine *engine, int64_t when);

/* The id of the next finished request that was submitted with `notify`; 0 when
** there is none. */
uint64_t tavus_http_engine_report(tavus_http_engine *engine);

/* ---- the loop beneath (watch_epoll.c, watch_poll.c) ---- */

/* Attach a loop to engine->multi. */
bool tavus_http_watch_open(tavus_http_engine *engine);

/* After curl_multi_cleanup: close the loop's own descriptors. */
void tavus_http_watch_close(tavus_http_engine *engine);

/* In a forked child: close descriptors, touch nothing shared. */
void tavus_http_watch_abandon(tavus_http_engine *engine);

/* Before requests are started: close the idle HTTP/1 connections on which
** something has arrived, be it their end or bytes that nobody asked for (with
** epoll; libcurl before 8 would read those as the next answer). HTTP/2 may speak
** while it is idle: what arrives there is left to libcurl. */
void tavus_http_watch_look(tavus_http_engine *engine);

/* Let libcurl do what is due now. */
void tavus_http_watch_run(tavus_http_engine *engine);

/* Wait for events at most `ns` and let libcurl handle them. False when a
** signal came. No event is begun after that time, or after two milliseconds
** where `ns` is less (with epoll; curl_multi_poll() handles all there are). */
bool tavus_http_watch_wait(tavus_http_engine *engine, int64_t ns);

/* The options of a slot's handle that let the loop follow its sockets. */
bool tavus_http_watch_sockets(const tavus_http_engine *engine,
                              tavus_http_slot *slot);

/* The descriptor for tavus_http_engine_fd. */
int tavus_http_watch_fd(tavus_http_engine *engine);

/* Set the timer behind the descriptor to the engine's next deadline. */
void tavus_http_watch_arm(tavus_http_engine *engine);

#endif
