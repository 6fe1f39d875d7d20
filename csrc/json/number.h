/* number.h - reads decimal numbers, correctly rounded, under every locale. Needs no
** Lua header. */
#ifndef TAVUS_JSON_NUMBER_H
#define TAVUS_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A number of JSON. It is an integer when the text has neither a fraction nor an
** exponent and the value fits 64 bits. -0 is a double. */
typedef struct tavus_number {
  bool is_integer;
  int64_t integer;
  double real;
} tavus_number;

/* Reads the number that begins at `*at` and moves `*at` behind it. The text must be
** a number of JSON, followed by a byte that is not part of a number. Returns false
** when the value is beyond the range of a double. */
bool tavus_number_read(const char **at, tavus_number *number);

/* Returns the double nearest to `significand` * 10^`exponent` (ties to even), or
** infinity. */
double tavus_number_scale(uint64_t significand, int64_t exponent);

#endif
