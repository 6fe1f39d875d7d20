/* queue.c - see queue.h. */
#include "queue.h"

#include "clock.h"

/* Requests that one HTTP/2 connection carries at once. */
#define STREAMS_A_CONNECTION 100

/* A line that is behind its rate because no step was made catches up this much. */
#define SLACK (50 * TAVUS_HTTP_SECOND / 1000)

void tavus_http_list_append(tavus_http_list *list, tavus_http_request *request) {
  request->next = NULL;
  request->previous = list->last;
  if (list->last != NULL)
    list->last->next = request;
  else
    list->first = request;
  list->last = request;
}

void tavus_http_list_remove(tavus_http_list *list, tavus_http_request *request) {
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

/* --- lines of an origin --- */

static void line_append(tavus_http_origin *origin, tavus_http_line *line) {
  line->next = NULL;
  line->previous = origin->last;
  if (origin->last != NULL)
    origin->last->next = line;
  else
    origin->first = line;
  origin->last = line;
}

static void line_remove(tavus_http_origin *origin, tavus_http_line *line) {
  if (line->previous != NULL)
    line->previous->next = line->next;
  else
    origin->first = line->next;
  if (line->next != NULL)
    line->next->previous = line->previous;
  else
    origin->last = line->previous;
  line->next = line->previous = NULL;
}

/* Returns the origin of a session, which it makes if need be, or NULL when memory runs
** out. */
static tavus_http_origin *origin_of(tavus_http_queue *queue,
                                    const tavus_http_session *session) {
  size_t length = session->base.origin;
  tavus_http_origin *origin;
  for (origin = queue->origins; origin != NULL; origin = origin->next)
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
  origin->next = queue->origins;
  queue->origins = origin;
  return origin;
}

bool tavus_http_queue_add(tavus_http_queue *queue, tavus_http_request *request) {
  tavus_http_line *line = &request->session->line;
  tavus_http_origin *origin = origin_of(queue, request->session);
  if (origin == NULL) return false;
  if (origin->connections < line->connections) {
    queue->connections += line->connections - origin->connections;
    origin->connections = line->connections;
  }
  if (line->waiting.first == NULL) {
    int64_t now = line->interval > 0 ? tavus_http_now() : 0;
    if (line->due < now) line->due = now; /* an idle session accumulates no credit */
    line_append(origin, line);
  }
  request->origin = origin;
  request->state = TAVUS_HTTP_QUEUED;
  tavus_http_list_append(&line->waiting, request);
  queue->count++;
  if (request->expires >= 0 && (queue->expiry < 0 || request->expires < queue->expiry))
    queue->expiry = request->expires;
  return true;
}

void tavus_http_queue_remove(tavus_http_queue *queue, tavus_http_request *request) {
  tavus_http_line *line = &request->session->line;
  tavus_http_list_remove(&line->waiting, request);
  if (line->waiting.first == NULL) line_remove(request->origin, line);
  if (--queue->count == 0) queue->expiry = -1;
}

/* --- which request is next --- */

/* Do the connections carry one more request? */
static bool has_room(const tavus_http_origin *origin, unsigned active,
                     unsigned connections) {
  return active / (origin->multiplexed ? STREAMS_A_CONNECTION : 1) < connections;
}

/* Do its limits, other than its rate, let the line start a request? */
static bool may_move(const tavus_http_origin *origin, const tavus_http_line *line) {
  return (line->in_flight == 0 || line->active < line->in_flight) &&
         has_room(origin, line->active, line->connections);
}

/* Returns the line of the origin that starts the next request, or NULL. */
static tavus_http_line *next_line(const tavus_http_origin *origin, int64_t now) {
  if (!has_room(origin, origin->active, origin->connections)) return NULL;
  for (tavus_http_line *line = origin->first; line != NULL; line = line->next)
    if (may_move(origin, line) && (line->interval == 0 || line->due <= now)) return line;
  return NULL;
}

tavus_http_request *tavus_http_queue_next(tavus_http_queue *queue, int64_t now) {
  tavus_http_origin *first = queue->turn != NULL ? queue->turn : queue->origins;
  tavus_http_origin *origin = first;
  if (queue->count == 0) return NULL;
  do {
    tavus_http_line *line = next_line(origin, now);
    tavus_http_origin *next = origin->next != NULL ? origin->next : queue->origins;
    if (line != NULL) {
      queue->turn = next;
      return line->waiting.first;
    }
    origin = next;
  } while (origin != first);
  return NULL;
}

int64_t tavus_http_queue_when(const tavus_http_queue *queue) {
  int64_t when = -1;
  if (queue->count == 0) return -1;
  for (const tavus_http_origin *origin = queue->origins; origin != NULL;
       origin = origin->next) {
    if (!has_room(origin, origin->active, origin->connections)) continue;
    for (const tavus_http_line *line = origin->first; line != NULL; line = line->next) {
      if (!may_move(origin, line)) continue;
      if (line->interval == 0) return 0;
      if (when < 0 || line->due < when) when = line->due;
    }
  }
  return when;
}

void tavus_http_queue_start(tavus_http_queue *queue, tavus_http_request *request,
                            int64_t now) {
  tavus_http_line *line = &request->session->line;
  tavus_http_queue_remove(queue, request);
  if (line->waiting.first != NULL) { /* to the end: the other lines come first */
    line_remove(request->origin, line);
    line_append(request->origin, line);
  }
  if (line->interval > 0) {
    if (line->due < now - SLACK) line->due = now - SLACK;
    line->due += line->interval;
  }
  line->active++;
  request->origin->active++;
}

void tavus_http_queue_end(tavus_http_request *request) {
  request->session->line.active--;
  request->origin->active--;
}

/* --- all requests --- */

tavus_http_request *tavus_http_queue_expired(tavus_http_queue *queue, int64_t now) {
  tavus_http_origin *origin;
  int64_t earliest = -1;
  if (queue->expiry < 0 || queue->expiry > now) return NULL;
  for (origin = queue->origins; origin != NULL; origin = origin->next) {
    tavus_http_line *line;
    for (line = origin->first; line != NULL; line = line->next) {
      tavus_http_request *request;
      for (request = line->waiting.first; request != NULL; request = request->next) {
        if (request->expires < 0) continue;
        if (request->expires <= now) return request;
        if (earliest < 0 || request->expires < earliest) earliest = request->expires;
      }
    }
  }
  queue->expiry = earliest;
  return NULL;
}

tavus_http_request *tavus_http_queue_any(const tavus_http_queue *queue) {
  for (const tavus_http_origin *origin = queue->origins; origin != NULL;
       origin = origin->next)
    if (origin->first != NULL) return origin->first->waiting.first;
  return NULL;
}

void tavus_http_queue_free(tavus_http_queue *queue) {
  while (queue->origins != NULL) {
    tavus_http_origin *origin = queue->origins;
    queue->origins = origin->next;
    free(origin->name);
    free(origin);
  }
  queue->turn = NULL;
}
