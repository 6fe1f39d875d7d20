/* secrets.c - see secrets.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* explicit_bzero */
#endif

#include "secrets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plain.h"

/* The longest single word that is not taken for a secret. */
#define LONGEST_WORD 20

void tavus_wipe(void *memory, size_t length) {
  if (memory == NULL) return;
#if defined(__GLIBC__) || defined(__FreeBSD__) || defined(__OpenBSD__)
  explicit_bzero(memory, length);
#else
  volatile unsigned char *at = memory;
  while (length-- > 0) *at++ = 0;
#endif
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool tavus_is_likely_secret(const char *text, size_t length) {
  if (length < TAVUS_SECRET_LIKELY) return false;
  if (length > LONGEST_WORD) return true;
  for (size_t i = 0; i < length; i++)
    if (!is_letter(text[i]) && text[i] != '_') return true;
  return false;
}

/* --- texts --- */

static size_t head_of(const char *at) {
  uint32_t four;
  memcpy(&four, at, sizeof four);
  return (four * UINT32_C(2654435761)) >> 20;
}

void *tavus_grown(void *items, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return items;
  size_t more = *capacity > 0 ? 2 * *capacity : 8;
  void *grown = malloc(more * size);
  if (grown == NULL) return NULL;
  if (count > 0) memcpy(grown, items, count * size);
  free(items);
  *capacity = more;
  return grown;
}

static void put(tavus_secrets *secrets, tavus_texts *texts, const char *text,
                size_t length) {
  tavus_text *items =
      tavus_grown(texts->items, texts->count, &texts->capacity, sizeof *items);
  if (items != NULL) texts->items = items;
  char *copy = items != NULL ? malloc(length + 1) : NULL;
  secrets->sorted = false;
  if (copy == NULL) {
    secrets->failed = true;
    return;
  }
  memcpy(copy, text, length);
  copy[length] = '\0';
  texts->items[texts->count++] = (tavus_text){ copy, length };
}

static int compare(const void *a, const void *b) {
  const tavus_text *left = a, *right = b;
  size_t common = left->length < right->length ? left->length : right->length;
  int order = memcmp(left->data, right->data, common);
  return order != 0 ? order
                    : (left->length > right->length) - (left->length < right->length);
}

static void free_text(tavus_text *text) {
  tavus_wipe(text->data, text->length);
  free(text->data);
}

/* Sorts the texts, and takes out what stands twice. */
static void sort(tavus_texts *texts) {
  size_t kept = 0;
  if (texts->count > 1) qsort(texts->items, texts->count, sizeof *texts->items, compare);
  for (size_t i = 0; i < texts->count; i++) {
    size_t head = head_of(texts->items[i].data);
    texts->heads[head >> 3] |= (unsigned char)(1u << (head & 7));
    texts->first[(unsigned char)texts->items[i].data[0]] = true;
    if (kept > 0 && compare(&texts->items[kept - 1], &texts->items[i]) == 0)
      free_text(&texts->items[i]);
    else
      texts->items[kept++] = texts->items[i];
  }
  texts->count = kept;
}

void tavus_secrets_sort(tavus_secrets *secrets) {
  if (secrets->sorted) return;
  secrets->sorted = true;
  sort(&secrets->plain);
  sort(&secrets->bare);
}

/* The first of the items from `low` to `high` whose byte `depth` is `c` or more. */
static size_t bound(const tavus_texts *texts, size_t low, size_t high, size_t depth,
                    unsigned c) {
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if ((unsigned char)texts->items[middle].data[depth] < c)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool tavus_texts_may_begin(const tavus_texts *texts, const char *at, size_t length) {
  if (length < TAVUS_SECRET_SHORTEST) return false;
  size_t head = head_of(at);
  return (texts->heads[head >> 3] >> (head & 7) & 1) != 0;
}

size_t tavus_texts_at(const tavus_texts *texts, const char *at, size_t length) {
  size_t low = 0, high = texts->count, longest = 0, depth = 0;
  if (!tavus_texts_may_begin(texts, at, length)) return 0;
  for (; low < high; depth++) {
    if (texts->items[low].length == depth) { /* all others here are longer */
      longest = depth;
      low++;
    }
    if (depth == length || low == high) break;
    unsigned c = (unsigned char)at[depth];
    if (high - low == 1) {
      if ((unsigned char)texts->items[low].data[depth] != c) break;
      continue;
    }
    size_t first = bound(texts, low, high, depth, c);
    high = bound(texts, first, high, depth, c + 1);
    low = first;
    if (low == high) break;
  }
  return depth >= TAVUS_SECRET_TELLING ? depth : longest;
}

static void free_texts(tavus_texts *texts) {
  for (size_t i = 0; i < texts->count; i++) free_text(&texts->items[i]);
  free(texts->items);
}

void tavus_secrets_free(tavus_secrets *secrets) {
  free_texts(&secrets->given);
  free_texts(&secrets->plain);
  free_texts(&secrets->bare);
  memset(secrets, 0, sizeof *secrets);
}

/* --- adding --- */

/* Are there letters and digits enough in the text to tell it from others? */
static bool is_telling(const char *text, size_t length) {
  size_t told = 0;
  for (size_t i = 0; i < length; i++)
    if (is_letter(text[i]) || (text[i] >= '0' && text[i] <= '9')) told++;
  return told >= TAVUS_SECRET_SHORTEST;
}

/* Adds a text as it is looked for: as it is, without escapes, without blanks. */
static void look_for(tavus_secrets *secrets, const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) {
    secrets->failed = true;
    return;
  }
  memcpy(copy, text, length);
  put(secrets, &secrets->plain, text, length);
  size_t before = length, size = length;
  for (int i = 0; i < TAVUS_PLAIN_LEVELS; i++) {
    size = tavus_plain_decode(copy, before, NULL, TAVUS_ALL_SIGNS);
    if (size == before) break;
    before = size;
  }
  if (size < length && is_telling(copy, size)) put(secrets, &secrets->plain, copy, size);
  size = tavus_plain_strip(copy, size, NULL);
  if (size >= TAVUS_SECRET_LIKELY && is_telling(copy, size))
    put(secrets, &secrets->bare, copy, size);
  tavus_wipe(copy, length);
  free(copy);
}

static int base64_value(char c) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c == '\0' ? NULL : strchr(digits, c);
  return at == NULL ? -1 : (int)(at - digits);
}

