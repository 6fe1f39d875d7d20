/* address.c - fuzzes what is put into a URL and into headers, and what comes out
** of an answer's: csrc/http/url.c, proxy.c, headers.c. What they accept is
** compared with what libcurl reads. */
#include "../../csrc/http/headers.h"
#include "../../csrc/http/proxy.h"
#include "fuzz.h"

static bool is_plain(char c) {
  return c != '\0' && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%", c) != NULL;
}

/* An encoded id is one segment that libcurl decodes to the id again. */
static void check_segment(const char *text, size_t length) {
  if (tavus_http_url_segment_fault(text, length) != NULL) return;
  tavus_http_bytes encoded = {NULL, 0, 0};
  REQUIRE(tavus_http_url_encode(&encoded, text, length));
  for (size_t i = 0; i < encoded.length; i++) REQUIRE(is_plain(encoded.data[i]));
  bool same = encoded.length == length && memcmp(encoded.data, text, length) == 0;
  REQUIRE(tavus_http_url_is_plain(text, length) == same);
  int size;
  char *again = curl_easy_unescape(NULL, encoded.data, (int)encoded.length, &size);
  REQUIRE(again != NULL && (size_t)size == length && memcmp(again, text, length) == 0);
  curl_free(again);
  tavus_http_bytes_free(&encoded);
}

/* The part of a URL that libcurl would use; "" where it has none. */
static void require_part(const char *url, CURLUPart which, const char *expected) {
  CURLU *read = curl_url();
  char *part = NULL;
  REQUIRE(read != NULL);
  REQUIRE(curl_url_set(read, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK);
  (void)curl_url_get(read, which, &part, 0);
  REQUIRE(strcmp(part != NULL ? part : "", expected) == 0);
  curl_free(part);
  curl_url_cleanup(read);
}

/* A path neither changes the server nor loses a byte. */
static void check_path(const char *text, size_t length) {
  if (tavus_http_url_path_fault(text, length) != NULL) return;
  char *url = malloc(length + 32);
  REQUIRE(url != NULL);
  (void)snprintf(url, length + 32, "https://example.com%s", text);
  require_part(url, CURLUPART_HOST, "example.com");
  require_part(url, CURLUPART_USER, "");
  char *path = fuzz_text((const uint8_t *)text, length);
  path[strcspn(path, "?")] = '\0';
  require_part(url, CURLUPART_PATH, path);
  free(path);
  free(url);
}

/* A base URL that was accepted reads as itself, and a path behind it leaves its
** host. */
static void check_base(const char *text, size_t length, bool allow_http) {
  tavus_http_base base, again;
  const char *fault = tavus_http_base_read(&base, text, length, allow_http);
  if (fault != NULL) {
    REQUIRE(base.text == NULL);
    return;
  }
  REQUIRE(base.origin <= base.length && strlen(base.text) == base.length);
  REQUIRE(base.text[base.length - 1] != '/');
  REQUIRE(base.https || base.loopback || allow_http);
  REQUIRE(tavus_http_base_read(&again, base.text, base.length, allow_http) == NULL);
  REQUIRE(again.length == base.length && memcmp(again.text, base.text, base.length) == 0);
  REQUIRE(again.origin == base.origin && again.https == base.https && again.loopback == base.loopback);
  const char *name;
  (void)tavus_http_proxy_environment_fault(&base, &name);
  tavus_http_base_free(&again);
  tavus_http_base_free(&base);
}

/* The proxy of the environment: `text` is its address, and the list of hosts
** without one. */
static void check_environment(const char *text) {
  tavus_http_base base;
  const char *name;
  REQUIRE(tavus_http_base_read(&base, "https://api.example.com:8443/x", 30, false) == NULL);
  setenv("https_proxy", text, 1);
  const char *fault = tavus_http_proxy_environment_fault(&base, &name);
  REQUIRE(*text == '\0' || fault == tavus_http_proxy_fault(text, strlen(text)));
  setenv("https_proxy", "http:// ", 1);
  setenv("no_proxy", text, 1);
  (void)tavus_http_proxy_environment_fault(&base, &name);
  unsetenv("https_proxy");
  unsetenv("no_proxy");
  tavus_http_base_free(&base);
}

static void check_proxy(const char *text, size_t length) {
  if (length == 0 || tavus_http_proxy_fault(text, length) != NULL) return;
  CURLU *url = curl_url();
  char *host = NULL;
  REQUIRE(url != NULL);
  REQUIRE(curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK);
  REQUIRE(curl_url_get(url, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK && *host != '\0');
  curl_free(host);
  curl_url_cleanup(url);
}

/* The input up to its first line break is a name, what follows is a value. */
static void check_header(const char *text, size_t length) {
  size_t name_length = strcspn(text, "\n");
  char *name = fuzz_text((const uint8_t *)text, name_length);
  const char *value = text + name_length + (name_length < length);
  size_t value_length = (size_t)(text + length - value);
  if (tavus_http_header_fault(name, name_length, value, value_length) == NULL) {
    struct curl_slist *list = NULL, *copy = NULL;
    REQUIRE(tavus_http_header_set(&list, "x-other", "1"));
    REQUIRE(tavus_http_header_set(&list, name, "before"));
    REQUIRE(tavus_http_header_set(&list, name, value));
    REQUIRE(tavus_http_header_suppress(&list, "accept"));
    REQUIRE(tavus_http_headers_copy(&copy, list));
    size_t count = 0;
    for (struct curl_slist *item = copy; item != NULL; item = item->next) {
      if (strncasecmp(item->data, name, name_length) == 0 && item->data[name_length] == ':') count++;
      REQUIRE(strpbrk(item->data, "\r\n") == NULL);
    }
    REQUIRE(count <= 1);
    (void)tavus_http_headers_fault(copy);
    tavus_http_headers_free(copy);
    tavus_http_headers_free(list);
  }
  free(name);
}

/* Lines of an answer become pairs of a name without capitals and a value. */
static void check_answer(const char *text, size_t length) {
  tavus_http_bytes block = {NULL, 0, 0};
  for (const char *at = text, *end = text + length; at < end;) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t size = stop != NULL ? (size_t)(stop + 1 - at) : (size_t)(end - at);
    char *line = malloc(size); /* libcurl's lines end without a NUL */
    REQUIRE(line != NULL);
    memcpy(line, at, size);
    REQUIRE(tavus_http_headers_keep(&block, line, size));
    free(line);
    at += size;
  }
  for (size_t at = 0; at < block.length;) {
    for (const char *c = block.data + at; *c != '\0'; c++) REQUIRE((*c < 'A' || *c > 'Z') && *c != ':');
    REQUIRE(block.data[at] != '\0');
    at += strlen(block.data + at) + 1;
    REQUIRE(at < block.length);
    at += strlen(block.data + at) + 1;
    REQUIRE(at <= block.length);
  }
  tavus_http_bytes_free(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = fuzz_text(data, size);
  check_segment(text, size);
  check_path(text, size);
  check_base(text, size, size % 2 == 0);
  check_proxy(text, size);
  check_environment(text);
  check_header(text, size);
  check_answer(text, size);
  free(text);
  return 0;
}
