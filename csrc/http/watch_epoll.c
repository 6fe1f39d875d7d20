/* watch_epoll.c - the event loop on Linux: an epoll set, and in it a timerfd once a host
** has asked for the descriptor.
**
** ** An idle connection stays registered, so a request on it needs no epoll_ctl. When an
** event arrives on an idle connection, it is removed from the set, and shut down if it
** speaks HTTP/1, where nothing may arrive then. */
#include "watch.h"

#if TAVUS_HTTP_EPOLL

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../inherited.h"
#include "clock.h"

#define EVENTS_A_WAIT 64

/* Events are handled for at least this time. It is short because a TLS handshake takes
** about a millisecond: sixty-four at once would take four frames of a game. */
#define LEAST_WORK (2 * TAVUS_HTTP_SECOND / 1000)

typedef struct place {
  tavus_identity made;      /* while `ours` */
  unsigned char registered; /* the bits CURL_POLL_IN and OUT that epoll has */
  unsigned char wanted;     /* the bits that libcurl asks for */
  bool ours;                /* from open_socket to close_socket */
  bool http1;               /* nothing may arrive while it is idle */
} place;

typedef struct tavus_http_watch {
  int epoll;
  int timer; /* -1 until a host asks for the descriptor */
  tavus_identity epoll_made, timer_made;
  int64_t armed; /* when the timer goes off; -1: never */
  place *places; /* by descriptor */
  size_t size;
  struct epoll_event events[EVENTS_A_WAIT]; /* ready ones */
  int count, done;                          /* the next wait handles the rest */
} tavus_http_watch;

/* Returns the place of a descriptor, or NULL when memory runs out. */
static place *place_of(tavus_http_watch *watch, int fd) {
  size_t index = (size_t)fd, size = watch->size == 0 ? 64 : watch->size;
  if (fd < 0) return NULL;
  if (index < watch->size) return &watch->places[index];
  while (size <= index) size *= 2;
  place *places = realloc(watch->places, size * sizeof *places);
  if (places == NULL) return NULL;
  memset(places + watch->size, 0, (size - watch->size) * sizeof *places);
  watch->places = places;
  watch->size = size;
  return &places[index];
}

/* Registers these bits of a descriptor. */
static void set_place(tavus_http_watch *watch, int fd, place *at, unsigned char bits) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.data.fd = fd;
  if (bits & CURL_POLL_IN) event.events |= EPOLLIN;
  if (bits & CURL_POLL_OUT) event.events |= EPOLLOUT;
  /* When a forked child holds a socket, libcurl may close it without close_socket and
  ** it stays in the set. One-shot, so that it does not report events for ever. */
  if (bits == CURL_POLL_OUT) event.events |= EPOLLONESHOT;
  if (bits == 0) {
    if (at->registered != 0) (void)epoll_ctl(watch->epoll, EPOLL_CTL_DEL, fd, &event);
  } else if (at->registered == 0) {
    if (epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
      (void)epoll_ctl(watch->epoll, EPOLL_CTL_MOD, fd, &event);
  } else if (epoll_ctl(watch->epoll, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT) {
    (void)epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event);
  }
  at->registered = bits;
}

static bool is_http1(CURL *easy) {
  long version = 0;
  return curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
         (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1);
}

/* Did libcurl close the socket without close_socket? 7.88 does so with one that was never
** connected. A socket that is watched for reading was connected, so that a request on
** an idle connection needs no system call. */
static bool was_closed(int fd, const place *at) {
  return at->ours && (at->registered & CURL_POLL_IN) == 0 && !tavus_is_same(fd, at->made);
}

/* libcurl asks to watch a socket. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                     void *unused) {
  tavus_http_watch *watch = ((tavus_http_loop *)context)->watch;
  place *at = place_of(watch, (int)fd);
  unsigned char bits;
  (void)unused;
  if (at == NULL) return 0; /* the timeout ends the transfer */
  bits = what == CURL_POLL_REMOVE
             ? 0
             : (unsigned char)(what & (CURL_POLL_IN | CURL_POLL_OUT));
  at->wanted = bits;
  if (bits == 0) at->http1 = is_http1(easy);
  if (was_closed((int)fd, at)) {
    at->ours = false;
    at->registered = 0;
  }
  if (!at->ours && bits != 0 && at->registered == 0)
    tavus_http_close_on_exec((int)fd); /* of a name look-up */
  if (at->ours && bits == 0 && at->registered == CURL_POLL_IN) return 0;
  if (at->ours && bits == at->registered) return 0;
  if (!at->ours && bits != 0 && at->registered == bits) at->registered = 0;
  set_place(watch, (int)fd, at, bits);
  return 0;
}

