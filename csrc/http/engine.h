/* engine.h - the engine of a VM, with its CURLM: a queue, the active transfers, and a
** loop that any host can drive. */
#ifndef TAVUS_HTTP_ENGINE_H
#define TAVUS_HTTP_ENGINE_H

#include "fork.h"
#include "queue.h"
#include "watch.h"

/* How many requests one step starts; http.starts in Lua. */
#define TAVUS_HTTP_STARTS_A_STEP 8

typedef struct tavus_http_engine {
  unsigned references; /* one of the owner, and one of each request */
  bool closed;
  tavus_http_maker maker;
  tavus_http_loop loop;
  tavus_http_pool pool;
  tavus_http_queue queue;
  tavus_http_list reports;
  unsigned connections; /* the limit that libcurl has */
  uint64_t last_id;
  uint64_t finished; /* number of requests that ended */
  int64_t alarm;     /* when to wake the host; -1: never */
} tavus_http_engine;

/* Returns an engine with one reference, or NULL and errno when memory or descriptors run
** out. */
tavus_http_engine *tavus_http_engine_new(void);

/* Is this another process than the one that made the engine? */
bool tavus_http_engine_is_inherited(const tavus_http_engine *engine);

/* Cancels all requests and frees what libcurl holds. May be called again. In a forked
** child it only closes descriptors, since a call to libcurl would disturb the transfers
** of the parent. */
void tavus_http_engine_close(tavus_http_engine *engine);

/* Removes a reference; the last one closes and frees the engine. */
void tavus_http_engine_drop(tavus_http_engine *engine);

/* Queues a request. Returns false and keeps nothing when memory runs out. */
bool tavus_http_engine_submit(tavus_http_engine *engine, tavus_http_request *request);

/* Ends a request at once, in any state, without a report. */
void tavus_http_engine_cancel(tavus_http_request *request);

/* Cancels a request and removes the reference of its owner. */
void tavus_http_engine_forget(tavus_http_request *request);

/* Ends all requests of a session, with the reports that were asked for. */
void tavus_http_engine_cancel_all(tavus_http_engine *engine,
                                  const tavus_http_session *session);

/* Returns the number of requests that are not done. */
unsigned tavus_http_engine_left(const tavus_http_engine *engine);

typedef enum tavus_http_woken {
  TAVUS_HTTP_WOKEN_DONE,       /* a request is done, or none is left */
  TAVUS_HTTP_WOKEN_TIME,       /* the time is over */
  TAVUS_HTTP_WOKEN_INTERRUPTED /* a signal arrived */
} tavus_http_woken;

/* Starts queued requests as a step does, without handling events. */
void tavus_http_engine_start(tavus_http_engine *engine);

/* Works until this request, or any one if NULL, is done, for at most `ns` nanoseconds. */
tavus_http_woken tavus_http_engine_wait(tavus_http_engine *engine,
                                        const tavus_http_request *request, int64_t ns);

/* Works for the whole time. */
tavus_http_woken tavus_http_engine_sleep(tavus_http_engine *engine, int64_t ns);

/* Returns in how many nanoseconds a step is needed at the latest; -1: never. */
int64_t tavus_http_engine_timeout(const tavus_http_engine *engine);

/* Returns a descriptor that is readable when a step is needed, or -1 when there is none.
** From the first call on the engine has a timer in it. */
int tavus_http_engine_fd(tavus_http_engine *engine);

/* Wakes the host at this time (-1: never), also by the descriptor. */
void tavus_http_engine_alarm(tavus_http_engine *engine, int64_t when);

/* Returns the id of the next request with `notify` that is done, or 0. */
uint64_t tavus_http_engine_report(tavus_http_engine *engine);

#endif
