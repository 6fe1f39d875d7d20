#include "request.h"

#include <stdio.h>
#include <time.h>

#include "engine.h"
#include "stream.h"

int64_t tavus_http_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * TAVUS_HTTP_SECOND + now.tv_nsec;
}

tavus_http_request *tavus_http_request_new(tavus_http_session *session,
                                           const char *method,
                                           const char *target, size_t length) {
  tavus_http_request *request = calloc(1, sizeof *request);
  size_t method_length = strlen(method);
  if (request == NULL) return NULL;
  request->references = 1;
  request->expires = -1;
  request->session = session;
  tavus_http_session_enter(session);
  if (method_length < sizeof request->method)
    memcpy(request->method, method, method_length + 1);
  if (!tavus_http_bytes_reserve(&request->url, session->base.length + length) ||
      !tavus_http_bytes_add(&request->url, session->base.text,
                            session->base.length) ||
      !tavus_http_bytes_add(&request->url, target, length)) {
    tavus_http_request_drop(request);
    return NULL;
  }
  return request;
}

bool tavus_http_request_body(tavus_http_request *request, const char *body,
                             size_t length) {
  request->has_body = true;
  request->body.data = tavus_http_copy(body, length);
  if (request->body.data == NULL) return false;
  request->body.length = length;
  request->body.capacity = length + 1;
  return true;
}

static bool own_headers(tavus_http_request *request) {
  const tavus_http_session *session = request->session;
  return request->own_headers != NULL ||
         tavus_http_headers_copy(
             &request->own_headers,
             request->has_body ? session->body_headers : session->headers);
}

bool tavus_http_request_header(tavus_http_request *request, const char *name,
                               const char *value) {
  return own_headers(request) &&
         tavus_http_header_set(&request->own_headers, name, value);
}

/* libcurl would say that a POST without a body is a form, and would wait for
** `100 Continue` before a large body. */
static bool correct_headers(tavus_http_request *request) {
#if LIBCURL_VERSION_NUM >= 0x074000
  const size_t expects = 1024 * 1024;
#else
  const size_t expects = 1024;
#endif
  if (!request->has_body && strcmp(request->method, "POST") == 0)
    return own_headers(request) &&
           tavus_http_header_suppress(&request->own_headers, "Content-Type");
  if (request->body.length >= expects)
    return own_headers(request) &&
           tavus_http_header_suppress(&request->own_headers, "Expect");
  return true;
}

void tavus_http_request_drop(tavus_http_request *request) {
  if (request == NULL || --request->references > 0) return;
  tavus_http_bytes_free(&request->url);
  tavus_http_bytes_free(&request->body);
  tavus_http_headers_free(request->own_headers);
  tavus_http_bytes_free(&request->answer_headers);
  tavus_http_bytes_free(&request->answer_body);
  tavus_http_bytes_free(&request->message);
  tavus_http_session_leave(request->session);
  if (request->engine != NULL) tavus_http_engine_drop(request->engine);
  free(request);
}

/* ---- what libcurl calls; it fills C buffers and nothing else ---- */

/* How much to make room for with the first piece of a body: what the answer
** announced, which makes one allocation of the right size; within limits, since
** it need not be true. */
static size_t first_piece(CURL *easy, size_t length) {
  const curl_off_t most = 64 * 1024;
  curl_off_t said = 0;
  if (curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &said) !=
          CURLE_OK ||
      said < (curl_off_t)length)
    return length;
  return (size_t)(said < most ? said : most);
}

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

static bool is_bodyless(const char *line, size_t length) {
  return length >= 12 && line[5] == '1' &&
         (memcmp(line + 9, "204", 3) == 0 || memcmp(line + 9, "304", 3) == 0);
}

/* Whether the headers (see tavus_http_headers_keep) promise a body. */
static bool announces_body(const tavus_http_bytes *headers) {
  const char *at = headers->data, *end = at + headers->length;
  while (at < end) {
    const char *value = at + strlen(at) + 1;
    if (strcmp(at, "transfer-encoding") == 0 ||
        (strcmp(at, "content-length") == 0 && strcmp(value, "0") != 0))
      return true;
    at = value + strlen(value) + 1;
  }
  return false;
}

