/* session.c - see session.h. */
#include "session.h"

#include "../contract/contract.h"
#include "../secret/redact.h"

const char *tavus_http_key_fault(const char *key, size_t length) {
  if (length == 0) return "the API key is empty";
  if (length > 1024) return "the API key is too long";
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)key[i];
    if (c <= 0x20 || c >= 0x7f)
      return "the API key holds a space, a line break or another character "
             "that no key has";
  }
  return NULL;
}

static bool can_inflate(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return (info->features & CURL_VERSION_LIBZ) != 0;
}

/* Adds the "user:password" of a proxy's address. */
static void add_login(tavus_secrets *known, const char *address) {
  const char *scheme = strstr(address, "://"), *at = strrchr(address, '@');
  const char *login = scheme != NULL ? scheme + 3 : address;
  if (at == NULL || at < login) return;
  size_t length = (size_t)(at - login);
  char *copy = tavus_http_copy(login, length);
  if (copy == NULL) {
    known->failed = true;
    return;
  }
  tavus_secrets_add_login(known, copy,
                          tavus_plain_decode(copy, length, NULL, TAVUS_PERCENT));
  tavus_wipe(copy, length);
  free(copy);
}

/* Notes what answers and messages must not show. */
static bool note_secrets(tavus_http_session *session, const char *key) {
  static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
                                       "all_proxy", "ALL_PROXY" };
  const char *proxy = session->transport->proxy;
  tavus_secrets_add_whole(&session->known, key, strlen(key));
  if (proxy != NULL) add_login(&session->known, proxy);
  for (size_t i = 0; proxy == NULL && i < sizeof names / sizeof *names; i++)
    if (getenv(names[i]) != NULL) add_login(&session->known, getenv(names[i]));
  return !session->known.failed;
}

tavus_http_session *tavus_http_session_new(tavus_http_base *base,
                                           tavus_http_transport *transport,
                                           const char *key, const char *user_agent) {
  tavus_http_session *session = calloc(1, sizeof *session);
  if (session == NULL) return NULL;
  session->owned = true;
  session->line.connections = TAVUS_HTTP_CONNECTIONS;
  session->key = tavus_http_copy(key, strlen(key));
  if (session->key == NULL ||
      !tavus_http_header_set(&session->headers, "x-api-key", key) ||
      !tavus_http_header_set(&session->headers, "Accept", "application/json") ||
      !tavus_http_header_set(&session->headers, "User-Agent", user_agent) ||
      (can_inflate() && !tavus_http_header_set(&session->headers, "Accept-Encoding",
                                               TAVUS_HTTP_ENCODING)) ||
      !tavus_http_headers_copy(&session->body_headers, session->headers) ||
      !tavus_http_header_set(&session->body_headers, "Content-Type", "application/json"))
    goto failed;
  session->transport = transport;
  if (!note_secrets(session, key)) goto failed;
  session->base = *base;
  memset(base, 0, sizeof *base);
  return session;
failed:
  session->transport = NULL; /* still the caller's */
  tavus_http_session_drop(session);
  return NULL;
}

bool tavus_http_session_header(tavus_http_session *session, const char *name,
                               const char *value) {
  if (tavus_is_secret_name(name, strlen(name)))
    tavus_secrets_add(&session->known, value, strlen(value));
  return !session->known.failed &&
         tavus_http_header_set(&session->headers, name, value) &&
         tavus_http_header_set(&session->body_headers, name, value);
}

static void wipe_secrets(tavus_http_session *session) {
  tavus_http_free_text(session->key);
  tavus_secrets_free(&session->known);
  tavus_http_headers_free(session->headers);
  tavus_http_headers_free(session->body_headers);
  session->key = NULL;
  session->headers = session->body_headers = NULL;
}

void tavus_http_session_close(tavus_http_session *session) {
  session->closed = true;
  /* Submitted requests still point to the lists; the last one overwrites them. */
  if (session->requests == 0) wipe_secrets(session);
}

static void free_unused(tavus_http_session *session) {
  if (session->owned || session->requests > 0) return;
  tavus_http_base_free(&session->base);
  tavus_http_transport_drop(session->transport);
  free(session);
}

void tavus_http_session_drop(tavus_http_session *session) {
  if (session == NULL) return;
  tavus_http_session_close(session);
  session->owned = false;
  free_unused(session);
}

void tavus_http_session_enter(tavus_http_session *session) { session->requests++; }

void tavus_http_session_leave(tavus_http_session *session) {
  if (session == NULL) return;
  session->requests--;
  if (session->closed && session->requests == 0) wipe_secrets(session);
  free_unused(session);
}

bool tavus_http_session_redact(tavus_http_session *session, tavus_http_bytes *text) {
  tavus_redaction work = { .text = text->data,
                           .length = text->length,
                           .known = &session->known,
                           .as_written = true };
  bool done = tavus_redact(&work);
  if (!done || work.out != NULL) tavus_http_bytes_free(text);
  if (done && work.out != NULL) {
    *text = (tavus_http_bytes){ work.out, work.out_length, work.out_capacity };
    work.out = NULL;
  }
  tavus_redaction_free(&work);
  return done;
}
