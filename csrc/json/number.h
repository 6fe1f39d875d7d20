/* number.h - decimal text to numbers, correctly rounded under every locale.
** Knows nothing of Lua. */
#ifndef TAVUS_JSON_NUMBER_H
#define TAVUS_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A number as JSON means it: an integer when it is written without fraction
** and exponent and fits 64 bits (but -0 is a float), else a double. */
typedef struct tavus_number {
  bool is_integer;
  int64_t integer;
  double real;
} tavus_number;

/* Reads the number that begins at `*at` and moves `*at` behind it. The text
** must have JSON's grammar there (checked before) and end in a byte that
** belongs to no number. False: its magnitude is beyond the doubles. */
bool tavus_number_read(const char **at, tavus_number *number);

/* The double nearest to `significand` * 10^`exponent` (ties to even);
** infinity beyond the largest. */
double tavus_number_scale(uint64_t significand, int64_t exponent);

#endif
