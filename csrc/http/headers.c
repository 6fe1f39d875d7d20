/* headers.c - see headers.h. */
#include "headers.h"

#include <strings.h>

/* Headers that libcurl writes, that frame the message, or that carry the key. */
static const char *const reserved[] = {
  "host",       "content-length",  "transfer-encoding",
  "connection", "expect",          "upgrade",
  "te",         "trailer",         "keep-alive",
  "x-api-key",  "proxy-connection"
};

#define LONGEST_NAME 256
#define NAME_LENGTH                                                                      \
  "a header's name may not be empty or longer than " TAVUS_DIGITS(LONGEST_NAME) " bytes"
#define LONGEST_VALUE_KIB 16
#define VALUE_LENGTH                                                                     \
  "a header's value may not be longer than " TAVUS_DIGITS(LONGEST_VALUE_KIB) " KiB"

static bool is_token(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

const char *tavus_http_header_fault(const char *name, size_t name_length,
                                    const char *value, size_t value_length) {
  if (name_length == 0 || name_length > LONGEST_NAME) return NAME_LENGTH;
  for (size_t i = 0; i < name_length; i++)
    if (!is_token((unsigned char)name[i]))
      return "a header's name may hold only letters, digits and !#$%&'*+-.^_`|~";
  if (value_length > LONGEST_VALUE_KIB * 1024) return VALUE_LENGTH;
  for (size_t i = 0; i < value_length; i++) {
    unsigned char c = (unsigned char)value[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f)
      return "a header's value may not hold control characters";
  }
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (strcasecmp(name, reserved[i]) == 0)
      return strcmp(reserved[i], "x-api-key") == 0
                 ? "the key is given as api_key, not as a header"
                 : "this header is written by the library";
  return NULL;
}

bool tavus_http_header_set(struct curl_slist **list, const char *name,
                           const char *value) {
  tavus_http_bytes line = { NULL, 0, 0 };
  size_t length = strlen(name);
  bool done = false;
  while (*value == ' ' || *value == '\t') value++;
  if (!tavus_http_bytes_add(&line, name, length)) return false;
  /* "name;" is how libcurl is given a header without a value. */
  if (*value == '\0'
          ? !tavus_http_bytes_text(&line, ";")
          : !tavus_http_bytes_text(&line, ": ") || !tavus_http_bytes_text(&line, value))
    goto out;
  for (struct curl_slist *item = *list; item != NULL; item = item->next) {
    if (strncasecmp(item->data, name, length) == 0 &&
        (item->data[length] == ':' || item->data[length] == ';')) {
      char *copy = tavus_http_copy(line.data, line.length);
      if (copy == NULL) goto out;
      tavus_http_free_text(item->data);
      item->data = copy;
      done = true;
      goto out;
    }
  }
  struct curl_slist *longer = curl_slist_append(*list, line.data);
  if (longer != NULL) {
    *list = longer;
    done = true;
  }
out:
  tavus_http_bytes_free(&line);
  return done;
}

bool tavus_http_header_suppress(struct curl_slist **list, const char *name) {
  size_t length = strlen(name);
  struct curl_slist *longer = NULL;
  tavus_http_bytes line = { NULL, 0, 0 };
  for (const struct curl_slist *item = *list; item != NULL; item = item->next)
    if (strncasecmp(item->data, name, length) == 0 && item->data[length] == ':')
      return true;
  if (tavus_http_bytes_text(&line, name) && tavus_http_bytes_text(&line, ":"))
    longer = curl_slist_append(*list, line.data);
  tavus_http_bytes_free(&line);
  if (longer == NULL) return false;
  *list = longer;
  return true;
}

const char *tavus_http_headers_fault(const struct curl_slist *list) {
  size_t total = 0;
  for (; list != NULL; list = list->next) {
    total += strlen(list->data) + 2;
    if (total > TAVUS_HTTP_MAX_HEADERS)
      return "the headers are larger than " TAVUS_DIGITS(TAVUS_HTTP_HEADERS_KIB) " KiB";
  }
  return NULL;
}

bool tavus_http_headers_copy(struct curl_slist **out, const struct curl_slist *list) {
  *out = NULL;
  for (; list != NULL; list = list->next) {
    struct curl_slist *longer = curl_slist_append(*out, list->data);
    if (longer == NULL) {
      tavus_http_headers_free(*out);
      *out = NULL;
      return false;
    }
    *out = longer;
  }
  return true;
}

void tavus_http_headers_free(struct curl_slist *list) {
  for (struct curl_slist *item = list; item != NULL; item = item->next)
    tavus_http_wipe(item->data, strlen(item->data));
  curl_slist_free_all(list);
}

bool tavus_http_headers_keep(tavus_http_bytes *block, const char *line, size_t length) {
  const char *colon = memchr(line, ':', length);
  size_t end = length, start = block->length;
  if (colon == NULL || colon == line) return true;
  size_t name = (size_t)(colon - line);
  size_t from = name + 1;
  while (end > from && (line[end - 1] == '\n' || line[end - 1] == '\r' ||
                        line[end - 1] == ' ' || line[end - 1] == '\t'))
    end--;
  while (from < end && (line[from] == ' ' || line[from] == '\t')) from++;
  /* A NUL would split the block, so a header with one is skipped. */
  if (memchr(line, '\0', end) != NULL) return true;
  if (!tavus_http_bytes_reserve(block, name + (end - from) + 2)) return false;
  for (size_t i = 0; i < name; i++) {
    char c = line[i];
    block->data[start + i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  block->data[start + name] = '\0';
  if (end > from) memcpy(block->data + start + name + 1, line + from, end - from);
  block->length = start + name + 1 + (end - from) + 1;
  block->data[block->length - 1] = '\0';
  block->data[block->length] = '\0';
  return true;
}
