/* stream.c - see stream.h. */
#include "stream.h"

#include "watch.h"

#define LONGEST_LINE 127

/* --- the connection of a stream --- */

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  while (length-- > 0) hash = (hash ^ *at++) * UINT64_C(1099511628211);
  return hash;
}

void tavus_http_stream_begin(tavus_http_request *request, const char *remote,
                             int remote_port, const char *local, int local_port) {
  uint64_t hash = UINT64_C(14695981039346656037);
  hash = mix(hash, remote, strlen(remote) + 1);
  hash = mix(hash, &remote_port, sizeof remote_port);
  hash = mix(hash, local, strlen(local) + 1);
  request->connection = mix(hash, &local_port, sizeof local_port);
}

bool tavus_http_stream_end(tavus_http_request *request) {
  /* A server that answers has processed the stream. */
  bool refused = request->refused && request->header_bytes == 0;
  if (refused) request->sent--;
  request->stream = 0;
  request->refused = false;
  return refused;
}

/* --- the log of libcurl --- */

/* Returns what follows `words` at the beginning of the text, or NULL. */
static const char *after(const char *text, const char *words) {
  size_t length = strlen(words);
  return strncmp(text, words, length) == 0 ? text + length : NULL;
}

/* Reads the id of a stream. Returns what follows it, or NULL when there is none. */
static const char *read_id(const char *text, unsigned long *id) {
  char *end;
  if (text == NULL || *text < '0' || *text > '9') return NULL;
  *id = strtoul(text, &end, 10);
  return end;
}

/* Returns the stream in "Using Stream ID: 5 (easy ..." (before 8.2) or "[HTTP/2] [5]
** OPENED stream for ...", or 0. */
static unsigned long opened(const char *text) {
  unsigned long id = 0;
  const char *rest = read_id(after(text, "Using Stream ID: "), &id);
  if (rest != NULL) return id;
  rest = read_id(after(text, "[HTTP/2] ["), &id);
  return rest != NULL && after(rest, "] OPENED stream") != NULL ? id : 0;
}

/* Reads "received GOAWAY, error=0, last_stream=39", which is misspelt before 8.0. */
static bool sent_away(const char *text, unsigned long *last) {
  unsigned long error;
  const char *rest = after(text, "received GOAWAY, error=");
  if (rest == NULL) rest = after(text, "recveived GOAWAY, error=");
  rest = read_id(rest, &error);
  return rest != NULL && read_id(after(rest, ", last_stream="), last) != NULL;
}

/* Marks the streams after the last one that the server names as refused: it has not
** processed them (RFC 9113, 6.8). */
static void refuse_behind(const tavus_http_slot *hearer, unsigned long last) {
  tavus_http_request *request = hearer->loop->active.first;
  for (; request != NULL; request = request->next)
    if (request->connection == hearer->request->connection && request->stream > last)
      request->refused = true;
}

static int on_log(CURL *easy, curl_infotype kind, char *data, size_t size,
                  void *context) {
  tavus_http_slot *slot = context;
  tavus_http_request *request = slot->request;
  char text[LONGEST_LINE + 1];
  unsigned long id;
  (void)easy;
  if (kind != CURLINFO_TEXT || size == 0 || request == NULL ||
      strchr("U[rRC", data[0]) == NULL)
    return 0;
  if (size > LONGEST_LINE) size = LONGEST_LINE;
  memcpy(text, data, size);
  text[size] = '\0';
  if ((id = opened(text)) != 0) {
    request->stream = id;
  } else if (request->stream != 0 && sent_away(text, &id)) {
    refuse_behind(slot, id);
  } else if (after(text, "REFUSED_STREAM, retrying") != NULL) {
    /* libcurl repeats the line later, when a connection of the handle dies. */
    request->refused = request->refused || !slot->resent;
  } else if (after(text, "Connection died, retrying") != NULL) {
    slot->resent = true;
    request->stream = 0; /* the log goes on with other connections */
  }
  return 0;
}

bool tavus_http_stream_listen(tavus_http_slot *slot) {
  CURL *easy = slot->easy;
  return curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_log) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_DEBUGDATA, slot) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK;
}
