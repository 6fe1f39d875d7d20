/* redact.c - see redact.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem */
#endif

#include "redact.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a window, and how much of it the next one repeats: a longer secret is
** found where it is not escaped. */
#define WINDOW ((size_t)128 * 1024)
#define OVERLAP ((size_t)32 * 1024)

void tavus_hide(tavus_redaction *r, const tavus_layer *layer, size_t from, size_t to,
                bool quoted) {
  if (from >= to) return;
  tavus_range *ranges = tavus_grown(r->ranges, r->count, &r->capacity, sizeof *ranges);
  if (ranges == NULL) {
    r->failed = true;
    return;
  }
  r->ranges = ranges;
  size_t end = r->length;
  if (layer->origins != NULL) {
    if (to != SIZE_MAX) end = layer->base + layer->origins[to - 1].to;
    from = layer->base + layer->origins[from].from;
  } else if (to != SIZE_MAX) {
    end = to;
  }
  r->ranges[r->count++] = (tavus_range){ from, end, quoted };
}

/* The same for a single text, which is what most sessions know. */
static void find_one(tavus_redaction *r, const tavus_layer *layer,
                     const tavus_text *wanted) {
  const char *at = layer->text, *end = at + layer->length;
  while ((at = memmem(at, (size_t)(end - at), wanted->data, wanted->length)) != NULL) {
    size_t from = (size_t)(at - layer->text);
    tavus_hide(r, layer, from, from + wanted->length, false);
    at += wanted->length;
  }
}

static void find(tavus_redaction *r, const tavus_layer *layer, const tavus_texts *texts) {
  if (texts->count == 1) {
    find_one(r, layer, texts->items);
    return;
  }
  for (size_t i = 0; i + TAVUS_SECRET_SHORTEST <= layer->length;) {
    size_t length = tavus_texts_at(texts, layer->text + i, layer->length - i);
    if (length > 0) tavus_hide(r, layer, i, i + length, false);
    i += length > 0 ? length : 1;
  }
}

static bool has_escapes(const char *text, size_t length) {
  return memchr(text, '%', length) != NULL || memchr(text, '\\', length) != NULL ||
         memchr(text, '&', length) != NULL;
}

static bool make_window(tavus_redaction *r) {
  size_t size = r->length < WINDOW ? r->length : WINDOW;
  if (r->window == NULL) r->window = malloc(size);
  if (r->origins == NULL) r->origins = malloc(size * sizeof *r->origins);
  if (r->window == NULL || r->origins == NULL) r->failed = true;
  return !r->failed;
}

/* Copies the text of the layer to the window. */
static void open_layer(tavus_redaction *r, tavus_layer *layer, size_t length) {
  memcpy(r->window, r->text + layer->base, length);
  for (size_t i = 0; i < length; i++)
    r->origins[i] = (tavus_origin){ (uint32_t)i, (uint32_t)i + 1 };
  layer->text = r->window;
  layer->origins = r->origins;
  layer->length = length;
}

/* An escape may be cut at the end of a piece. No sane one is longer. */
#define LONGEST_ESCAPE 64

static size_t piece_size(const tavus_redaction *r) {
  return r->length < OVERLAP ? r->length : OVERLAP;
}

static bool make_piece(tavus_redaction *r) {
  if (r->piece == NULL) r->piece = malloc(piece_size(r));
  if (r->piece_origins == NULL)
    r->piece_origins = malloc(piece_size(r) * sizeof *r->origins);
  if (r->piece == NULL || r->piece_origins == NULL) r->failed = true;
  return !r->failed;
}

