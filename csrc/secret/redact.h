/* redact.h - finds secrets in a text, in any spelling, and puts "[redacted]" in
** their place. Knows nothing of Lua; no name is known here (named.h).
**
** The text is searched as it is and, in windows, with one layer of escapes after
** the other taken off, at the end without blanks and tags too. Each byte of such a
** layer knows where it comes from, so that only the secret itself is replaced. The
** time is in proportion to the length of the text, whatever it holds. */
#ifndef TAVUS_SECRET_REDACT_H
#define TAVUS_SECRET_REDACT_H

#include "plain.h"
#include "secrets.h"

#define TAVUS_REDACTED "[redacted]"

/* A part of the text, with some escapes taken off. */
typedef struct tavus_layer {
  const char *text;
  size_t length;
  const tavus_origin *origins; /* NULL: it is the text itself */
  size_t base;                 /* where it begins in the text */
  size_t overlap;              /* so much of its end is in the next one, too */
} tavus_layer;

typedef struct tavus_range {
  size_t from, to;
  bool quoted; /* it is to be a JSON string */
} tavus_range;

typedef struct tavus_redaction tavus_redaction;

/* Marks with tavus_hide what names call secret, and adds it to `known`. */
typedef void tavus_scan(tavus_redaction *r, const tavus_layer *layer);

/* All of it zero but for the first members. */
struct tavus_redaction {
  const char *text;
  size_t length;
  tavus_scan *scan;     /* or NULL */
  tavus_secrets *known; /* the caller's */
  bool as_written;      /* do not look for what blanks and tags break */
  tavus_range *ranges;
  size_t count, capacity;
  char *window;
  tavus_origin *origins;
  char *piece; /* what is read by itself, see look_into_escapes */
  tavus_origin *piece_origins;
  char *out; /* the result; NULL: the text holds no secret */
  size_t out_length, out_capacity;
  bool failed; /* memory ran out */
};

/* Adds to `known` what the names in the text call secret. False when memory runs
** out. */
bool tavus_gather(tavus_redaction *r);

/* Takes all secrets out of the text. False when memory runs out: then there is no
** result, and the text is not to be shown. */
bool tavus_redact(tavus_redaction *r);

/* Hides what stands from `from` to `to` in a layer; `to` may be SIZE_MAX: to the
** end of the text. */
void tavus_hide(tavus_redaction *r, const tavus_layer *layer, size_t from, size_t to,
                bool quoted);

/* Wipes and frees all but the text and what is known. */
void tavus_redaction_free(tavus_redaction *r);

#endif