/* A body where none belongs would be taken for the next answer, so such a
** connection is not used again. */
static void mistrust(tavus_http_slot *slot) {
  slot->forbids_reuse =
      curl_easy_setopt(slot->easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

/* Whether the line ends the headers. libcurl from 8.19 on hands over a last line
** that was cut, so a carriage return alone is none. */
static bool is_blank(const char *line, size_t length) {
  return (length == 1 && line[0] == '\n') ||
         (length == 2 && line[0] == '\r' && line[1] == '\n');
}

static size_t on_header(char *data, size_t size, size_t count, void *context) {
  tavus_http_slot *slot = context;
  tavus_http_request *request = slot->request;
  size_t length = size * count;
  request->header_bytes += length;
  if (request->header_bytes > TAVUS_HTTP_MAX_HEADERS) {
    request->too_large = true;
    return 0;
  }
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    /* the first line, or the one after an interim (1xx) answer */
    request->headers_complete = false;
    request->bodyless = is_bodyless(data, length);
    tavus_http_wipe(request->answer_headers.data, request->answer_headers.length);
    request->answer_headers.length = 0;
    return length;
  }
  if (request->headers_complete) return length; /* a trailer */
  if (is_blank(data, length)) {
    request->headers_complete = true;
    if (request->bodyless && announces_body(&request->answer_headers))
      mistrust(slot);
    return length;
  }
  if (!tavus_http_headers_keep(&request->answer_headers, data, length)) {
    request->out_of_memory = true;
    return 0;
  }
  return length;
}

#if TAVUS_HTTP_PREREQ
/* Requests may wait in libcurl to learn whether this connection speaks HTTP/2. */
static void note_connection(const tavus_http_request *request, CURL *easy) {
  long made = 0;
  if (request->session->transport->https &&
      curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK && made > 0)
    request->engine->connected = true;
}

/* libcurl sends a request again by itself when a reused connection dies
** unanswered. Here it says so beforehand, and can be stopped. */
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
  note_connection(request, slot->easy);
  return CURL_PREREQFUNC_OK;
}
#endif

/* ---- handles ---- */

/* From 7.83 on, libcurl keeps an answer's headers and a pointer to the last one,
** and before 8.1.1 that pointer outlives them: when the next answer on the handle
** begins with a line that continues a header, libcurl writes to freed memory. Not
** even a reset forgets the pointer. */
static bool has_loose_header(const curl_version_info_data *info) {
  return info->version_num >= 0x075300 && info->version_num < 0x080101;
}

/* Before 7.88 OpenSSL writes to the socket itself, and a connection that was
** reset would end the process by SIGPIPE unless libcurl may ignore it. */
static bool has_sigpipe(const curl_version_info_data *info) {
  return info->version_num < 0x075800 &&
         (info->features & CURL_VERSION_ASYNCHDNS) != 0;
}

tavus_http_slot *tavus_http_slot_new(bool small) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  tavus_http_slot *slot = calloc(1, sizeof *slot);
  if (slot == NULL) return NULL;
  slot->small = small;
  slot->once = has_loose_header(info);
  slot->sigpipe = has_sigpipe(info);
  slot->easy = curl_easy_init();
  if (slot->easy == NULL) {
    free(slot);
    return NULL;
  }
  return slot;
}

void tavus_http_slot_free(tavus_http_slot *slot) {
  if (slot == NULL) return;
  curl_easy_cleanup(slot->easy);
  tavus_http_transport_drop(slot->transport);
  free(slot);
}

#define TRY(call) \
  do { \
    if ((call) != CURLE_OK) return false; \
  } while (0)

#define SMALL_BUFFER (4L * 1024)