/* Adds the "user:password" that is written in base64. */
static void add_basic(tavus_secrets *secrets, const char *text, size_t length) {
  char *login = malloc(length + 1);
  size_t size = 0;
  unsigned bits = 0, count = 0;
  if (login == NULL) {
    secrets->failed = true;
    return;
  }
  for (size_t i = 0; i < length && base64_value(text[i]) >= 0; i++) {
    bits = bits << 6 | (unsigned)base64_value(text[i]);
    if ((count += 6) < 8) continue;
    count -= 8;
    login[size++] = (char)(bits >> count & 0xff);
  }
  const char *colon = memchr(login, ':', size);
  if (colon != NULL) {
    size_t password = size - (size_t)(colon + 1 - login);
    if (size >= TAVUS_SECRET_SHORTEST) look_for(secrets, login, size);
    if (password >= TAVUS_SECRET_SHORTEST) look_for(secrets, colon + 1, password);
  }
  tavus_wipe(login, length);
  free(login);
}

static bool parts_here(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == ';' || c == ',' || c == '=' ||
         c == '"';
}

static bool is_given(const tavus_texts *given, const char *text, size_t length) {
  for (size_t i = 0; i < given->count; i++)
    if (given->items[i].length == length &&
        memcmp(given->items[i].data, text, length) == 0)
      return true;
  return false;
}

/* Adds a secret, if it is new. */
static bool add(tavus_secrets *secrets, const char *text, size_t length) {
  if (length < TAVUS_SECRET_SHORTEST || secrets->given.count > TAVUS_SECRET_MOST ||
      is_given(&secrets->given, text, length))
    return false;
  put(secrets, &secrets->given, text, length);
  look_for(secrets, text, length);
  for (size_t i = 0; i < length; i++)
    if (text[i] == '%' || text[i] == '\\' || text[i] == '&') secrets->has_signs = true;
  return true;
}

void tavus_secrets_add_whole(tavus_secrets *secrets, const char *text, size_t length) {
  (void)add(secrets, text, length);
}

static void put_all(tavus_secrets *secrets, tavus_texts *texts,
                    const tavus_texts *others) {
  for (size_t i = 0; i < others->count; i++)
    put(secrets, texts, others->items[i].data, others->items[i].length);
}

void tavus_secrets_join(tavus_secrets *secrets, const tavus_secrets *others) {
  put_all(secrets, &secrets->given, &others->given);
  put_all(secrets, &secrets->plain, &others->plain);
  put_all(secrets, &secrets->bare, &others->bare);
  if (others->failed) secrets->failed = true;
  if (others->has_signs) secrets->has_signs = true;
}

void tavus_secrets_add(tavus_secrets *secrets, const char *text, size_t length) {
  bool basic = false;
  if (!add(secrets, text, length)) return;
  for (size_t i = 0; i < length;) {
    size_t from = i;
    while (i < length && !parts_here(text[i])) i++;
    if (basic) add_basic(secrets, text + from, i - from);
    basic = i - from == 5 && strncasecmp(text + from, "Basic", 5) == 0;
    if (i - from < length && tavus_is_likely_secret(text + from, i - from))
      look_for(secrets, text + from, i - from);
    while (i < length && parts_here(text[i])) i++;
  }
}

void tavus_secrets_add_login(tavus_secrets *secrets, const char *text, size_t length) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t size = 0;
  const char *colon = memchr(text, ':', length);
  char *basic = malloc(length / 3 * 4 + 5);
  tavus_secrets_add(secrets, text, length);
  if (colon != NULL)
    tavus_secrets_add(secrets, colon + 1, length - (size_t)(colon + 1 - text));
  if (basic == NULL) {
    secrets->failed = true;
    return;
  }
  unsigned bits = 0, count = 0;
  for (size_t i = 0; i < length; i++) {
    bits = bits << 8 | (unsigned char)text[i];
    for (count += 8; count >= 6; count -= 6)
      basic[size++] = digits[bits >> (count - 6) & 63];
  }
  if (count > 0) basic[size++] = digits[bits << (6 - count) & 63];
  tavus_secrets_add(secrets, basic, size);
  tavus_wipe(basic, size);
  free(basic);
}
