/* transfer.c - see transfer.h. The callbacks fill C buffers and do nothing else. */
#include "transfer.h"

#include "outcome.h"
#include "stream.h"

/* --- callbacks of libcurl --- */

/* Returns how much room to make for a body when its first piece arrives: the announced
** length, up to a limit, since it may be wrong. One allocation is enough then. */
static size_t first_piece(CURL *easy, size_t length) {
  const curl_off_t most = 64 * 1024; /* bytes */
  curl_off_t said = 0;
  if (curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &said) != CURLE_OK ||
      said < (curl_off_t)length)
    return length;
  return (size_t)(said < most ? said : most);
}

/* Appends a piece of the body. */
static size_t on_body(char *data, size_t size, size_t count, void *context) {
  tavus_http_slot *slot = context;
  tavus_http_request *request = slot->request;
  size_t length = size * count, wanted = length;
  if (request->answer_body.length + length > TAVUS_HTTP_MAX_BODY) {
    request->too_large = true;
    return 0;
  }
  if (request->answer_body.length == 0) wanted = first_piece(slot->easy, length);
  if (!tavus_http_bytes_reserve(&request->answer_body, wanted) ||
      !tavus_http_bytes_add(&request->answer_body, data, length)) {
    request->out_of_memory = true;
    return 0;
  }
  return length;
}

/* Is it the status line of an HTTP/1 answer without a body? */
static bool is_bodyless(const char *line, size_t length) {
  return length >= 12 && line[5] == '1' &&
         (memcmp(line + 9, "204", 3) == 0 || memcmp(line + 9, "304", 3) == 0);
}

/* Is it the status line of a 1xx, which another answer follows? */
static bool is_interim(const char *line, size_t length) {
  const char *space = memchr(line, ' ', length);
  return space != NULL && length - (size_t)(space - line) >= 4 && space[1] == '1' &&
         memcmp(space + 1, "101", 3) != 0;
}

/* Do the headers (see tavus_http_headers_keep) announce a body? */
static bool announces_body(const tavus_http_bytes *headers) {
  const char *at = headers->data;
  const char *end = at == NULL ? NULL : at + headers->length;
  while (at < end) {
    const char *value = at + strlen(at) + 1;
    if (strcmp(at, "transfer-encoding") == 0 ||
        (strcmp(at, "content-length") == 0 && strcmp(value, "0") != 0))
      return true;
    at = value + strlen(value) + 1;
  }
  return false;
}

/* Keeps the connection from being used again: a body that may not be there would be read
** as the next answer. */
static void forbid_reuse(tavus_http_slot *slot) {
  slot->forbids_reuse =
      curl_easy_setopt(slot->easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

/* Does the line end the headers? libcurl 8.19 and later also passes a last line that was
** cut, so a carriage return alone does not. */
static bool is_blank(const char *line, size_t length) {
  return (length == 1 && line[0] == '\n') ||
         (length == 2 && line[0] == '\r' && line[1] == '\n');
}

/* Keeps a header line. */
static size_t on_header(char *data, size_t size, size_t count, void *context) {
  tavus_http_slot *slot = context;
  tavus_http_request *request = slot->request;
  size_t length = size * count;
  request->header_bytes += length;
  if (request->header_bytes > TAVUS_HTTP_MAX_HEADERS) {
    request->too_large = request->headers_too_large = true;
    return 0;
  }
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    /* the first line, or the first one after a 1xx */
    request->headers_complete = false;
    request->bodyless = is_bodyless(data, length);
    request->interim = is_interim(data, length);
    tavus_http_wipe(request->answer_headers.data, request->answer_headers.length);
    request->answer_headers.length = 0;
    return length;
  }
  if (request->headers_complete) return length; /* a trailer */
  if (is_blank(data, length)) {
    request->headers_complete = !request->interim;
    if (request->bodyless && announces_body(&request->answer_headers)) forbid_reuse(slot);
    return length;
  }
  if (!tavus_http_headers_keep(&request->answer_headers, data, length)) {
    request->out_of_memory = true;
    return 0;
  }
  return length;
}

#if TAVUS_HTTP_PREREQ
/* Notes a new connection: other requests may wait in libcurl to learn whether it speaks
** HTTP/2. */
static void note_connection(const tavus_http_slot *slot) {
  long made = 0;
  if (slot->transport->https &&
      curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK && made > 0)
    slot->loop->connected = true;
}

/* Called before a request is sent. libcurl sends it again by itself when a reused
** connection ends without an answer; here that is refused if the request may not be
** repeated. */
static int on_sending(void *context, char *remote, char *local, int remote_port,
                      int local_port) {
  tavus_http_slot *slot = context;
  tavus_http_request *request = slot->request;
  slot->resent = slot->resent || request->sent > 0;
  (void)tavus_http_stream_end(request);
  if (request->sent > 0 && !request->may_repeat) {
    request->repeat_refused = true;
    return CURL_PREREQFUNC_ABORT;
  }
  request->sent++;
  tavus_http_stream_begin(request, remote, remote_port, local, local_port);
  note_connection(slot);
  return CURL_PREREQFUNC_OK;
}
#endif

/* --- options --- */

#define TRY(call)                                                                        \
  do {                                                                                   \
    if ((call) != CURLE_OK) return false;                                                \
  } while (0)

#define SMALL_BUFFER (4L * 1024) /* bytes */

/* Sets the options of a handle that do not depend on the request. Returns false when
** libcurl refuses one or memory runs out. */
static bool set_up(tavus_http_slot *slot, tavus_http_transport *transport,
                   tavus_http_loop *loop) {
  CURL *easy = slot->easy;
  if ((slot->small || slot->once || slot->resent) && slot->transport != NULL) {
    /* A reset may keep a small buffer and forget its size, so that libcurl 7.88 would
    ** write past its end; and it keeps the pointer of has_loose_header, and that a
    ** stream was refused. */
    curl_easy_cleanup(easy); /* first, so that the new handle finds memory */
    easy = slot->easy = curl_easy_init();
    if (easy == NULL) return false;
  } else {
    curl_easy_reset(easy);
  }
  tavus_http_transport_drop(slot->transport);
  slot->transport = NULL;
  slot->custom_method = false;
  slot->forbids_reuse = false;
  slot->resent = false;
  if (!tavus_http_transport_apply(easy, transport)) return false;
  TRY(curl_easy_setopt(easy, CURLOPT_PRIVATE, slot));
  TRY(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error));
  TRY(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
  TRY(curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot));
  TRY(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
  TRY(curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot));
#if TAVUS_HTTP_PREREQ
  TRY(curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot));
  slot->prereq_works =
      curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending) == CURLE_OK;