/* libcurl asks to be called later. */
static int on_timer(CURLM *multi, long ms, void *context) {
  tavus_http_loop *loop = context;
  (void)multi;
  if (ms <= 0) /* at once, or never */
    loop->due = ms;
  else
    loop->due = tavus_http_now() + ms * (TAVUS_HTTP_SECOND / 1000);
  return 0;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  tavus_http_slot *slot = context;
  tavus_http_watch *watch = slot->loop->watch;
  int fd = tavus_http_slot_socket(slot, address);
  place *at;
  (void)purpose;
  if (fd < 0) return CURL_SOCKET_BAD;
  at = place_of(watch, fd);
  if (at == NULL) {
    close(fd);
    return CURL_SOCKET_BAD;
  }
  at->registered = at->wanted = 0;
  at->http1 = false;
  at->made = tavus_identify(fd);
  at->ours = true;
  return fd;
}

static int close_socket(void *context, curl_socket_t fd) {
  tavus_http_watch *watch = ((tavus_http_loop *)context)->watch;
  place *at = place_of(watch, (int)fd);
  if (at != NULL) {
    /* When a forked child holds the socket, close() does not remove it from the set. */
    set_place(watch, (int)fd, at, 0);
    at->wanted = 0;
    at->ours = false;
  }
  return close((int)fd);
}

bool tavus_http_watch_sockets(const tavus_http_loop *loop, tavus_http_slot *slot) {
  void *context = (void *)(uintptr_t)loop; /* connections outlive their slots */
  CURL *easy = slot->easy;
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context) == CURLE_OK;
}

bool tavus_http_watch_open(tavus_http_loop *loop) {
  tavus_http_watch *watch = calloc(1, sizeof *watch);
  if (watch == NULL) return false;
  watch->timer = -1;
  watch->armed = -1;
  watch->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->watch = watch;
  if (watch->epoll < 0) return false;
  watch->epoll_made = tavus_identify(watch->epoll);
  return curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
         curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop) == CURLM_OK &&
         curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
         curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop) == CURLM_OK;
}

static void free_watch(tavus_http_loop *loop) {
  tavus_http_watch *watch = loop->watch;
  if (watch == NULL) return;
  if (watch->timer >= 0) close(watch->timer);
  if (watch->epoll >= 0) close(watch->epoll);
  free(watch->places);
  free(watch);
  loop->watch = NULL;
}

void tavus_http_watch_close(tavus_http_loop *loop) { free_watch(loop); }

void tavus_http_watch_abandon(tavus_http_loop *loop) {
  tavus_http_watch *watch = loop->watch;
  for (size_t fd = 0; fd < watch->size; fd++)
    if (watch->places[fd].ours) tavus_close_inherited((int)fd, watch->places[fd].made);
  if (watch->timer >= 0) tavus_close_inherited(watch->timer, watch->timer_made);
  if (watch->epoll >= 0) tavus_close_inherited(watch->epoll, watch->epoll_made);
  watch->timer = watch->epoll = -1;
  free_watch(loop);
}

void tavus_http_watch_run(tavus_http_loop *loop) {
  int running;
  loop->due = -1;
  if (curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running) != CURLM_OK)
    loop->broken = true;
}