/* Reads the `length` bytes at `at` by themselves. Returns the number of bytes that a known
** secret takes there; 0: there is none. Sets *more when a longer piece may tell more. */
static size_t read_piece(tavus_redaction *r, const char *at, size_t length,
                         unsigned signs, bool *more) {
  const tavus_texts *texts = &r->known->plain;
  size_t size = length, taken = 0;
  *more = false;
  memcpy(r->piece, at, length);
  for (size_t i = 0; i < length; i++)
    r->piece_origins[i] = (tavus_origin){ (uint32_t)i, (uint32_t)i + 1 };
  for (int i = 0; i < TAVUS_PLAIN_LEVELS; i++) {
    size_t before = size;
    size = tavus_plain_decode(r->piece, before, r->piece_origins, signs);
    if (size == before) break;
    size_t found = tavus_texts_at(texts, r->piece, size);
    if (texts->count == 1 && found < texts->items->length) found = 0; /* as find_one */
    if (found > 0 && r->piece_origins[found - 1].to > taken)
      taken = r->piece_origins[found - 1].to;
    if (size < TAVUS_SECRET_SHORTEST ||
        (found == 0 ? tavus_texts_may_begin(texts, r->piece, size)
                    : found + LONGEST_ESCAPE > size))
      *more = true;
  }
  return taken;
}

/* Looks for a secret that begins at `at`, within an escape. Returns its length, or 0. */
static size_t find_within(tavus_redaction *r, const tavus_layer *layer, size_t at,
                          unsigned signs) {
  static const size_t sizes[] = { 32, 256, 4096, OVERLAP };
  size_t left = layer->length - at, taken = 0;
  char c = layer->text[at];
  bool more = r->known->plain.first[(unsigned char)c] || has_escapes(&c, 1);
  for (size_t i = 0; more && i < sizeof sizes / sizeof *sizes; i++) {
    if (!make_piece(r)) return 0;
    taken =
        read_piece(r, layer->text + at, left < sizes[i] ? left : sizes[i], signs, &more);
    if (left <= sizes[i]) break;
  }
  return taken;
}

/* An escape may begin before a secret and end in it, as in "%4" before "1%2f...", and
** what it stands for hides the secret. So each place within an escape is read by
** itself. */
static void look_into_escapes(tavus_redaction *r, const tavus_layer *layer,
                              unsigned signs) {
  for (size_t i = 0; i < layer->length;) {
    size_t step = tavus_plain_escape(layer->text + i, layer->length - i, signs);
    size_t next = i + (step > 0 ? step : 1), taken = 0;
    for (size_t at = i + 1; at < next && taken == 0; at++) {
      taken = find_within(r, layer, at, signs);
      tavus_hide(r, layer, at, at + taken, false);
      if (at + taken > next) next = at + taken;
    }
    i = next;
  }
}

/* Looks for secrets that hold a sign of escaping, with the escapes of some signs
** taken off. */
static void look_for_signs(tavus_redaction *r, tavus_layer *layer) {
  size_t length = layer->length;
  for (unsigned signs = 1; signs < TAVUS_ALL_SIGNS; signs++) {
    open_layer(r, layer, length);
    look_into_escapes(r, layer, signs);
    layer->length = tavus_plain_decode(r->window, length, r->origins, signs);
    if (layer->length < length) find(r, layer, &r->known->plain);
  }
  layer->length = length;
}

/* Looks at one window: by names, or for what is known. */
static void look(tavus_redaction *r, tavus_layer *layer, bool names) {
  if (!make_window(r)) return;
  if (!names && r->known->has_signs) look_for_signs(r, layer);
  open_layer(r, layer, layer->length);
  char *text = r->window;
  size_t length = layer->length;
  for (int i = 0; i < TAVUS_PLAIN_LEVELS && has_escapes(text, length); i++) {
    if (!names) look_into_escapes(r, layer, TAVUS_ALL_SIGNS);
    layer->length = tavus_plain_decode(text, length, r->origins, TAVUS_ALL_SIGNS);
    if (layer->length == length) break;
    length = layer->length;
    if (names)
      r->scan(r, layer);
    else
      find(r, layer, &r->known->plain);
  }
  if (names || r->as_written) return;
  layer->length = tavus_plain_strip(text, length, r->origins);
  find(r, layer, &r->known->bare);
}

