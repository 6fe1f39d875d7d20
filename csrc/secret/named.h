/* named.h - finds what names and addresses call secret: `"api_key": "..."`,
** `token=...`, `X-Auth-Token: ...`, `//user:password@host`. */
#ifndef TAVUS_SECRET_NAMED_H
#define TAVUS_SECRET_NAMED_H

#include "redact.h"

/* Hides such values of a layer, and adds them to what is known. */
void tavus_scan_names(tavus_redaction *r, const tavus_layer *layer);

/* Does a JSON Pointer lead to a secret, by its names? The one of an argument in a
** schema is none. */
bool tavus_is_secret_path(const char *path, size_t length);

#endif