/* Shuts the socket down and drains it, so that libcurl sees its end and no stray bytes.
** Returns false when nothing has arrived: the event was stale. */
static bool end_connection(int fd) {
  char bytes[16 * 1024];
  if (recv(fd, bytes, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
    return errno != EAGAIN && errno != EWOULDBLOCK;
  (void)shutdown(fd, SHUT_RDWR);
  while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
  return true;
}

/* Handles an event on an idle connection. */
static void on_idle_event(tavus_http_watch *watch, int fd, place *at) {
  if (at->ours && at->http1 && !end_connection(fd)) return;
  set_place(watch, fd, at, 0);
}

/* Asks again for an event that epoll reports once (see set_place). */
static void rearm(tavus_http_watch *watch, int fd) {
  place *at = place_of(watch, fd);
  if (at->wanted == CURL_POLL_OUT && at->registered == CURL_POLL_OUT)
    set_place(watch, fd, at, CURL_POLL_OUT);
}

void tavus_http_watch_look(tavus_http_loop *loop) {
  tavus_http_watch *watch = loop->watch;
  struct epoll_event events[EVENTS_A_WAIT];
  int count = epoll_wait(watch->epoll, events, EVENTS_A_WAIT, 0);
  while (count-- > 0) {
    int fd = events[count].data.fd;
    place *at = fd != watch->timer ? place_of(watch, fd) : NULL;
    if (at == NULL) continue;
    if (at->wanted == 0)
      on_idle_event(watch, fd, at);
    else
      rearm(watch, fd);
  }
}

static void handle(tavus_http_loop *loop, const struct epoll_event *event) {
  tavus_http_watch *watch = loop->watch;
  int fd = event->data.fd, bits = 0, running;
  if (fd == watch->timer) {
    uint64_t count;
    if (read(fd, &count, sizeof count) > 0) watch->armed = -1;
    return;
  }
  place *at = place_of(watch, fd);
  if (at == NULL) return;
  if (at->wanted == 0) {
    on_idle_event(watch, fd, at);
    return;
  }
  if (event->events & (EPOLLIN | EPOLLHUP)) bits |= CURL_CSELECT_IN;
  if (event->events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
  if (event->events & EPOLLERR) bits |= CURL_CSELECT_ERR;
  if (curl_multi_socket_action(loop->multi, fd, bits, &running) != CURLM_OK)
    loop->broken = true;
  rearm(watch, fd);
}

/* epoll_wait waits whole milliseconds, which is long for a frame of a game. A shorter
** wait than this is exact, by ppoll. */
#define EXACTLY (10 * TAVUS_HTTP_SECOND / 1000)

/* Waits for events. Returns false when a signal arrived. Events may be stale when they
** are handled: a spurious event is harmless; a missed one fires again
** (level-triggered). */
static bool gather(tavus_http_watch *watch, int64_t ns) {
  const int64_t ms = TAVUS_HTTP_SECOND / 1000;
  watch->count = watch->done = 0;
  if (ns > 0 && ns < EXACTLY) {
    struct pollfd set = { watch->epoll, POLLIN, 0 };
    struct timespec time = { 0, (long)ns };
    int ready = ppoll(&set, 1, &time, NULL);
    if (ready <= 0) return ready == 0 || errno != EINTR;
    ns = 0;
  }
  watch->count =
      epoll_wait(watch->epoll, watch->events, EVENTS_A_WAIT, (int)((ns + ms - 1) / ms));
  if (watch->count >= 0) return true;
  watch->count = 0;
  return errno != EINTR;
}

bool tavus_http_watch_wait(tavus_http_loop *loop, int64_t ns) {
  tavus_http_watch *watch = loop->watch;
  if (ns > 3600 * TAVUS_HTTP_SECOND) ns = 3600 * TAVUS_HTTP_SECOND;
  int64_t stop = tavus_http_now() + (ns > LEAST_WORK ? ns : LEAST_WORK);
  if (watch->done == watch->count && !gather(watch, ns)) return false;
  while (watch->done < watch->count) {
    handle(loop, &watch->events[watch->done++]);
    if (watch->done < watch->count && tavus_http_now() >= stop) break;
  }
  return true;
}

bool tavus_http_watch_left(const tavus_http_loop *loop) {
  return loop->watch != NULL && loop->watch->done < loop->watch->count;
}

int tavus_http_watch_fd(tavus_http_loop *loop) {
  tavus_http_watch *watch = loop->watch;
  if (watch->timer < 0) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (watch->timer < 0) return -1;
    watch->timer_made = tavus_identify(watch->timer);
    event.events = EPOLLIN;
    event.data.fd = watch->timer;
    if (epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->timer, &event) != 0) {
      close(watch->timer);
      watch->timer = -1;
      return -1;
    }
  }
  return watch->epoll;
}

void tavus_http_watch_arm(tavus_http_loop *loop, int64_t at) {
  tavus_http_watch *watch = loop->watch;
  struct itimerspec when;
  if (watch == NULL || watch->timer < 0) return;
  if (at == watch->armed) return;
  memset(&when, 0, sizeof when);
  if (at == 0) { /* a time in the past; 0 would disarm the timer */
    when.it_value.tv_nsec = 1;
  } else if (at > 0) {
    when.it_value.tv_sec = (time_t)(at / TAVUS_HTTP_SECOND);
    when.it_value.tv_nsec = (long)(at % TAVUS_HTTP_SECOND);
  }
  if (timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0)
    watch->armed = at;
}

#else
typedef int tavus_http_watch_epoll_unused; /* a C file may not be empty */
#endif
