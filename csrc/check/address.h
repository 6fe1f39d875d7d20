/* address.h - judges addresses that Tavus' servers call: whether they are URLs, and
** whether a server outside the caller's network can reach them. Asks no name server and
** knows nothing of Lua. */
#ifndef TAVUS_CHECK_ADDRESS_H
#define TAVUS_CHECK_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tavus_address_fault {
  const char *message;
  const char *hint;
} tavus_address_fault;

/* Returns what is wrong with the address, or NULL. `https`: http is wrong, too, and
** {name} in the path or query is filled in by Tavus. */
const tavus_address_fault *tavus_address_check(const char *text, size_t length,
                                               bool https);

#endif
