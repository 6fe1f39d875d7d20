/* id.h - judges texts where an id belongs. Ids are opaque, so only what no id has is
** wrong. Knows nothing of Lua. */
#ifndef TAVUS_CHECK_ID_H
#define TAVUS_CHECK_ID_H

#include <stdbool.h>
#include <stddef.h>

/* Returns what ids do not do, as in "hold no blanks", or NULL. `foreign`: an id of
** another service, which may hold anything but blanks. */
const char *tavus_id_fault(const char *text, size_t length, bool foreign);

#endif
