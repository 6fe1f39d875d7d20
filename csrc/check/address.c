/* address.c - see address.h. Hosts are read as browsers and inet_aton read them, so that
** 2130706433, 0x7f.1 and [::ffff:127.0.0.1] are 127.0.0.1. Names for documentation
** (example.com, *.example) pass: they stand for real ones. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "blank.h"

#define LONGEST_HOST 255

#define PUBLIC                                                                           \
  "give a public address; a tunnel such as ngrok or cloudflared makes one for a local "  \
  "server"

static const tavus_address_fault
    blank = { "holds a blank or the end of a line", "an address holds none: remove it" },
    placeholder = { "is a placeholder", "write the address of your own server" },
    no_scheme = { "does not begin with https://", "write https:// before it" },
    wrong_scheme = { "has a scheme that Tavus does not call: http and https only",
                     "begin it with https://" },
    plain_http = { "must begin with https://", "write https:// in place of http://" },
    malformed = { "is not a URL",
                  "a URL is https://, a host, and a path: https://llm.example.com/v1" },
    own = { "is the machine itself, and Tavus' servers cannot reach yours", PUBLIC },
    private_address = { "is a private address: Tavus' servers cannot reach it", PUBLIC },
    local_name = { "is a name of a local network: Tavus' servers cannot reach it",
                   PUBLIC };

/* --- numeric hosts --- */

typedef struct range {
  uint32_t first;
  unsigned bits; /* of the prefix */
  const tavus_address_fault *fault;
} range;

#define IP(a, b, c, d)                                                                   \
  ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const tavus_address_fault *check_four(uint32_t ip) {
  static const range ranges[] = {
    { IP(0, 0, 0, 0), 8, &own },
    { IP(10, 0, 0, 0), 8, &private_address },
    { IP(100, 64, 0, 0), 10, &private_address },
    { IP(127, 0, 0, 0), 8, &own },
    { IP(169, 254, 0, 0), 16, &private_address },
    { IP(172, 16, 0, 0), 12, &private_address },
    { IP(192, 168, 0, 0), 16, &private_address },
    { IP(198, 18, 0, 0), 15, &private_address },
    { IP(224, 0, 0, 0), 3, &private_address }, /* multicast, reserved, broadcast */
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if ((ip ^ ranges[i].first) >> (32 - ranges[i].bits) == 0) return ranges[i].fault;
  return NULL;
}

static bool all_zero(const unsigned char *bytes, size_t count) {
  while (count > 0 && bytes[count - 1] == 0) count--;
  return count == 0;
}

/* Checks an IPv6 address, without its brackets. */
static const tavus_address_fault *check_six(char *host) {
  struct in6_addr six;
  static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
  host[strcspn(host, "%")] = '\0'; /* the zone */
  if (inet_pton(AF_INET6, host, &six) != 1) return &malformed;
  const unsigned char *b = six.s6_addr;
  uint32_t last = IP(b[12], b[13], b[14], b[15]);
  if (all_zero(b, 15) && b[15] <= 1) return &own;
  bool mapped = all_zero(b, 10) && b[10] == 0xff && b[11] == 0xff;
  if (mapped || all_zero(b, 12) || memcmp(b, nat64, sizeof nat64) == 0)
    return check_four(last);
  if (b[0] == 0x20 && b[1] == 0x02) return check_four(IP(b[2], b[3], b[4], b[5]));
  /* fc00::/7; fe80::/10 and fec0::/10; ff00::/8 */
  if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && b[1] >= 0x80) || b[0] == 0xff)
    return &private_address;
  return NULL;
}

/* Does the last label make the host an IPv4 address? */
static bool is_numeric(const char *host) {
  const char *label = strrchr(host, '.');
  label = label != NULL ? label + 1 : host;
  if (label[0] == '0' && label[1] == 'x')
    return strspn(label + 2, "0123456789abcdef") == strlen(label + 2);
  return *label != '\0' && strspn(label, "0123456789") == strlen(label);
}

/* --- names --- */

/* Is the host that name, or below it? */
static bool is_under(const char *host, const char *name) {
  size_t length = strlen(host), n = strlen(name);
  return length >= n && strcmp(host + length - n, name) == 0 &&
         (length == n || host[length - n - 1] == '.');
}

static const tavus_address_fault *check_name(const char *host) {
  static const struct {
    const char *name;
    const tavus_address_fault *fault;
  } names[] = {
    { "localhost", &own },        { "localdomain", &own },
    { "localtest.me", &own },     { "lvh.me", &own },
    { "corp", &local_name },      { "home", &local_name },
    { "home.arpa", &local_name }, { "internal", &local_name },
    { "intranet", &local_name },  { "invalid", &local_name },
    { "lan", &local_name },       { "local", &local_name },
    { "localnet", &local_name },  { "onion", &local_name },
    { "private", &local_name },   { "test", &local_name },
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (is_under(host, names[i].name)) return names[i].fault;
  return strchr(host, '.') == NULL ? &local_name : NULL;
}

/* Has a name a label that people write in place of their own? Real names below
** your-server.de and your-storagebox.de have such a label, too. */
static bool has_stand_in(const char *host) {
  static const char *const words[] = { "your",        "yourapi",     "yourapp",
                                       "yourbackend", "yourcompany", "yourdomain",
                                       "yourhost",    "yourserver",  "yoursite",
                                       "yoururl",     "yourwebsite" };
  if (is_under(host, "your-server.de") || is_under(host, "your-storagebox.de"))
    return false;
  for (const char *label = host;; label++) {
    size_t n = strcspn(label, ".");
    if (n > 5 && (strncmp(label, "your-", 5) == 0 || strncmp(label, "your_", 5) == 0))
      return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strlen(words[i]) == n && strncmp(label, words[i], n) == 0) return true;
    if (n > 3 && strspn(label, "x") == n) return true;
    label += n;
    if (*label == '\0') return false;
  }
}