/* Looks at the whole text, as it is and in windows. */
static void look_through(tavus_redaction *r, bool names) {
  tavus_layer whole = { .text = r->text, .length = r->length };
  if (names)
    r->scan(r, &whole);
  else
    find(r, &whole, &r->known->plain);
  for (size_t at = 0; at < r->length && !r->failed; at += WINDOW - OVERLAP) {
    size_t left = r->length - at;
    tavus_layer layer = { .base = at,
                          .length = left > WINDOW ? WINDOW : left,
                          .overlap = left > WINDOW ? OVERLAP : 0 };
    if ((!names && !r->as_written) || has_escapes(r->text + at, layer.length))
      look(r, &layer, names);
    if (left <= WINDOW) break;
  }
}

bool tavus_gather(tavus_redaction *r) {
  if (r->length == 0 || r->scan == NULL) return true;
  look_through(r, true);
  return !r->failed && !r->known->failed;
}

static int compare(const void *a, const void *b) {
  const tavus_range *left = a, *right = b;
  if (left->from != right->from) return left->from < right->from ? -1 : 1;
  return (left->to < right->to) - (left->to > right->to);
}

/* Joins ranges that overlap. */
static void join(tavus_redaction *r) {
  size_t kept = 0;
  qsort(r->ranges, r->count, sizeof *r->ranges, compare);
  for (size_t i = 1; i < r->count; i++) {
    tavus_range *last = &r->ranges[kept], *next = &r->ranges[i];
    if (next->from >= last->to)
      r->ranges[++kept] = *next;
    else if (next->to > last->to)
      last->to = next->to;
  }
  r->count = kept + 1;
}

/* Adds to the result, which has room. */
static void add(tavus_redaction *r, const char *text, size_t length) {
  if (length > 0) memcpy(r->out + r->out_length, text, length);
  r->out_length += length;
}

static bool write_out(tavus_redaction *r) {
  static const char mark[] = "\"" TAVUS_REDACTED "\"";
  size_t at = 0, size = r->length + 1 + r->count * (sizeof mark - 1);
  r->out = malloc(size);
  if (r->out == NULL) return false;
  r->out_capacity = size;
  for (size_t i = 0; i < r->count; i++) {
    const tavus_range *range = &r->ranges[i];
    add(r, r->text + at, range->from - at);
    if (range->quoted)
      add(r, mark, sizeof mark - 1);
    else
      add(r, mark + 1, sizeof mark - 3);
    at = range->to;
  }
  add(r, r->text + at, r->length - at);
  r->out[r->out_length] = '\0';
  return true;
}

bool tavus_redact(tavus_redaction *r) {
  tavus_layer whole = { .text = r->text, .length = r->length };
  if (r->length == 0) return true;
  if (!tavus_gather(r)) return false;
  if (r->known->given.count > TAVUS_SECRET_MOST) {
    r->count = 0;
    tavus_hide(r, &whole, 0, r->length, false);
  } else if (r->known->plain.count > 0) {
    tavus_secrets_sort(r->known);
    look_through(r, false);
  }
  if (r->failed || r->known->failed) return false;
  if (r->count == 0) return true;
  join(r);
  return write_out(r);
}

void tavus_redaction_free(tavus_redaction *r) {
  if (r->window != NULL) tavus_wipe(r->window, r->length < WINDOW ? r->length : WINDOW);
  if (r->piece != NULL) tavus_wipe(r->piece, piece_size(r));
  if (r->out != NULL) tavus_wipe(r->out, r->out_capacity);
  free(r->window);
  free(r->origins);
  free(r->piece);
  free(r->piece_origins);
  free(r->ranges);
  free(r->out);
  r->window = r->piece = r->out = NULL;
  r->origins = r->piece_origins = NULL;
  r->ranges = NULL;
  r->count = r->capacity = r->out_length = r->out_capacity = 0;
}
