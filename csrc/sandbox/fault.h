/* fault.h - an answer that no well-behaved server gives: bytes that go out as
** they are, past libmicrohttpd, and then the end of the connection.
*/
#ifndef TAVUS_SANDBOX_FAULT_H
#define TAVUS_SANDBOX_FAULT_H

#include "server.h"

typedef struct tavus_fault tavus_fault;

/* Reads the table at `index`:
**   head, block, tail   texts; `block` goes out `count` times
**   count               default 0; negative: for ever
**   step, pause         at most `step` bytes at a time, `pause` seconds apart
**   hold                true: in the end wait until the other side has left
** Raises on what makes no sense. The caller free()s the result. */
tavus_fault *tavus_fault_read(lua_State *L, int index);

/* Writes what is due to a connection that libmicrohttpd has suspended, and never
** waits. Gives the seconds until it wants to be called again, or a negative
** number: all is written, or nobody is there to read. */
double tavus_fault_step(tavus_fault *fault, int fd);

/* Whether the other side of this connection has closed it. */
bool tavus_connection_is_over(int fd);

#endif
