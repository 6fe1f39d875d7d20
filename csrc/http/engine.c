#include "engine.h"

#include <sys/mman.h>
#include <unistd.h>

#define MOST_RESERVED 64
#define STREAMS_A_CONNECTION 100

/* ---- lists ---- */

static void list_append(tavus_http_list *list, tavus_http_request *request) {
  request->next = NULL;
  request->previous = list->last;
  if (list->last != NULL)
    list->last->next = request;
  else
    list->first = request;
  list->last = request;
}

static void list_remove(tavus_http_list *list, tavus_http_request *request) {
  if (request->previous != NULL)
    request->previous->next = request->next;
  else
    list->first = request->next;
  if (request->next != NULL)
    request->next->previous = request->previous;
  else
    list->last = request->previous;
  request->next = request->previous = NULL;
}

/* ---- life ---- */

/* A byte that is 1 here and 0 in a forked child: reading it costs nothing,
** getpid() is a system call for every use of the engine. */
static volatile unsigned char *new_mark(void) {
#ifdef MADV_WIPEONFORK
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  if (madvise(page, size, MADV_WIPEONFORK) == 0) {
    *(volatile unsigned char *)page = 1;
    return page;
  }
  munmap(page, size);
#endif
  return NULL;
}

static void free_mark(tavus_http_engine *engine) {
  if (engine->mark != NULL)
    munmap((void *)(uintptr_t)engine->mark, (size_t)sysconf(_SC_PAGESIZE));
  engine->mark = NULL;
}

tavus_http_engine *tavus_http_engine_new(void) {
  tavus_http_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  engine->references = 1;
  engine->pid = (long)getpid();
  engine->mark = new_mark();
  engine->due = engine->alarm = -1;
  engine->max_connections = TAVUS_HTTP_CONNECTIONS;
  engine->multi = curl_multi_init();
  engine->share = curl_share_init();
  if (engine->multi == NULL || engine->share == NULL ||
      !tavus_http_watch_open(engine) ||
      !tavus_http_engine_limit(engine, TAVUS_HTTP_CONNECTIONS)) {
    tavus_http_engine_drop(engine);
    return NULL;
  }
  (void)curl_share_setopt(engine->share, CURLSHOPT_SHARE,
                          CURL_LOCK_DATA_SSL_SESSION);
  (void)curl_multi_setopt(engine->multi, CURLMOPT_PIPELINING,
                          (long)CURLPIPE_MULTIPLEX);
  return engine;
}

bool tavus_http_engine_limit(tavus_http_engine *engine, unsigned connections) {
  engine->max_connections = connections;
  return curl_multi_setopt(engine->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                           (long)connections) == CURLM_OK &&
         curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS,
                           (long)connections) == CURLM_OK;
}

bool tavus_http_engine_is_inherited(const tavus_http_engine *engine) {
  if (engine->mark != NULL) return *engine->mark == 0;
  return engine->pid != (long)getpid();
}

static void slot_back(tavus_http_engine *engine, tavus_http_slot *slot) {
  if (engine->reserved >= MOST_RESERVED) {
    tavus_http_slot_free(slot);
    return;
  }
  slot->next = engine->reserve;
  engine->reserve = slot;
  engine->reserved++;
}

/* The engine lets go of a request that is done. */
static void release(tavus_http_engine *engine, tavus_http_request *request) {
  engine->finished++;
  tavus_http_session_leave(request->session);
  request->session = NULL;
  if (request->notify && !engine->closed) {
    request->reported = true;
    list_append(&engine->reports, request); /* keeps the engine's reference */
  } else {
    tavus_http_request_drop(request);
  }
}

static void leave_line(tavus_http_engine *engine, tavus_http_request *request) {
  if (request->state == TAVUS_HTTP_QUEUED) {
    list_remove(&request->origin->queue, request);
    engine->queued_count--;
  } else {
    list_remove(&engine->active, request);
    engine->active_count--;
    request->origin->active--;
  }
}

static tavus_http_request *any_request(tavus_http_engine *engine) {
  tavus_http_origin *origin;
  if (engine->active.first != NULL) return engine->active.first;
  for (origin = engine->origins; origin != NULL; origin = origin->next)
    if (origin->queue.first != NULL) return origin->queue.first;
  return NULL;
}

static void forget_reports(tavus_http_engine *engine) {
  tavus_http_request *request;
  while ((request = engine->reports.first) != NULL) {
    list_remove(&engine->reports, request);
    request->reported = false;
    tavus_http_request_drop(request);
  }
}

