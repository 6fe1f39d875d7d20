/* secrets.h - a list of secrets, and finding the longest of them at a place in a
** text. Knows nothing of Lua. The texts are wiped when the list is freed. */
#ifndef TAVUS_SECRET_SECRETS_H
#define TAVUS_SECRET_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A shorter text could stand anywhere by chance. */
#define TAVUS_SECRET_SHORTEST 4
/* Likewise one that only its name calls a secret, a part of a secret, and one that
** is compared without blanks and tags. */
#define TAVUS_SECRET_LIKELY 8
/* So many bytes of the beginning of a secret are taken for the secret. */
#define TAVUS_SECRET_TELLING 64
/* Most secrets of one text. One with more was made to take long. */
#define TAVUS_SECRET_MOST 500

typedef struct tavus_text {
  char *data;
  size_t length;
} tavus_text;

/* Texts to look for. */
typedef struct tavus_texts {
  tavus_text *items;
  size_t count, capacity;
  unsigned char heads[512]; /* a bit for each hash of four bytes that begin one */
  bool first[256];          /* is it the first byte of one? */
} tavus_texts;

typedef struct tavus_secrets {
  tavus_texts given; /* as they were added, each once */
  tavus_texts plain; /* those, their parts, and both without escapes */
  tavus_texts bare;  /* likewise, without blanks and tags */
  bool sorted;
  bool has_signs; /* one holds a sign that begins an escape */
  bool failed;    /* memory ran out: the list is not complete */
} tavus_secrets;

/* Adds a secret as a whole. */
void tavus_secrets_add_whole(tavus_secrets *secrets, const char *text, size_t length);

/* Adds a secret, its parts, and the login that "Basic ..." holds. */
void tavus_secrets_add(tavus_secrets *secrets, const char *text, size_t length);

/* Adds "user:password", and the form in which HTTP sends it. */
void tavus_secrets_add_login(tavus_secrets *secrets, const char *text, size_t length);

/* Does a text that only its name calls a secret look like one: is it long enough,
** and no word such as "string" or "client_credentials"? */
bool tavus_is_likely_secret(const char *text, size_t length);

/* Adds all of another list. */
void tavus_secrets_join(tavus_secrets *secrets, const tavus_secrets *others);

/* Prepares the lists for tavus_texts_at. */
void tavus_secrets_sort(tavus_secrets *secrets);

/* May a text begin with the `length` bytes at `at`? Looks at four bytes only. */
bool tavus_texts_may_begin(const tavus_texts *texts, const char *at, size_t length);

/* The length of the longest text that the `length` bytes at `at` begin with, or of what
** they have in common with a long one; 0: there is none. Over a whole text the time
** is in proportion to its length. */
size_t tavus_texts_at(const tavus_texts *texts, const char *at, size_t length);

/* Wipes and frees. */
void tavus_secrets_free(tavus_secrets *secrets);

/* Memory with room for one more item than `count`: `items`, or a copy of it, which is
** freed. NULL when memory runs out: `items` is then as it was. */
void *tavus_grown(void *items, size_t count, size_t *capacity, size_t size);

/* Overwrites memory in a way that the compiler may not remove. */
void tavus_wipe(void *memory, size_t length);

#endif
