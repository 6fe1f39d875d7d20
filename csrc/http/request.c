/* request.c - see request.h. */
#include "request.h"

tavus_http_request *tavus_http_request_new(tavus_http_session *session,
                                           const char *method, const char *target,
                                           size_t length) {
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
      !tavus_http_bytes_add(&request->url, session->base.text, session->base.length) ||
      !tavus_http_bytes_add(&request->url, target, length)) {
    (void)tavus_http_request_drop(request);
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

/* Makes sure that the request has headers of its own. Returns false when memory runs
** out. */
static bool own_headers(tavus_http_request *request) {
  const tavus_http_session *session = request->session;
  return request->own_headers != NULL ||
         tavus_http_headers_copy(&request->own_headers, request->has_body
                                                            ? session->body_headers
                                                            : session->headers);
}

bool tavus_http_request_header(tavus_http_request *request, const char *name,
                               const char *value) {
  return own_headers(request) &&
         tavus_http_header_set(&request->own_headers, name, value);
}

bool tavus_http_request_without_key(tavus_http_request *request) {
  static const char name[] = "x-api-key:";
  if (!own_headers(request)) return false;
  for (struct curl_slist *item = request->own_headers; item != NULL; item = item->next)
    if (strncmp(item->data, name, sizeof name - 1) == 0)
      tavus_http_wipe(item->data + sizeof name - 1, strlen(item->data + sizeof name - 1));
  return true;
}

bool tavus_http_request_correct_headers(tavus_http_request *request) {
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

bool tavus_http_request_drop(tavus_http_request *request) {
  if (request == NULL || --request->references > 0) return false;
  tavus_http_bytes_free(&request->url);
  tavus_http_bytes_free(&request->body);
  tavus_http_headers_free(request->own_headers);
  tavus_http_bytes_free(&request->answer_headers);
  tavus_http_bytes_free(&request->answer_body);
  tavus_http_bytes_free(&request->message);
  tavus_http_session_leave(request->session);
  free(request);
  return true;
}
