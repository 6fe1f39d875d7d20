/* bytes.c - see bytes.h. */
#include "bytes.h"

#include "../secret/secrets.h"

/* Most texts fit, so that the buffer does not grow again. */
#define FIRST_CAPACITY 256

void tavus_http_wipe(void *memory, size_t length) { tavus_wipe(memory, length); }

char *tavus_http_copy(const char *data, size_t length) {
  if (length == SIZE_MAX) return NULL;
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  if (length > 0) memcpy(copy, data, length);
  copy[length] = '\0';
  return copy;
}

void tavus_http_free_text(char *text) {
  if (text == NULL) return;
  tavus_http_wipe(text, strlen(text));
  free(text);
}

bool tavus_http_bytes_reserve(tavus_http_bytes *bytes, size_t extra) {
  if (extra >= SIZE_MAX / 2 - bytes->length) return false;
  size_t need = bytes->length + extra + 1;
  if (need <= bytes->capacity) return true;
  size_t capacity = bytes->capacity;
  if (capacity == 0) capacity = need < FIRST_CAPACITY ? FIRST_CAPACITY : need;
  while (capacity < need) capacity *= 2;
  char *data = malloc(capacity);
  if (data == NULL) return false;
  if (bytes->length > 0) memcpy(data, bytes->data, bytes->length);
  data[bytes->length] = '\0';
  if (bytes->data != NULL) {
    tavus_http_wipe(bytes->data, bytes->length);
    free(bytes->data);
  }
  bytes->data = data;
  bytes->capacity = capacity;
  return true;
}

bool tavus_http_bytes_add(tavus_http_bytes *bytes, const char *data, size_t length) {
  if (!tavus_http_bytes_reserve(bytes, length)) return false;
  if (length > 0) memcpy(bytes->data + bytes->length, data, length);
  bytes->length += length;
  bytes->data[bytes->length] = '\0';
  return true;
}

bool tavus_http_bytes_text(tavus_http_bytes *bytes, const char *text) {
  return tavus_http_bytes_add(bytes, text, strlen(text));
}

void tavus_http_bytes_free(tavus_http_bytes *bytes) {
  if (bytes->data != NULL) {
    tavus_http_wipe(bytes->data, bytes->length);
    free(bytes->data);
  }
  bytes->data = NULL;
  bytes->length = 0;
  bytes->capacity = 0;
}
