/* holder.h - how the core learns the secrets of a session, which tavus.http keeps, and
** tavus.crypto the key: they never become Lua strings. The shared objects do not link
** each other. */
#ifndef TAVUS_SECRET_HOLDER_H
#define TAVUS_SECRET_HOLDER_H

#include "secrets.h"

/* The member of a session's metatable: a light userdata, a tavus_holder. */
#define TAVUS_HOLDER "tavus.holder"

typedef struct tavus_holder {
  /* Adds the secrets of the session in this userdata. */
  void (*tell)(void *userdata, tavus_secrets *known);
  /* The API key of the session in this userdata; NULL: it has none, or is closed. */
  const char *(*key)(void *userdata);
} tavus_holder;

#endif