static void free_origins(tavus_http_engine *engine) {
  while (engine->origins != NULL) {
    tavus_http_origin *origin = engine->origins;
    engine->origins = origin->next;
    free(origin->name);
    free(origin);
  }
}

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
  tavus_http_watch_abandon(engine);
  free_origins(engine);
  engine->multi = NULL;
  engine->share = NULL;
  engine->reserve = NULL;
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
  while ((request = any_request(engine)) != NULL)
    tavus_http_engine_cancel(request);
  while (engine->reserve != NULL) {
    tavus_http_slot *slot = engine->reserve;
    engine->reserve = slot->next;
    tavus_http_slot_free(slot);
  }
  if (engine->multi != NULL) curl_multi_cleanup(engine->multi);
  tavus_http_watch_close(engine);
  if (engine->share != NULL) curl_share_cleanup(engine->share);
  engine->multi = NULL;
  engine->share = NULL;
  free_origins(engine);
  tavus_http_engine_drop(engine);
}

void tavus_http_engine_drop(tavus_http_engine *engine) {
  if (--engine->references > 0) return;
  if (!engine->closed) {
    engine->references++;
    tavus_http_engine_close(engine);
    engine->references--;
  }
  free_mark(engine);
  free(engine);
}

/* ---- requests in and out ---- */

static tavus_http_origin *origin_of(tavus_http_engine *engine,
                                    const tavus_http_session *session) {
  size_t length = session->base.origin;
  tavus_http_origin *origin;
  for (origin = engine->origins; origin != NULL; origin = origin->next)
    if (strncmp(origin->name, session->base.text, length) == 0 &&
        origin->name[length] == '\0')
      return origin;
  origin = calloc(1, sizeof *origin);
  if (origin == NULL) return NULL;
  origin->name = tavus_http_copy(session->base.text, length);
  if (origin->name == NULL) {
    free(origin);
    return NULL;
  }
  origin->next = engine->origins;
  engine->origins = origin;
  return origin;
}

bool tavus_http_engine_submit(tavus_http_engine *engine,
                              tavus_http_request *request) {
  tavus_http_origin *origin = origin_of(engine, request->session);
  if (origin == NULL) return false;
  request->origin = origin;
  request->engine = engine;
  engine->references++;
  request->id = ++engine->last_id;
  request->references++;
  request->state = TAVUS_HTTP_QUEUED;
  list_append(&origin->queue, request);
  engine->queued_count++;
  tavus_http_watch_arm(engine);
  return true;
}

void tavus_http_engine_cancel(tavus_http_request *request) {
  tavus_http_engine *engine = request->engine;
  tavus_http_slot *slot = request->slot;
  if (engine == NULL) return;
  if (request->state == TAVUS_HTTP_DONE) {
    if (request->reported) {
      list_remove(&engine->reports, request);
      request->reported = false;
      tavus_http_request_drop(request);
    }
    return;
  }
  if (tavus_http_engine_is_inherited(engine)) {
    tavus_http_engine_close(engine);
    return;
  }
  leave_line(engine, request);
  if (slot != NULL) {
    curl_multi_remove_handle(engine->multi, slot->easy);
    slot->request = NULL;
    request->slot = NULL;
    slot_back(engine, slot);
  }
  tavus_http_request_end(request, TAVUS_HTTP_CANCELLED,
                         "the request was cancelled");
  request->notify = false;
  release(engine, request);
}

uint64_t tavus_http_engine_report(tavus_http_engine *engine) {
  tavus_http_request *request = engine->reports.first;
  uint64_t id;
  if (request == NULL) return 0;
  id = request->id;
  list_remove(&engine->reports, request);
  request->reported = false;
  tavus_http_request_drop(request);
  return id;
}

/* ---- transfers ---- */

static void fail_start(tavus_http_engine *engine, tavus_http_request *request) {
  list_remove(&request->origin->queue, request);
  engine->queued_count--;
  tavus_http_request_end(request, TAVUS_HTTP_NOT_SENT,
                         "out of memory before the request was sent");
  request->code = CURLE_OUT_OF_MEMORY;
  release(engine, request);
}

static void start(tavus_http_engine *engine, tavus_http_request *request) {
  tavus_http_slot *slot = engine->reserve;
  if (slot != NULL) {
    engine->reserve = slot->next;
    engine->reserved--;
  } else {
    slot = tavus_http_slot_new();
    if (slot == NULL) {
      fail_start(engine, request);
      return;
    }
  }
  if (!tavus_http_slot_load(slot, request, engine) ||
      curl_multi_add_handle(engine->multi, slot->easy) != CURLM_OK) {
    slot->request = NULL;
    request->slot = NULL;
    tavus_http_slot_free(slot);
    fail_start(engine, request);
    return;
  }
  list_remove(&request->origin->queue, request);
  engine->queued_count--;
  list_append(&engine->active, request);
  engine->active_count++;
  request->origin->active++;
  request->state = TAVUS_HTTP_ACTIVE;
  request->started = tavus_http_now();
}

static bool may_start(const tavus_http_engine *engine,
                      const tavus_http_origin *origin) {
  unsigned most = engine->max_connections;
  if (origin->multiplexed) most *= STREAMS_A_CONNECTION;
  return origin->queue.first != NULL && origin->active < most;
}

static bool can_start(const tavus_http_engine *engine) {
  const tavus_http_origin *origin;
  if (engine->queued_count == 0) return false;
  for (origin = engine->origins; origin != NULL; origin = origin->next)
    if (may_start(engine, origin)) return true;
  return false;
}

