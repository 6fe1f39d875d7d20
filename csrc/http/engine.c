/* engine.c - see engine.h. */
#include "engine.h"

#include <errno.h>

#include "clock.h"
#include "descriptor.h"
#include "outcome.h"
#include "transfer.h"

/* CURLMOPT_QUICK_EXIT, since 8.20: cleaning up does not wait for slow name servers. By
** its number, since the headers may be older than the library; an older library refuses
** it. */
#define QUICK_EXIT ((CURLMoption)(CURLOPTTYPE_LONG + 21))

/* --- life --- */

tavus_http_engine *tavus_http_engine_new(void) {
  tavus_http_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  engine->references = 1;
  tavus_http_maker_note(&engine->maker);
  engine->loop.due = engine->alarm = -1;
  engine->queue.expiry = -1;
  engine->loop.multi = tavus_http_multi_new();
  engine->loop.share = curl_share_init();
  if (engine->loop.multi == NULL || engine->loop.share == NULL ||
      !tavus_http_watch_open(&engine->loop)) {
    int why = errno;
    tavus_http_engine_drop(engine);
    errno = why;
    return NULL;
  }
  (void)curl_share_setopt(engine->loop.share, CURLSHOPT_SHARE,
                          CURL_LOCK_DATA_SSL_SESSION);
  (void)curl_multi_setopt(engine->loop.multi, CURLMOPT_PIPELINING,
                          (long)CURLPIPE_MULTIPLEX);
  (void)curl_multi_setopt(engine->loop.multi, QUICK_EXIT, 1L);
  return engine;
}

bool tavus_http_engine_is_inherited(const tavus_http_engine *engine) {
  return tavus_http_maker_is_other(&engine->maker);
}

/* Returns a handle to the pool. */
static void slot_back(tavus_http_engine *engine, tavus_http_slot *slot) {
  tavus_http_pool_return(&engine->pool, slot, engine->connections);
}

/* Removes a reference to a request, and with the last one that of the request to its
** engine. */
static void drop(tavus_http_request *request) {
  tavus_http_engine *engine = request->engine;
  if (tavus_http_request_drop(request) && engine != NULL) tavus_http_engine_drop(engine);
}

/* Gives up a request that is done. */
static void release(tavus_http_engine *engine, tavus_http_request *request) {
  engine->finished++;
  tavus_http_session_leave(request->session);
  request->session = NULL;
  if (request->notify && !engine->closed) {
    request->reported = true;
    tavus_http_list_append(&engine->reports, request); /* keeps the engine's reference */
  } else {
    drop(request);
  }
}

/* Removes a request from the queue or from the active ones. */
static void leave_line(tavus_http_engine *engine, tavus_http_request *request) {
  if (request->state == TAVUS_HTTP_QUEUED) {
    tavus_http_queue_remove(&engine->queue, request);
  } else {
    tavus_http_list_remove(&engine->loop.active, request);
    engine->loop.active_count--;
    tavus_http_queue_end(request);
  }
}

static tavus_http_request *any_request(tavus_http_engine *engine) {
  if (engine->loop.active.first != NULL) return engine->loop.active.first;
  return tavus_http_queue_any(&engine->queue);
}

/* Removes a request from the reports. */
static void drop_report(tavus_http_engine *engine, tavus_http_request *request) {
  tavus_http_list_remove(&engine->reports, request);
  request->reported = false;
  drop(request);
}

static void forget_reports(tavus_http_engine *engine) {
  while (engine->reports.first != NULL) drop_report(engine, engine->reports.first);
}

/* In a forked child: ends all requests and calls nothing of libcurl. */
static void abandon(tavus_http_engine *engine) {
  tavus_http_request *request;
  engine->closed = true;
  forget_reports(engine);
  while ((request = any_request(engine)) != NULL) {
    leave_line(engine, request);
    request->slot = NULL;
    tavus_http_request_end(request, TAVUS_HTTP_CANCELLED,
                           "the process was forked while this request was "
                           "under way: it belongs to the parent");
    release(engine, request);
  }
  tavus_http_watch_abandon(&engine->loop);
  tavus_http_queue_free(&engine->queue);
  engine->loop.multi = NULL;
  engine->loop.share = NULL;
  memset(&engine->pool, 0, sizeof engine->pool);
}

void tavus_http_engine_close(tavus_http_engine *engine) {
  tavus_http_request *request;
  if (engine->closed) return;
  engine->references++;
  if (tavus_http_engine_is_inherited(engine)) {
    abandon(engine);
    tavus_http_engine_drop(engine);
    return;
  }
  engine->closed = true;
  forget_reports(engine);
  while ((request = any_request(engine)) != NULL) tavus_http_engine_cancel(request);
  while (engine->pool.idle_count > 0)
    tavus_http_pool_free(&engine->pool, tavus_http_pool_take(&engine->pool));
  if (engine->loop.multi != NULL) curl_multi_cleanup(engine->loop.multi);
  tavus_http_watch_close(&engine->loop);
  if (engine->loop.share != NULL) curl_share_cleanup(engine->loop.share);
  engine->loop.multi = NULL;
  engine->loop.share = NULL;
  tavus_http_queue_free(&engine->queue);
  tavus_http_engine_drop(engine);
}