/* --- the address --- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes the host with its percent-encoding resolved, in lower case, without a dot at its
** end. Returns false when it is too long, or a percent sign is no encoding. */
static bool read_host(char host[LONGEST_HOST + 1], const char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (c == '%' && *text != '[') {
      int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
      int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return false;
      c = (char)(high << 4 | low);
      i += 2;
    }
    if (n == LONGEST_HOST || c == '\0') return false;
    host[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
  }
  if (n > 1 && host[n - 1] == '.') n--;
  host[n] = '\0';
  return true;
}

/* Can such a host be in a URL: letters, digits, `-`, `_`, bytes beyond ASCII, and no
** empty label? */
static bool is_host(const char *host) {
  if (*host == '\0' || *host == '.' || strstr(host, "..") != NULL) return false;
  for (const char *at = host; *at != '\0'; at++)
    if ((unsigned char)*at < 0x80 && hex_digit(*at) < 0 && (*at < 'a' || *at > 'z') &&
        strchr("-_.", *at) == NULL)
      return false;
  return true;
}

/* Is it a port, or nothing? */
static bool is_port(const char *text, size_t length) {
  unsigned long port = 0;
  if (length == 0) return true;
  if (length > 5) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    port = port * 10 + (unsigned long)(text[i] - '0');
  }
  return port > 0 && port <= 65535;
}

/* Moves *text and *length from what is between scheme and path to the host in it, with
** the brackets of IPv6. Returns false when what follows is not a port. */
static bool find_host(const char **text, size_t *length) {
  size_t n = 0, left = *length;
  for (size_t i = left; i > 0 && n == 0; i--) /* a user and a password */
    if ((*text)[i - 1] == '@') n = i;
  *text += n;
  left -= n;
  n = 0;
  if (left > 0 && **text == '[') {
    while (n < left && (*text)[n] != ']') n++;
    if (n < left) n++;
  } else {
    while (n < left && (*text)[n] != ':') n++;
  }
  *length = n;
  return n == left || ((*text)[n] == ':' && is_port(*text + n + 1, left - n - 1));
}

/* Checks what is between scheme and path. */
static const tavus_address_fault *check_authority(const char *text, size_t length) {
  char host[LONGEST_HOST + 1];
  if (!find_host(&text, &length) || !read_host(host, text, length)) return &malformed;
  if (host[0] == '[') {
    size_t last = strlen(host) - 1;
    if (host[last] != ']') return &malformed;
    host[last] = '\0';
    return check_six(host + 1);
  }
  if (!is_host(host) || strcmp(host, "http") == 0 || strcmp(host, "https") == 0)
    return &malformed;
  if (is_numeric(host)) {
    in_addr_t ip = inet_addr(host); /* all ones: broadcast, or not an address */
    if (ip == (in_addr_t)-1 && strcmp(host, "255.255.255.255") != 0) return &malformed;
    return check_four(ntohl(ip));
  }
  return check_name(host);
}

/* Is it a text that was to be replaced? What is between scheme and path is at
** `authority`. `https`: {name} behind it is filled in. */
static bool is_placeholder(const char *text, size_t length, size_t authority,
                           size_t authority_end, bool https) {
  char host[LONGEST_HOST + 1];
  for (size_t i = 0; i < length; i++) {
    char c = text[i], next = i + 1 < length ? text[i + 1] : '\0';
    if (c == '<' || c == '>' || ((c == '$' || c == '{') && next == '{')) return true;
    if ((c == '{' || c == '}') && (!https || i < authority_end)) return true;
  }
  const char *at = text + authority;
  size_t n = authority_end - authority;
  (void)find_host(&at, &n);
  bool encoded = authority > 0 && n > 2 && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0;
  if (n > 0 && (*at == '$' || (*at == '%' && !encoded))) return true;
  return read_host(host, at, n) && has_stand_in(host);
}

static bool is_word(const char *text, size_t length, const char *word) {
  if (strlen(word) != length) return false;
  for (size_t i = 0; i < length; i++)
    if ((text[i] | 0x20) != word[i]) return false;
  return true;
}

const tavus_address_fault *tavus_address_check(const char *text, size_t length,
                                               bool https) {
  size_t scheme = 0;
  if (length == 0) return NULL;
  if (tavus_has_blank(text, length)) return &blank;
  while (scheme < length && text[scheme] != ':' && text[scheme] != '/') scheme++;
  bool plain = is_word(text, scheme, "http");
  bool known = plain || is_word(text, scheme, "https");
  bool slashes = length - scheme >= 3 && memcmp(text + scheme, "://", 3) == 0;
  size_t authority = scheme > 0 && slashes ? scheme + 3 : 0, end = authority;
  while (end < length && strchr("/?#\\", text[end]) == NULL) end++;
  if (is_placeholder(text, length, authority, end, https)) return &placeholder;
  if (authority == 0)
    return known && scheme < length && text[scheme] == ':' ? &malformed : &no_scheme;
  if (!known) return &wrong_scheme;
  if (plain && https) return &plain_http;
  if (end < length && text[end] == '\\') return &malformed;
  return check_authority(text + authority, end - authority);
}