/* One of each line in turn, so that hosts share the few starts of a step. */
static void start_some(tavus_http_engine *engine) {
  unsigned left = TAVUS_HTTP_STARTS_A_STEP;
  bool any = engine->queued_count > 0;
  while (any && left > 0) {
    tavus_http_origin *origin;
    any = false;
    for (origin = engine->origins; origin != NULL && left > 0;
         origin = origin->next) {
      if (!may_start(engine, origin)) continue;
      start(engine, origin->queue.first);
      left--;
      any = true;
    }
  }
}

static void note_version(tavus_http_origin *origin, CURL *easy) {
  long version = 0;
  if (curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
      version != 0)
    origin->multiplexed = version >= CURL_HTTP_VERSION_2_0;
}

static void collect(tavus_http_engine *engine) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
    char *context = NULL;
    CURLcode code = message->data.result;
    CURL *easy = message->easy_handle;
    tavus_http_slot *slot;
    tavus_http_request *request;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    slot = (tavus_http_slot *)(void *)context;
    request = slot->request;
    curl_multi_remove_handle(engine->multi, easy);
    leave_line(engine, request);
    note_version(request->origin, easy);
    tavus_http_slot_unload(slot, code);
    slot_back(engine, slot);
    release(engine, request);
  }
}

/* libcurl gave up in the middle, for want of memory: no transfer can be relied
** on any more, so each of them ends here rather than never. */
static void give_up(tavus_http_engine *engine) {
  tavus_http_request *request;
  engine->broken = false;
  while ((request = engine->active.first) != NULL) {
    tavus_http_slot *slot = request->slot;
    leave_line(engine, request);
    curl_multi_remove_handle(engine->multi, slot->easy);
    request->out_of_memory = true;
    tavus_http_slot_unload(slot, CURLE_OUT_OF_MEMORY);
    tavus_http_slot_free(slot);
    release(engine, request);
  }
}

static bool is_idle(const tavus_http_engine *engine) {
  return engine->active_count == 0 && engine->queued_count == 0;
}

/* One round: start, run what is due, collect; and unless that finished
** something, wait for events until `until` and run them. */
static bool turn(tavus_http_engine *engine, int64_t now, int64_t until) {
  uint64_t before = engine->finished;
  int64_t wait;
  bool undisturbed;
  start_some(engine);
  if (engine->due >= 0 && engine->due <= now) tavus_http_watch_run(engine);
  collect(engine);
  if (engine->broken) give_up(engine);
  wait = engine->finished != before || can_start(engine) ? 0 : until - now;
  if (wait < 0) wait = 0;
  if (wait > 0 && engine->due >= 0 && engine->due - now < wait)
    wait = engine->due > now ? engine->due - now : 0;
  if (wait == 0 && engine->finished != before) return true;
  undisturbed = tavus_http_watch_wait(engine, wait);
  collect(engine);
  if (engine->broken) give_up(engine);
  return undisturbed;
}

static tavus_http_woken run(tavus_http_engine *engine,
                            const tavus_http_request *request, int64_t ns,
                            bool whole_time) {
  uint64_t before = engine->finished;
  int64_t now = tavus_http_now();
  int64_t until = ns > INT64_MAX - now ? INT64_MAX : now + ns;
  tavus_http_woken woken;
  for (;;) {
    if (request != NULL ? request->state == TAVUS_HTTP_DONE
                        : !whole_time &&
                              (engine->finished != before || is_idle(engine))) {
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
  tavus_http_watch_arm(engine);
  return woken;
}

tavus_http_woken tavus_http_engine_step(tavus_http_engine *engine, int64_t ns) {
  return run(engine, NULL, ns, false);
}

tavus_http_woken tavus_http_engine_wait(tavus_http_engine *engine,
                                        const tavus_http_request *request,
                                        int64_t ns) {
  return run(engine, request, ns, false);
}

tavus_http_woken tavus_http_engine_sleep(tavus_http_engine *engine, int64_t ns) {
  return run(engine, NULL, ns, true);
}

/* ---- for hosts that wait themselves ---- */

int64_t tavus_http_engine_next(const tavus_http_engine *engine) {
  int64_t next = engine->due;
  if (can_start(engine) || engine->reports.first != NULL) return 0;
  if (engine->alarm >= 0 && (next < 0 || engine->alarm < next))
    next = engine->alarm;
  return next;
}

int64_t tavus_http_engine_timeout(const tavus_http_engine *engine) {
  int64_t next = tavus_http_engine_next(engine), now;
  if (next <= 0) return next;
  now = tavus_http_now();
  return next > now ? next - now : 0;
}

int tavus_http_engine_fd(tavus_http_engine *engine) {
  int fd = tavus_http_watch_fd(engine);
  tavus_http_watch_arm(engine);
  return fd;
}

void tavus_http_engine_alarm(tavus_http_engine *engine, int64_t when) {
  engine->alarm = when;
  tavus_http_watch_arm(engine);
}
