/* id.c - see id.h. */
#include "id.h"

#include <string.h>

#include "blank.h"

const char *tavus_id_fault(const char *text, size_t length, bool foreign) {
  if (tavus_has_blank(text, length)) return "hold no blanks";
  if (foreign) return NULL;
  if (length == 0) return "are not empty";
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '/') return "hold no \"/\"";
    if (strchr("\"'`<>{}[],;", text[i]) != NULL)
      return "hold no quotes, brackets, commas or semicolons";
    if ((unsigned char)text[i] >= 0x80) return "are plain ASCII";
  }
  return NULL;
}
