/* holder.h - how the core learns the secrets of a session, which tavus.http keeps:
** they never become Lua strings. The two shared objects do not link each other. */
#ifndef TAVUS_SECRET_HOLDER_H
#define TAVUS_SECRET_HOLDER_H

#include "secrets.h"

/* The member of a session's metatable: a light userdata, a tavus_holder. */
#define TAVUS_HOLDER "tavus.holder"

typedef struct tavus_holder {
  /* Adds the secrets of the session in this userdata. */
  void (*tell)(void *userdata, tavus_secrets *known);
} tavus_holder;

#endif
