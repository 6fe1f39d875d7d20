/* outcome.c - see outcome.h. */
#include "outcome.h"

#include "clock.h"
#include "descriptor.h"
#include "stream.h"

static bool is_certificate_fault(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return true;
    default: return false;
  }
}

#define TOO_LARGE_CODE 100 /* CURLE_TOO_LARGE, since 8.6 */
#define HEADERS_TOO_LARGE                                                                \
  "the answer's headers are larger than " TAVUS_DIGITS(TAVUS_HTTP_HEADERS_KIB) " KiB"

/* May more descriptors than that of the connection have been needed: for a name look-up,
** or for certificates? */
static bool needs_files(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
         code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT ||
         is_certificate_fault(code);
}

/* Returns what ran out so that the request was not sent: as tavus_http_shortage, or
** "threads". */
static const char *find_shortage(CURLcode code, const char *error, int socket_error) {
  const char *shortage = tavus_http_shortage(socket_error);
  if (shortage == NULL && needs_files(code)) shortage = tavus_http_probe_shortage();
  if (shortage == NULL && strstr(error, "thread failed to start") != NULL)
    shortage = "threads";
  if (shortage == NULL && code == CURLE_OUT_OF_MEMORY) shortage = "memory";
  return shortage;
}

/* Returns the outcome. Sets *message when libcurl's message would not explain it. */
static tavus_http_outcome judge(const tavus_http_request *request, const char *error,
                                const char **message) {
  CURLcode code = request->code;
  if (request->too_large) {
    *message =
        request->headers_too_large
            ? HEADERS_TOO_LARGE
            : "the answer is larger than " TAVUS_DIGITS(TAVUS_HTTP_BODY_MIB) " MiB";
    return TAVUS_HTTP_TOO_LARGE;
  }
  if (request->out_of_memory) {
    *message = TAVUS_NO_MEMORY;
    return request->sent > 0 ? TAVUS_HTTP_LOST : TAVUS_HTTP_NOT_SENT;
  }
  if (request->repeat_refused) {
    *message = "the connection died before an answer came, and sending the "
               "request again could do it twice";
    return TAVUS_HTTP_LOST;
  }
  if (code == CURLE_OK) {
    if (request->headers_complete && request->status >= 200) return TAVUS_HTTP_ANSWER;
    *message = request->headers_complete ? "the server changed to another protocol"
                                         : "the answer was cut inside its headers";
    return TAVUS_HTTP_LOST;
  }
  if (request->sent == 0)
    return is_certificate_fault(code) ? TAVUS_HTTP_CERTIFICATE : TAVUS_HTTP_NOT_SENT;
  if (code == CURLE_OPERATION_TIMEDOUT) return TAVUS_HTTP_TIMEOUT;
  if (code == CURLE_BAD_CONTENT_ENCODING) return TAVUS_HTTP_GARBLED;
  if (code == CURLE_WRITE_ERROR) { /* not by our callbacks, see above */
    *message = "bytes follow the compressed ones";
    return TAVUS_HTTP_GARBLED;
  }
  if (!request->headers_complete && request->header_bytes > 0 &&
      (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE_CODE)) {
    /* How libcurl reports that a header line is longer than its own limit. */
    *message = HEADERS_TOO_LARGE;
    return TAVUS_HTTP_TOO_LARGE;
  }
  if (strcmp(error, "Out of memory in chunked-encoding") == 0) {
    *message = "the answer has a trailer that is too long for libcurl";
    return TAVUS_HTTP_TOO_LARGE;
  }
  return TAVUS_HTTP_LOST;
}

/* Redacts the key in headers and message, and in the body unless it is a success. */
static void redact(tavus_http_request *request) {
  tavus_http_session *session = request->session;
  bool success = request->outcome == TAVUS_HTTP_ANSWER && request->status >= 200 &&
                 request->status < 300;
  (void)tavus_http_session_redact(session, &request->answer_headers);
  (void)tavus_http_session_redact(session, &request->message);
  if (!success) (void)tavus_http_session_redact(session, &request->answer_body);
}

/* Ends the request with its outcome, and frees what is needed only to send it. */
static void finish(tavus_http_request *request, tavus_http_outcome outcome,
                   const char *message) {
  request->outcome = outcome;
  request->ended = tavus_http_now();
  request->state = TAVUS_HTTP_DONE;
  if (outcome != TAVUS_HTTP_ANSWER)
    (void)tavus_http_bytes_text(&request->message, message);
  tavus_http_bytes_free(&request->body);
  tavus_http_headers_free(request->own_headers);
  request->own_headers = NULL;
}

void tavus_http_request_judge(tavus_http_request *request, CURLcode code,
                              const char *error, int socket_error) {
  const char *message = NULL;
  request->code = code;
  if (tavus_http_stream_end(request))
    message = "the server ended the connection before it looked at the request";
  tavus_http_outcome outcome = judge(request, error, &message);
  if (outcome == TAVUS_HTTP_NOT_SENT || outcome == TAVUS_HTTP_CERTIFICATE)
    request->shortage = find_shortage(code, error, socket_error);
  /* Without descriptors no certificate can be read. */
  if (request->shortage != NULL) outcome = TAVUS_HTTP_NOT_SENT;
  if (message == NULL) message = error[0] != '\0' ? error : curl_easy_strerror(code);
  finish(request, outcome, message);
  redact(request);
}

void tavus_http_request_end(tavus_http_request *request, tavus_http_outcome outcome,
                            const char *message) {
  (void)tavus_http_stream_end(request);
  finish(request, outcome, message);
  tavus_http_bytes_free(&request->answer_body);
}

/* --- names --- */

static const char *const outcome_names[] = {
  [TAVUS_HTTP_PENDING] = "pending",    [TAVUS_HTTP_ANSWER] = "answer",
  [TAVUS_HTTP_NOT_SENT] = "not_sent",  [TAVUS_HTTP_LOST] = "lost",
  [TAVUS_HTTP_TIMEOUT] = "timeout",    [TAVUS_HTTP_TOO_LARGE] = "too_large",
  [TAVUS_HTTP_GARBLED] = "garbled",    [TAVUS_HTTP_CERTIFICATE] = "certificate",
  [TAVUS_HTTP_CANCELLED] = "cancelled"
};

const char *tavus_http_outcome_name(tavus_http_outcome outcome) {
  return outcome_names[outcome];
}

tavus_http_outcome tavus_http_outcome_named(const char *name) {
  for (size_t i = 0; i < sizeof outcome_names / sizeof *outcome_names; i++)
    if (strcmp(outcome_names[i], name) == 0) return (tavus_http_outcome)i;
  return TAVUS_HTTP_PENDING;
}

const char *tavus_http_code_name(CURLcode code) {
  static const struct {
    CURLcode code;
    const char *name;
  } names[] = {
#define NAME(x) { x, #x }
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
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].code == code) return names[i].name;
  return "CURLE_?";
}