void tavus_http_engine_drop(tavus_http_engine *engine) {
  if (--engine->references > 0) return;
  if (!engine->closed) {
    engine->references++;
    tavus_http_engine_close(engine);
    engine->references--;
  }
  tavus_http_maker_free(&engine->maker);
  free(engine);
}

/* --- times --- */

/* The earlier of two times, of which -1 is never. */
static int64_t earlier(int64_t a, int64_t b) {
  return b < 0 || (a >= 0 && a < b) ? a : b;
}

/* Returns when the engine must act, apart from events on sockets. */
static int64_t next_due(const tavus_http_engine *engine) {
  return earlier(engine->loop.due,
                 earlier(tavus_http_queue_when(&engine->queue), engine->queue.expiry));
}

/* Returns when a step is needed at the latest: a time, 0 for at once, -1 for never. */
static int64_t next_step(const tavus_http_engine *engine) {
  if (engine->reports.first != NULL || tavus_http_watch_left(&engine->loop)) return 0;
  return earlier(next_due(engine), engine->alarm);
}

/* Sets the timer behind the descriptor. */
static void arm(tavus_http_engine *engine) {
  tavus_http_watch_arm(&engine->loop, next_step(engine));
}

/* --- requests in and out --- */

/* Tells libcurl how many connections the sessions allow. The limits stay if it
** refuses. */
static void widen(tavus_http_engine *engine) {
  const tavus_http_origin *origin;
  unsigned widest = 0;
  for (origin = engine->queue.origins; origin != NULL; origin = origin->next)
    if (origin->connections > widest) widest = origin->connections;
  if (curl_multi_setopt(engine->loop.multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                        (long)widest) == CURLM_OK &&
      curl_multi_setopt(engine->loop.multi, CURLMOPT_MAXCONNECTS,
                        (long)engine->queue.connections) == CURLM_OK)
    engine->connections = engine->queue.connections;
}

bool tavus_http_engine_submit(tavus_http_engine *engine, tavus_http_request *request) {
  if (!tavus_http_queue_add(&engine->queue, request)) return false;
  if (engine->connections != engine->queue.connections) widen(engine);
  request->engine = engine;
  engine->references++;
  request->id = ++engine->last_id;
  request->references++;
  arm(engine);
  return true;
}

/* Ends a request without its transfer. */
static void end_early(tavus_http_engine *engine, tavus_http_request *request,
                      tavus_http_outcome outcome, const char *message) {
  tavus_http_slot *slot = request->slot;
  leave_line(engine, request);
  if (slot != NULL) {
    curl_multi_remove_handle(engine->loop.multi, slot->easy);
    slot->request = NULL;
    request->slot = NULL;
    slot_back(engine, slot);
  }
  tavus_http_request_end(request, outcome, message);
  release(engine, request);
}

void tavus_http_engine_cancel(tavus_http_request *request) {
  tavus_http_engine *engine = request->engine;
  if (engine == NULL) return;
  if (request->state == TAVUS_HTTP_DONE) {
    if (request->reported) drop_report(engine, request);
    return;
  }
  if (tavus_http_engine_is_inherited(engine)) {
    tavus_http_engine_close(engine);
    return;
  }
  request->notify = false;
  end_early(engine, request, TAVUS_HTTP_CANCELLED, "the request was cancelled");
  /* Another one may start now, and its deadline does not matter any more. */
  if (!engine->closed) arm(engine);
}

void tavus_http_engine_forget(tavus_http_request *request) {
  tavus_http_engine_cancel(request);
  drop(request);
}

void tavus_http_engine_cancel_all(tavus_http_engine *engine,
                                  const tavus_http_session *session) {
  static const char message[] = "the client was closed";
  tavus_http_request *request = engine->loop.active.first, *next;
  while (session->line.waiting.first != NULL)
    end_early(engine, session->line.waiting.first, TAVUS_HTTP_CANCELLED, message);
  for (; request != NULL; request = next) {
    next = request->next;
    if (request->session == session)
      end_early(engine, request, TAVUS_HTTP_CANCELLED, message);
  }
  arm(engine);
}

unsigned tavus_http_engine_left(const tavus_http_engine *engine) {
  return engine->loop.active_count + engine->queue.count;
}

