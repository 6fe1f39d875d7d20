/* proxy.c - see proxy.h. */
#include "proxy.h"

#include <arpa/inet.h>
#include <strings.h>

#define LONGEST_PROXY 2000
#define NOT_A_URL "is not a URL: http://host:port expected"
#define SOCKS "socks4://, socks4a://, socks5:// or socks5h://"

static bool has_https_proxy(void) {
  return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTPS_PROXY) != 0;
}

static const char *scheme_fault(const char *scheme) {
  static const char *const names[] = { "http",    "socks",  "socks4",
                                       "socks4a", "socks5", "socks5h" };
  bool https = has_https_proxy();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(scheme, names[i]) == 0) return NULL;
  if (strcasecmp(scheme, "https") == 0)
    return https ? NULL
                 : "is an https:// one, and this libcurl was built without such "
                   "proxies: use http://, " SOCKS;
  return https ? "has a scheme that is not supported: use http://, https://, " SOCKS
               : "has a scheme that is not supported: use http://, " SOCKS;
}

/* Checks the parts that libcurl reads when it connects. */
static const char *parts_fault(CURLU *url) {
  char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL, *password = NULL;
  const char *why = NULL;
  CURLUcode code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
  if (code == CURLUE_OK) why = scheme_fault(scheme);
  if (code == CURLUE_OK && why == NULL)
    code = curl_url_get(url, CURLUPART_HOST, &host, CURLU_URLDECODE);
  if (code == CURLUE_OK && why == NULL) {
    CURLUcode of_port = curl_url_get(url, CURLUPART_PORT, &port, 0);
    CURLUcode of_user = curl_url_get(url, CURLUPART_USER, &user, CURLU_URLDECODE);
    CURLUcode of_password =
        curl_url_get(url, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
    if (of_port == CURLUE_OUT_OF_MEMORY || of_user == CURLUE_OUT_OF_MEMORY ||
        of_password == CURLUE_OUT_OF_MEMORY)
      code = CURLUE_OUT_OF_MEMORY;
    else if (port != NULL && strtol(port, NULL, 10) == 0)
      why = "has the port 0: a port from 1 to 65535 expected";
    else if ((of_user != CURLUE_OK && of_user != CURLUE_NO_USER) ||
             (of_password != CURLUE_OK && of_password != CURLUE_NO_PASSWORD))
      why = "has control characters in its user name or password";
  }
  if (code == CURLUE_OUT_OF_MEMORY) why = "cannot be read: " TAVUS_NO_MEMORY;
  if (code != CURLUE_OK && why == NULL) why = NOT_A_URL;
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  if (user != NULL) tavus_http_wipe(user, strlen(user));
  if (password != NULL) tavus_http_wipe(password, strlen(password));
  curl_free(user);
  curl_free(password);
  return why;
}

const char *tavus_http_proxy_fault(const char *text, size_t length) {
  const char *why;
  if (length == 0) return NULL; /* no proxy, not even that of the environment */
  if (length > LONGEST_PROXY) return "is too long";
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c <= 0x20 || c == 0x7f)
      return "holds a space or a control character: http://host:port expected";
  }
  CURLU *url = curl_url();
  if (url == NULL) return "cannot be read: " TAVUS_NO_MEMORY;
  CURLUcode code = curl_url_set(url, CURLUPART_URL, text,
                                CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
  if (code == CURLUE_OK)
    why = parts_fault(url);
  else if (code == CURLUE_OUT_OF_MEMORY)
    why = "cannot be read: " TAVUS_NO_MEMORY;
  else if (code == CURLUE_BAD_PORT_NUMBER)
    why = "has no valid port: a number from 1 to 65535 expected";
  else
    why = NOT_A_URL;
  curl_url_cleanup(url);
  return why;
}

/* --- the environment --- */

/* Returns the value of a variable that is set and not empty, or NULL. */
static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* Does an entry of no_proxy name the host, or a domain of it? An address block is taken
** to name every address. */
static bool covers(const char *entry, size_t length, const char *host, size_t host_length,
                   bool is_address) {
  if (is_address && memchr(entry, '/', length) != NULL) return true;
  if (length > 0 && *entry == '.') entry++, length--;
  if (length == 0 || length > host_length) return false;
  return strncasecmp(host + host_length - length, entry, length) == 0 &&
         (length == host_length || host[host_length - length - 1] == '.');
}

/* Does no_proxy exclude the host? */
static bool is_excluded(const tavus_http_base *base) {
  const char *list = variable("no_proxy");
  const char *host = strstr(base->text, "://") + 3;
  const char *end = base->text + base->origin;
  size_t length;
  bool is_address = *host == '[' || (*host >= '0' && *host <= '9');
  if (list == NULL) list = variable("NO_PROXY");
  if (list == NULL) return false;
  if (strcmp(list, "*") == 0) return true;
  if (*host == '[')
    length = strcspn(++host, "]");
  else if ((length = strcspn(host, ":/")) > (size_t)(end - host))
    length = (size_t)(end - host);
  while (*(list += strspn(list, ", \t")) != '\0') {
    size_t entry = strcspn(list, ", \t");
    if (covers(list, entry, host, length, is_address)) return true;
    list += entry;
  }
  return false;
}

const char *tavus_http_proxy_environment_fault(const tavus_http_base *base,
                                               const char **name) {
  /* libcurl ignores HTTP_PROXY, which a visitor of a CGI program could set. */
  static const char *const names[2][4] = {
    { "http_proxy", "all_proxy", "ALL_PROXY", NULL },
    { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" }
  };
  const char *value = NULL;
  if (base->loopback) return NULL;
  for (size_t i = 0; i < 4 && value == NULL && names[base->https][i] != NULL; i++) {
    *name = names[base->https][i];
    value = variable(*name);
  }
  if (value == NULL || is_excluded(base)) return NULL;
  return tavus_http_proxy_fault(value, strlen(value));
}