#else
  slot->prereq_works = false;
#endif
  TRY(curl_easy_setopt(easy, CURLOPT_NOSIGNAL,
                       transport->https && slot->sigpipe ? 0L : 1L));
  TRY(curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L));
  if (slot->small) TRY(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, SMALL_BUFFER));
  TRY(curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L));
  TRY(curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L));
  /* A libcurl without zlib refuses this; answers are not compressed then. */
  (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, TAVUS_HTTP_ENCODING);
  TRY(curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
  if (loop->share != NULL) TRY(curl_easy_setopt(easy, CURLOPT_SHARE, loop->share));
#if LIBCURL_VERSION_NUM >= 0x075700
  /* A transfer that is ended does not wait for a slow name server. */
  (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  if (transport->https && slot->prereq_works && !tavus_http_stream_listen(slot))
    return false;
  if (!tavus_http_watch_sockets(loop, slot)) return false;
  tavus_http_transport_keep(transport);
  slot->transport = transport;
  slot->loop = loop;
  return true;
}

/* Sets method and body. */
static bool set_method(tavus_http_slot *slot, const tavus_http_request *request) {
  CURL *easy = slot->easy;
  const char *method = request->method;
  bool post = strcmp(method, "POST") == 0;
  bool natural = post || (!request->has_body &&
                          (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0));
  if (post || request->has_body) {
    TRY(curl_easy_setopt(
        easy, CURLOPT_POSTFIELDS,
        request->has_body && request->body.length > 0 ? request->body.data : ""));
    TRY(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)request->body.length));
    TRY(curl_easy_setopt(easy, CURLOPT_POST, 1L));
  } else if (strcmp(method, "HEAD") == 0) {
    TRY(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L));
  } else {
    TRY(curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L));
  }
  if (natural && slot->custom_method)
    TRY(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL));
  if (!natural) TRY(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method));
  slot->custom_method = !natural;
  return true;
}

bool tavus_http_slot_load(tavus_http_slot *slot, tavus_http_request *request,
                          tavus_http_loop *loop) {
  const tavus_http_session *session = request->session;
  if ((slot->transport == NULL || slot->once || slot->resent ||
       !tavus_http_transport_equal(slot->transport, session->transport)) &&
      !set_up(slot, session->transport, loop))
    return false;
  CURL *easy = slot->easy;
  TRY(curl_easy_setopt(easy, CURLOPT_URL, request->url.data));
  if (!set_method(slot, request) || !tavus_http_request_correct_headers(request))
    return false;
  TRY(curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                       request->own_headers != NULL ? request->own_headers
                       : request->has_body          ? session->body_headers
                                                    : session->headers));
  /* libcurl may end one millisecond early, but the deadline must have passed when the
  ** caller gets the error. */
  TRY(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms + 1));
  if (slot->forbids_reuse) TRY(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L));
  slot->forbids_reuse = false;
  if (!slot->prereq_works)
    TRY(curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->may_repeat ? 0L : 1L));
  slot->error[0] = '\0';
  slot->socket_error = 0;
  slot->request = request;
  request->slot = slot;
  return true;
}

void tavus_http_slot_unload(tavus_http_slot *slot, CURLcode code) {
  tavus_http_request *request = slot->request;
  long status = 0;
  slot->request = NULL;
  request->slot = NULL;
  curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
  request->status = status;
  if (!slot->prereq_works) {
    long bytes = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &bytes);
    request->sent = bytes > 0 ? 1 : 0;
  }
  tavus_http_request_judge(request, code, slot->error, slot->socket_error);
}