static bool set_up(tavus_http_slot *slot, tavus_http_transport *transport,
                   const tavus_http_engine *engine) {
  CURL *easy = slot->easy;
  if ((slot->small || slot->once || slot->resent) && slot->transport != NULL) {
    /* a reset is not enough: it forgets the buffer's size but may keep the buffer,
    ** and libcurl 7.88 would then write past its end; and it keeps the loose
    ** header, and that a stream was refused */
    curl_easy_cleanup(easy); /* first, so that the new one finds its memory */
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
  slot->prereq_works = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION,
                                        on_sending) == CURLE_OK;
#else
  slot->prereq_works = false;
#endif
  TRY(curl_easy_setopt(easy, CURLOPT_NOSIGNAL,
                       transport->https && slot->sigpipe ? 0L : 1L));
  TRY(curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L));
  if (slot->small)
    TRY(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, SMALL_BUFFER));
  TRY(curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L));
  TRY(curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L));
  /* without zlib in the build this is refused, and nothing is inflated */
  (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, TAVUS_HTTP_ENCODING);
  TRY(curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
  if (engine->share != NULL)
    TRY(curl_easy_setopt(easy, CURLOPT_SHARE, engine->share));
#if LIBCURL_VERSION_NUM >= 0x075700
  /* do not wait for a slow name server when a transfer is given up */
  (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  if (transport->https && slot->prereq_works && !tavus_http_stream_listen(slot))
    return false;
  if (!tavus_http_watch_sockets(engine, easy)) return false;
  tavus_http_transport_keep(transport);
  slot->transport = transport;
  return true;
}

static bool set_method(tavus_http_slot *slot, const tavus_http_request *request) {
  CURL *easy = slot->easy;
  const char *method = request->method;
  bool post = strcmp(method, "POST") == 0;
  bool natural = post || (!request->has_body && (strcmp(method, "GET") == 0 ||
                                                 strcmp(method, "HEAD") == 0));
  if (post || request->has_body) {
    TRY(curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         request->has_body && request->body.length > 0
                             ? request->body.data
                             : ""));
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
                          const tavus_http_engine *engine) {
  tavus_http_session *session = request->session;
  CURL *easy;
  if ((slot->transport == NULL || slot->once || slot->resent ||
       !tavus_http_transport_equal(slot->transport, session->transport)) &&
      !set_up(slot, session->transport, engine))
    return false;
  easy = slot->easy;
  TRY(curl_easy_setopt(easy, CURLOPT_URL, request->url.data));
  if (!set_method(slot, request) || !correct_headers(request)) return false;
  TRY(curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                       request->own_headers != NULL ? request->own_headers
                       : request->has_body          ? session->body_headers
                                                    : session->headers));
  /* libcurl counts in milliseconds and may be one early, and a caller that is
  ** told of the deadline must find that it has passed */
  TRY(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms + 1));
  if (slot->forbids_reuse) TRY(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L));
  slot->forbids_reuse = false;
  if (!slot->prereq_works)
    TRY(curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT,
                         request->may_repeat ? 0L : 1L));
  slot->error[0] = '\0';
  slot->request = request;
  request->slot = slot;
  return true;
}

/* ---- how it ended ---- */

static bool is_certificate_fault(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return true;
    default:
      return false;
  }
}

#define TOO_LARGE_CODE 100 /* CURLE_TOO_LARGE, since 8.6 */

static tavus_http_outcome judge(const tavus_http_request *request,
                                const char **message) {
  CURLcode code = request->code;
  if (request->too_large) {
    *message = request->headers_complete
                   ? "the answer is larger than 16 MiB"
                   : "the answer's headers are larger than 64 KiB";
    return TAVUS_HTTP_TOO_LARGE;
  }
  if (request->out_of_memory) {
    *message = "out of memory";
    return request->sent > 0 ? TAVUS_HTTP_LOST : TAVUS_HTTP_NOT_SENT;
  }
  if (request->repeat_refused) {
    *message = "the connection died before an answer came, and sending the "
               "request again could do it twice";
    return TAVUS_HTTP_LOST;
  }
  if (code == CURLE_OK) {
    if (request->headers_complete && request->status >= 200)
      return TAVUS_HTTP_ANSWER;
    *message = request->headers_complete
                   ? "the server changed to another protocol"
                   : "the answer was cut inside its headers";
    return TAVUS_HTTP_LOST;
  }
  if (request->sent == 0)
    return is_certificate_fault(code) ? TAVUS_HTTP_CERTIFICATE
                                      : TAVUS_HTTP_NOT_SENT;
  if (code == CURLE_OPERATION_TIMEDOUT) return TAVUS_HTTP_TIMEOUT;
  if (code == CURLE_BAD_CONTENT_ENCODING) return TAVUS_HTTP_GARBLED;
  if (code == CURLE_WRITE_ERROR) { /* and no refusal of ours */
    *message = "bytes follow the compressed ones";
    return TAVUS_HTTP_GARBLED;
  }
  if (!request->headers_complete && request->header_bytes > 0 &&
      (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE_CODE)) {
    /* libcurl's ways of saying that one header line passed its own limit */
    *message = "the answer's headers are larger than 64 KiB";
    return TAVUS_HTTP_TOO_LARGE;
  }
  return TAVUS_HTTP_LOST;
}

/* The key must not leave through an error: what is not a plain success is
** searched for it, and all headers and messages are. */
static void redact(tavus_http_request *request) {
  const tavus_http_session *session = request->session;
  bool success = request->outcome == TAVUS_HTTP_ANSWER &&
                 request->status >= 200 && request->status < 300;
  (void)tavus_http_session_redact(session, &request->answer_headers);
  (void)tavus_http_session_redact(session, &request->message);
  if (!success) (void)tavus_http_session_redact(session, &request->answer_body);
}

static void forget_sent(tavus_http_request *request) {
  tavus_http_bytes_free(&request->body);
  tavus_http_headers_free(request->own_headers);
  request->own_headers = NULL;
}

