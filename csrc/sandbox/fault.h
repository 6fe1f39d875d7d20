/* fault.h - a broken answer: bytes that are sent as they are, past libmicrohttpd, before
** the connection ends.
*/
#ifndef TAVUS_SANDBOX_FAULT_H
#define TAVUS_SANDBOX_FAULT_H

#include "server.h"

typedef struct tavus_fault tavus_fault;

/* Reads the table at `index`:
**   head, block, tail   texts; `block` is sent `count` times
**   count               default 0; negative: for ever
**   step, pause         at most `step` bytes at a time, `pause` seconds apart
**   hold                true: wait at the end until the peer has closed
** Raises for a bad table. The caller free()s the result. */
tavus_fault *tavus_fault_read(lua_State *L, int index);

/* Writes what is due to a connection that libmicrohttpd has suspended, without
** blocking. Returns the seconds until the next call, or a negative number: all is
** written, or the peer has closed. */
double tavus_fault_step(tavus_fault *fault, int fd);

/* Whether the peer has closed this connection. */
bool tavus_connection_is_over(int fd);

#endif