uint64_t tavus_http_engine_report(tavus_http_engine *engine) {
  tavus_http_request *request = engine->reports.first;
  if (request == NULL) return 0;
  uint64_t id = request->id;
  drop_report(engine, request);
  return id;
}

/* --- transfers --- */

/* Ends a request that cannot be started, since memory ran out. */
static void fail_start(tavus_http_engine *engine, tavus_http_request *request) {
  request->code = CURLE_OUT_OF_MEMORY;
  request->shortage = "memory";
  end_early(engine, request, TAVUS_HTTP_NOT_SENT,
            TAVUS_NO_MEMORY " before the request was sent");
}

/* Counts the time in the queue towards the deadline. */
static void shorten_timeout(tavus_http_request *request, int64_t now) {
  const int64_t ms = TAVUS_HTTP_SECOND / 1000;
  int64_t left = (request->expires - now + ms - 1) / ms;
  if (request->expires >= 0 && left < request->timeout_ms)
    request->timeout_ms = left > 0 ? (long)left : 1;
}

static void start(tavus_http_engine *engine, tavus_http_request *request, int64_t now) {
  tavus_http_slot *slot = tavus_http_pool_take(&engine->pool);
  if (slot == NULL) {
    fail_start(engine, request);
    return;
  }
  shorten_timeout(request, now);
  if (!tavus_http_slot_load(slot, request, &engine->loop) ||
      curl_multi_add_handle(engine->loop.multi, slot->easy) != CURLM_OK) {
    slot->request = NULL;
    request->slot = NULL;
    tavus_http_pool_free(&engine->pool, slot);
    fail_start(engine, request);
    return;
  }
  tavus_http_queue_start(&engine->queue, request, now);
  tavus_http_list_append(&engine->loop.active, request);
  engine->loop.active_count++;
  request->state = TAVUS_HTTP_ACTIVE;
  request->started = now;
  engine->loop.due = 0; /* without epoll, libcurl does not say so */
}

static void start_some(tavus_http_engine *engine, int64_t now) {
  unsigned left = TAVUS_HTTP_STARTS_A_STEP;
  tavus_http_request *request;
  while ((request = tavus_http_queue_expired(&engine->queue, now)) != NULL) {
    request->code = CURLE_OPERATION_TIMEDOUT;
    end_early(engine, request, TAVUS_HTTP_NOT_SENT,
              "the request waited in line, and was not sent");
  }
  if (engine->queue.count > 0) tavus_http_watch_look(&engine->loop);
  while (left-- > 0 && (request = tavus_http_queue_next(&engine->queue, now)) != NULL)
    start(engine, request, now);
}

static void note_version(tavus_http_origin *origin, CURL *easy) {
  long version = 0;
  if (curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
      version != 0)
    origin->multiplexed = version >= CURL_HTTP_VERSION_2_0;
}

/* With HTTP/2, requests wait for the connection that the first one makes. When that
** fails, libcurl lets the others try one after the other, each for its whole connect
** time. So a request that has waited for half of that time ends together with the first
** one. */
static void end_waiting(tavus_http_engine *engine, const tavus_http_request *failed,
                        int64_t now) {
  const char *message =
      failed->message.length > 0 ? failed->message.data : "no connection in time";
  tavus_http_request *request = engine->loop.active.first, *next;
  for (; request != NULL; request = next) {
    int64_t half = request->session->transport->connect_ms * (TAVUS_HTTP_SECOND / 2000);
    next = request->next;
    if (request->origin != failed->origin || request->sent > 0 ||
        now - request->started < half)
      continue;
    request->code = CURLE_OPERATION_TIMEDOUT;
    end_early(engine, request, TAVUS_HTTP_NOT_SENT, message);
  }
}

/* libcurl 8.0 and later wakes requests that wait for a connection (CURLOPT_PIPEWAIT) when
** it speaks HTTP/2, but not when it speaks HTTP/1: they would wait for the first answer.
** Removing any handle makes libcurl look again. */
static void wake_waiting(tavus_http_engine *engine) {
  tavus_http_slot *slot =
      engine->loop.active_count > 1 ? tavus_http_pool_take(&engine->pool) : NULL;
  engine->loop.connected = false;
  if (slot == NULL) return;
  if (curl_multi_add_handle(engine->loop.multi, slot->easy) == CURLM_OK)
    curl_multi_remove_handle(engine->loop.multi, slot->easy);
  slot_back(engine, slot);
  engine->loop.due = 0; /* libcurl does not always say so */
}

/* Ends all transfers after libcurl ran out of memory in the middle of a call, since some
** of them might never end. */
static void give_up(tavus_http_engine *engine) {
  tavus_http_request *request;
  engine->loop.broken = false;
  while ((request = engine->loop.active.first) != NULL) {
    tavus_http_slot *slot = request->slot;
    leave_line(engine, request);
    curl_multi_remove_handle(engine->loop.multi, slot->easy);
    request->out_of_memory = true;
    tavus_http_slot_unload(slot, CURLE_OUT_OF_MEMORY);
    tavus_http_pool_free(&engine->pool, slot);
    release(engine, request);
  }
}