void tavus_http_slot_unload(tavus_http_slot *slot, CURLcode code) {
  tavus_http_request *request = slot->request;
  const char *message = NULL;
  long status = 0;
  slot->request = NULL;
  request->slot = NULL;
  request->code = code;
  curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
  request->status = status;
  if (!slot->prereq_works) {
    long bytes = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &bytes);
    request->sent = bytes > 0 ? 1 : 0;
  }
  if (tavus_http_stream_end(request))
    message = "the server ended the connection before it looked at the request";
  request->ended = tavus_http_now();
  request->outcome = judge(request, &message);
  if (request->outcome != TAVUS_HTTP_ANSWER) {
    if (message == NULL)
      message = slot->error[0] != '\0' ? slot->error : curl_easy_strerror(code);
    (void)tavus_http_bytes_text(&request->message, message);
  }
  redact(request);
  forget_sent(request);
  request->state = TAVUS_HTTP_DONE;
}

void tavus_http_request_end(tavus_http_request *request,
                            tavus_http_outcome outcome, const char *message) {
  (void)tavus_http_stream_end(request);
  request->outcome = outcome;
  request->ended = tavus_http_now();
  request->state = TAVUS_HTTP_DONE;
  (void)tavus_http_bytes_text(&request->message, message);
  forget_sent(request);
  tavus_http_bytes_free(&request->answer_body);
}

const char *tavus_http_outcome_name(tavus_http_outcome outcome) {
  static const char *const names[] = {
      [TAVUS_HTTP_PENDING] = "pending",     [TAVUS_HTTP_ANSWER] = "answer",
      [TAVUS_HTTP_NOT_SENT] = "not_sent",   [TAVUS_HTTP_LOST] = "lost",
      [TAVUS_HTTP_TIMEOUT] = "timeout",     [TAVUS_HTTP_TOO_LARGE] = "too_large",
      [TAVUS_HTTP_GARBLED] = "garbled",     [TAVUS_HTTP_CERTIFICATE] = "certificate",
      [TAVUS_HTTP_CANCELLED] = "cancelled"};
  return names[outcome];
}

const char *tavus_http_code_name(CURLcode code) {
  static const struct {
    CURLcode code;
    const char *name;
  } names[] = {
#define NAME(x) {x, #x}
      NAME(CURLE_OK),
      NAME(CURLE_UNSUPPORTED_PROTOCOL),
      NAME(CURLE_FAILED_INIT),
      NAME(CURLE_URL_MALFORMAT),
      NAME(CURLE_COULDNT_RESOLVE_PROXY),
      NAME(CURLE_COULDNT_RESOLVE_HOST),
      NAME(CURLE_COULDNT_CONNECT),
      NAME(CURLE_WEIRD_SERVER_REPLY),
      NAME(CURLE_HTTP2),
      NAME(CURLE_PARTIAL_FILE),
      NAME(CURLE_WRITE_ERROR),
      NAME(CURLE_OUT_OF_MEMORY),
      NAME(CURLE_OPERATION_TIMEDOUT),
      NAME(CURLE_SSL_CONNECT_ERROR),
      NAME(CURLE_ABORTED_BY_CALLBACK),
      NAME(CURLE_INTERFACE_FAILED),
      NAME(CURLE_GOT_NOTHING),
      NAME(CURLE_SEND_ERROR),
      NAME(CURLE_RECV_ERROR),
      NAME(CURLE_SSL_CERTPROBLEM),
      NAME(CURLE_SSL_CIPHER),
      NAME(CURLE_PEER_FAILED_VERIFICATION),
      NAME(CURLE_BAD_CONTENT_ENCODING),
      NAME(CURLE_SSL_CACERT_BADFILE),
      NAME(CURLE_SSL_SHUTDOWN_FAILED),
      NAME(CURLE_SSL_CRL_BADFILE),
      NAME(CURLE_SSL_ISSUER_ERROR),
      NAME(CURLE_SSL_PINNEDPUBKEYNOTMATCH),
      NAME(CURLE_SSL_INVALIDCERTSTATUS),
      NAME(CURLE_HTTP2_STREAM),
      NAME(CURLE_PROXY),
      NAME(CURLE_BAD_FUNCTION_ARGUMENT),
      NAME(CURLE_SEND_FAIL_REWIND),
      NAME(CURLE_SSL_ENGINE_INITFAILED),
      NAME(CURLE_NO_CONNECTION_AVAILABLE),
      NAME(CURLE_HTTP_RETURNED_ERROR),
#undef NAME
  };
  size_t i;
  for (i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].code == code) return names[i].name;
  return "CURLE_?";
}
