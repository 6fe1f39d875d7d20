/* url.c - see url.h. */
#include "url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#define LONGEST_URL 8000

static bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

bool tavus_http_url_is_plain(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!is_unreserved((unsigned char)text[i])) return false;
  return true;
}

bool tavus_http_url_encode(tavus_http_bytes *out, const char *text, size_t length) {
  static const char hex[] = "0123456789ABCDEF";
  size_t run = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    char escape[3];
    if (is_unreserved(c)) continue;
    if (!tavus_http_bytes_add(out, text + run, i - run)) return false;
    escape[0] = '%';
    escape[1] = hex[c >> 4];
    escape[2] = hex[c & 15];
    if (!tavus_http_bytes_add(out, escape, 3)) return false;
    run = i + 1;
  }
  return tavus_http_bytes_add(out, text + run, length - run);
}

static bool has_control(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == 0x7f) return true;
  }
  return false;
}

const char *tavus_http_url_segment_fault(const char *text, size_t length) {
  if (length == 0) return "an id may not be empty";
  if (has_control(text, length)) return "an id may not hold control characters";
  if ((length == 1 && text[0] == '.') ||
      (length == 2 && text[0] == '.' && text[1] == '.'))
    return "an id may not be \".\" or \"..\"";
  return NULL;
}

/* Is it "." or "..", percent-encoded or not? A server or proxy may resolve dot segments,
** and so change the request. */
static bool is_dot_segment(const char *text, size_t length) {
  size_t dots = 0, i = 0;
  while (i < length) {
    if (text[i] == '.') {
      i++;
    } else if (length - i >= 3 && text[i] == '%' && text[i + 1] == '2' &&
               (text[i + 2] == 'e' || text[i + 2] == 'E')) {
      i += 3;
    } else {
      return false;
    }
    dots++;
  }
  return dots == 1 || dots == 2;
}

const char *tavus_http_url_path_fault(const char *path, size_t length) {
  size_t start = 1;
  bool in_query = false;
  if (length == 0 || path[0] != '/') return "the path must begin with a slash";
  if (length > LONGEST_URL) return "the path is too long";
  for (size_t i = 1; i <= length; i++) {
    unsigned char c = i < length ? (unsigned char)path[i] : '/';
    if (c <= 0x20 || c >= 0x7f)
      return "the path may hold only printable ASCII (encode its parts with "
             "http.escape)";
    if (c == '#' || c == '\\') return "the path may not hold '#' or '\\'";
    if (in_query || (c != '/' && c != '?')) continue;
    if (is_dot_segment(path + start, i - start))
      return "the path may not hold dot segments";
    start = i + 1;
    in_query = c == '?';
  }
  return NULL;
}

static bool is_loopback(const char *host) {
  struct in_addr four;
  struct in6_addr six;
  char inner[64];
  size_t length = strlen(host);
  if (strcasecmp(host, "localhost") == 0) return true;
  if (inet_pton(AF_INET, host, &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  if (length < 3 || length >= sizeof inner || host[0] != '[') return false;
  memcpy(inner, host + 1, length - 2);
  inner[length - 2] = '\0';
  return inet_pton(AF_INET6, inner, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* libcurl has decoded the host: "%dd" is a byte that no name has, and a "%" would be
** decoded again. */
static bool is_host(const char *host) {
  for (const char *c = host; *c != '\0'; c++)
    if (*c <= 0x20 || *c >= 0x7f || *c == '%') return false;
  return true;
}

/* Gets a part of the URL, NULL if there is none. Returns false when memory runs out: a
** missing port would name another server. */
static bool part(CURLU *url, CURLUPart which, char **text) {
  return curl_url_get(url, which, text, 0) != CURLUE_OUT_OF_MEMORY;
}

/* Checks the parts of the URL and fills *base. Returns what is wrong, or NULL. */
static const char *compose(tavus_http_base *base, CURLU *url, bool allow_http) {
  const char *why = TAVUS_NO_MEMORY;
  char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *user = NULL;
  tavus_http_bytes text = { NULL, 0, 0 };
  if (!part(url, CURLUPART_SCHEME, &scheme) || !part(url, CURLUPART_HOST, &host) ||
      !part(url, CURLUPART_PORT, &port) || !part(url, CURLUPART_PATH, &path) ||
      !part(url, CURLUPART_USER, &user))
    goto done;
  if (scheme == NULL || host == NULL || path == NULL) {
    why = "base_url is not a URL: https://host expected";
    goto done;
  }
  if (user != NULL) {
    why = "base_url may not hold a user name or password";
    goto done;
  }
  if (!is_host(host)) {
    why = "the host of base_url may hold only printable ASCII";
    goto done;
  }
  base->https = strcmp(scheme, "https") == 0;
  base->loopback = is_loopback(host);
  if (!base->https && strcmp(scheme, "http") != 0) {
    why = "base_url must be an https URL";
    goto done;
  }
  if (!base->https && !base->loopback && !allow_http) {
    why = "base_url is plain http, which would show the key to anyone on the "
          "way: use https, or set allow_http";
    goto done;
  }
  size_t length = strlen(path);
  while (length > 0 && path[length - 1] == '/') length--;
  if (length >= 3 && memcmp(path + length - 3, "/v2", 3) == 0) {
    why = "base_url goes without /v2: every path begins with it";
    goto done;
  }
  if (!tavus_http_bytes_text(&text, scheme) || !tavus_http_bytes_text(&text, "://") ||
      !tavus_http_bytes_text(&text, host))
    goto done;
  if (port != NULL &&
      (!tavus_http_bytes_text(&text, ":") || !tavus_http_bytes_text(&text, port)))
    goto done;
  base->origin = text.length;
  if (length > 0) {
    const char *fault = tavus_http_url_path_fault(path, length);
    if (fault != NULL) {
      why = "the path of base_url may hold only printable ASCII, and no dot "
            "segments";
      goto done;
    }
    if (!tavus_http_bytes_add(&text, path, length)) goto done;
  }
  base->text = text.data;
  base->length = text.length;
  text.data = NULL;
  why = NULL;
done:
  tavus_http_bytes_free(&text);
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  curl_free(path);
  curl_free(user);
  return why;
}

const char *tavus_http_base_read(tavus_http_base *base, const char *text, size_t length,
                                 bool allow_http) {
  const char *why;
  bool in_brackets = false;
  memset(base, 0, sizeof *base);
  if (length == 0) return "base_url may not be empty";
  if (length > LONGEST_URL / 4) return "base_url is too long";
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c <= 0x20 || c >= 0x7f || c == '\\')
      return "base_url may hold only printable ASCII";
    if (c == '?' || c == '#') return "base_url may not hold a query or fragment";
    if (c == '[') in_brackets = true;
    if (c == ']' || c == '/') in_brackets = false;
    if (c == '%' && in_brackets) return "base_url may not hold an IPv6 zone";
  }
  CURLU *url = curl_url();
  if (url == NULL) return TAVUS_NO_MEMORY;
  CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
  if (code == CURLUE_UNSUPPORTED_SCHEME)
    why = "base_url must be an https URL";
  else if (code == CURLUE_OUT_OF_MEMORY)
    why = TAVUS_NO_MEMORY;
  else if (code != CURLUE_OK)
    why = "base_url is not a URL: https://host expected";
  else
    why = compose(base, url, allow_http);
  curl_url_cleanup(url);
  return why;
}

void tavus_http_base_free(tavus_http_base *base) {
  free(base->text);
  memset(base, 0, sizeof *base);
}