/* Takes over finished transfers. */
static void collect(tavus_http_engine *engine) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(engine->loop.multi, &left)) != NULL) {
    char *context = NULL;
    CURLcode code = message->data.result;
    CURL *easy = message->easy_handle;
    tavus_http_slot *slot;
    tavus_http_request *request;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    slot = (tavus_http_slot *)(void *)context;
    request = slot->request;
    curl_multi_remove_handle(engine->loop.multi, easy);
    leave_line(engine, request);
    note_version(request->origin, easy);
    tavus_http_slot_unload(slot, code);
    slot_back(engine, slot);
    if (code == CURLE_OPERATION_TIMEDOUT && request->outcome == TAVUS_HTTP_NOT_SENT)
      end_waiting(engine, request, tavus_http_now());
    release(engine, request);
  }
  if (engine->loop.connected) wake_waiting(engine);
  if (engine->loop.broken) give_up(engine);
}

/* Starts requests, runs what is due and collects. */
static void begin_turn(tavus_http_engine *engine, int64_t now) {
  start_some(engine, now);
  if (engine->loop.due >= 0 && engine->loop.due <= now)
    tavus_http_watch_run(&engine->loop);
  collect(engine);
}

static bool is_idle(const tavus_http_engine *engine) {
  return tavus_http_engine_left(engine) == 0;
}

/* One round. Unless it finishes a request at once, it waits for events until `until` and
** handles them. Returns false when a signal arrived. */
static bool turn(tavus_http_engine *engine, int64_t now, int64_t until) {
  uint64_t before = engine->finished;
  begin_turn(engine, now);
  int64_t due = next_due(engine), wait = engine->finished != before ? 0 : until - now;
  if (due >= 0 && due - now < wait) wait = due - now;
  if (wait < 0) wait = 0;
  /* A host that polls (until == now) also handles events, not only timers. */
  if (wait == 0 && engine->finished != before && until > now) return true;
  bool undisturbed = tavus_http_watch_wait(&engine->loop, wait);
  collect(engine);
  return undisturbed;
}

/* Works until `request`, or any request if NULL, is done, or the time is over. */
static tavus_http_woken run(tavus_http_engine *engine, const tavus_http_request *request,
                            int64_t ns, bool whole_time) {
  uint64_t before = engine->finished;
  int64_t now = tavus_http_now();
  int64_t until = ns > INT64_MAX - now ? INT64_MAX : now + ns;
  tavus_http_woken woken;
  /* An idle connection that the server closed keeps the descriptor readable until its
  ** event is handled. */
  if (request == NULL && is_idle(engine)) (void)turn(engine, now, now);
  for (;;) {
    if (request != NULL
            ? request->state == TAVUS_HTTP_DONE
            : !whole_time && (engine->finished != before || is_idle(engine))) {
      woken = TAVUS_HTTP_WOKEN_DONE;
      break;
    }
    if (!turn(engine, now, until)) {
      woken = TAVUS_HTTP_WOKEN_INTERRUPTED;
      break;
    }
    now = tavus_http_now();
    if (now >= until && (request == NULL || request->state != TAVUS_HTTP_DONE)) {
      woken = TAVUS_HTTP_WOKEN_TIME;
      break;
    }
  }
  arm(engine);
  return woken;
}

void tavus_http_engine_start(tavus_http_engine *engine) {
  begin_turn(engine, tavus_http_now());
  arm(engine);
}

tavus_http_woken tavus_http_engine_wait(tavus_http_engine *engine,
                                        const tavus_http_request *request, int64_t ns) {
  return run(engine, request, ns, false);
}

tavus_http_woken tavus_http_engine_sleep(tavus_http_engine *engine, int64_t ns) {
  return run(engine, NULL, ns, true);
}

/* --- for hosts that wait themselves --- */

int64_t tavus_http_engine_timeout(const tavus_http_engine *engine) {
  int64_t next = next_step(engine), left;
#if !TAVUS_HTTP_EPOLL
  /* Only a step finds out what arrived. */
  if (engine->loop.active_count > 0)
    next = earlier(next, tavus_http_now() + TAVUS_HTTP_SECOND / 100);
#endif
  if (next <= 0) return next;
  left = next - tavus_http_now();
  return left > 0 ? left : 0;
}

int tavus_http_engine_fd(tavus_http_engine *engine) {
  int fd = tavus_http_watch_fd(&engine->loop);
  arm(engine);
  return fd;
}

void tavus_http_engine_alarm(tavus_http_engine *engine, int64_t when) {
  engine->alarm = when;
  arm(engine);
}
