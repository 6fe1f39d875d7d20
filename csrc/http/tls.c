/* tls.c - see tls.h. */
#include "tls.h"

#include <dirent.h>

/* Copies a text that may be NULL. Returns false when memory runs out. */
static bool copy(char **out, const char *text) {
  if (text != NULL) *out = tavus_http_copy(text, strlen(text));
  return text == NULL || *out != NULL;
}

tavus_http_transport *tavus_http_transport_new(const tavus_http_base *base,
                                               const char *ca_file, const char *ca_folder,
                                               const char *proxy, long connect_ms) {
  tavus_http_transport *transport = calloc(1, sizeof *transport);
  if (transport == NULL) return NULL;
  transport->references = 1;
  transport->https = base->https;
  transport->loopback = base->loopback;
  transport->connect_ms = connect_ms;
  if (!copy(&transport->ca_file, ca_file) || !copy(&transport->ca_folder, ca_folder) ||
      !copy(&transport->proxy, proxy)) {
    tavus_http_transport_drop(transport);
    return NULL;
  }
  return transport;
}

void tavus_http_transport_keep(tavus_http_transport *transport) {
  transport->references++;
}

void tavus_http_transport_drop(tavus_http_transport *transport) {
  if (transport == NULL || --transport->references > 0) return;
  free(transport->ca_file);
  free(transport->ca_folder);
  tavus_http_free_text(transport->proxy); /* may hold a password */
  free(transport);
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool tavus_http_transport_equal(const tavus_http_transport *a,
                                const tavus_http_transport *b) {
  if (a == b) return true;
  return a->https == b->https && a->loopback == b->loopback &&
         a->connect_ms == b->connect_ms && same_text(a->ca_file, b->ca_file) &&
         same_text(a->ca_folder, b->ca_folder) && same_text(a->proxy, b->proxy);
}

/* Is it a name by which OpenSSL finds certificates in a folder, like 5ad8a5d6.0? */
static bool is_hashed_name(const char *name) {
  for (size_t i = 0; i < 8; i++)
    if (name[i] == '\0' || strchr("0123456789abcdef", name[i]) == NULL) return false;
  return name[8] == '.' && name[9] >= '0' && name[9] <= '9' && name[10] == '\0';
}

static bool is_hashed_folder(const char *path) {
  DIR *folder = opendir(path);
  struct dirent *entry;
  bool found = false;
  if (folder == NULL) return false;
  while (!found && (entry = readdir(folder)) != NULL)
    found = is_hashed_name(entry->d_name);
  closedir(folder);
  return found;
}

#define TRY(call)                                                                        \
  do {                                                                                   \
    if ((call) != CURLE_OK) return false;                                                \
  } while (0)

/* Chooses between the default bundle and folder of libcurl. With both, each new
** connection parses the whole bundle (15 ms). The folder alone gives the same trust and
** costs one certificate; the bundle alone is parsed once. */
static tavus_http_trust find_trust(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075400 /* 7.84 returns the defaults of the build */
  char *bundle = NULL, *folder = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_CAINFO, &bundle) == CURLE_OK &&
      curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder) == CURLE_OK && bundle != NULL &&
      folder != NULL)
    return is_hashed_folder(folder) ? TAVUS_HTTP_TRUST_FOLDER : TAVUS_HTTP_TRUST_BUNDLE;
#else
  (void)easy, (void)is_hashed_folder;
#endif
  return TAVUS_HTTP_TRUST_DEFAULT;
}

static bool choose_certificates(CURL *easy, tavus_http_transport *transport) {
  const char *ca_file = transport->ca_file, *ca_folder = transport->ca_folder;
  if (ca_file != NULL || ca_folder != NULL) {
    TRY(curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file));
    TRY(curl_easy_setopt(easy, CURLOPT_CAPATH, ca_folder));
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, ca_file);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, ca_folder);
    return true;
  }
  /* Reading the folder takes as long as the rest of the set-up, so it is done once. */
  if (transport->trust == TAVUS_HTTP_TRUST_UNKNOWN) transport->trust = find_trust(easy);
  if (transport->trust == TAVUS_HTTP_TRUST_FOLDER) {
    TRY(curl_easy_setopt(easy, CURLOPT_CAINFO, NULL));
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
  } else if (transport->trust == TAVUS_HTTP_TRUST_BUNDLE) {
    TRY(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
  }
  return true;
}

static bool choose_protocols(CURL *easy, bool https) {
#if LIBCURL_VERSION_NUM >= 0x075500
  TRY(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, https ? "https" : "http"));
#else
  TRY(curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                       https ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP));
#endif
  TRY(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
  return true;
}

bool tavus_http_transport_apply(CURL *easy, tavus_http_transport *transport) {
  if (!choose_protocols(easy, transport->https)) return false;
  if (transport->https) {
    if (!choose_certificates(easy, transport)) return false;
    TRY(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    TRY(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
    TRY(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L));
    /* A libcurl without HTTP/2 refuses these two; it does not need them. */
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  } else {
    /* Waiting for HTTP/2 would queue all requests behind the first answer. */
    TRY(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
  }
  if (transport->proxy != NULL) {
    TRY(curl_easy_setopt(easy, CURLOPT_PROXY, transport->proxy));
    TRY(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""));
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  } else if (transport->loopback) {
    TRY(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
  } else {
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  }
  TRY(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, transport->connect_ms));
  /* The timer for a second address also fires on old connections, and libcurl serves all
  ** handles that are due in one call. Slightly different times spread them. */
  (void)curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS,
                         200L + 20L * (long)(transport->handles++ % 8));
  return true;
}
