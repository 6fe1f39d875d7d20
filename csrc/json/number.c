/* number.c - see number.h.
**
** One exact multiplication or division, which rounds once, reads nearly every
** number. strtod reads the others, from digits and an exponent without a decimal
** point, so that the locale does not matter.
*/
#include "number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Digits that are kept: a point halfway between two doubles has at most 767. */
#define MAX_DIGITS 770
/* Room for "e", a sign, the digits of an int and the final NUL. */
#define EXPONENT_ROOM 16
/* With a larger exponent every number is 0 or infinite, whatever its digits. */
#define EXPONENT_CAP INT64_C(100000000000)

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* An operation rounds once, unless the machine computes in a wider format than
** double. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
#define EXACT_ARITHMETIC 1
#else
#define EXACT_ARITHMETIC 0
#endif

/* Returns the `count` digits in `text` times 10^exponent. `text` has room for
** EXPONENT_ROOM more bytes. */
static double scale_digits(char *text, int count, int64_t exponent) {
  if (exponent + count > 400) return HUGE_VAL;
  if (exponent + count < -400) return 0.0;
  (void)snprintf(text + count, EXPONENT_ROOM, "e%d", (int)exponent);
  return strtod(text, NULL);
}

double tavus_number_scale(uint64_t significand, int64_t exponent) {
  if (significand == 0) return 0.0;
  if (EXACT_ARITHMETIC && significand <= UINT64_C(1) << 53 && exponent >= -22 &&
      exponent <= 22) {
    return exponent < 0 ? (double)significand / exact_power[-exponent]
                        : (double)significand * exact_power[exponent];
  }
  char text[20 + EXPONENT_ROOM];
  int count = snprintf(text, sizeof text, "%" PRIu64, significand);
  return scale_digits(text, count, exponent);
}

static inline bool is_digit(char c) { return (unsigned)(c - '0') <= 9; }

/* Reads more than 19 significant digits. `digits` is the first one that is not
** zero, `exponent` the power of the last one. Keeps MAX_DIGITS of them. If one of the
** others is not zero, a final 1 replaces them all: it rounds in the same way. */
static double read_long(const char *digits, const char *end, int64_t exponent) {
  char kept[MAX_DIGITS + 1 + EXPONENT_ROOM];
  int count = 0;
  bool rest = false;
  for (const char *p = digits; p < end; p++) {
    if (!is_digit(*p)) continue;
    if (count < MAX_DIGITS) {
      kept[count++] = *p;
    } else {
      exponent++;
      if (*p != '0') rest = true;
    }
  }
  if (rest) {
    kept[count++] = '1';
    exponent--;
  }
  return scale_digits(kept, count, exponent);
}

bool tavus_number_read(const char **at, tavus_number *number) {
  const char *p = *at;
  bool negative = *p == '-';
  uint64_t significand = 0;
  int64_t exponent = 0;
  if (negative) p++;
  if (*p == '0') p++;
  const char *first = p; /* the first significant digit */
  for (; is_digit(*p); p++) significand = significand * 10 + (uint64_t)(*p - '0');
  int64_t digits = p - first;
  bool plain = *p != '.' && (*p | 0x20) != 'e';

  if (plain && digits <= 19) {
    *at = p;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (significand <= limit && !(negative && significand == 0)) {
      number->is_integer = true;
      number->integer = negative ? -(int64_t)(significand - 1) - 1 : (int64_t)significand;
      return true;
    }
    number->is_integer = false; /* the conversion rounds once */
    number->real = negative ? -(double)significand : (double)significand;
    return true;
  }

  if (*p == '.') {
    const char *point = ++p;
    if (digits == 0) {
      while (*p == '0') p++;
      first = p;
    }
    const char *from = p;
    for (; is_digit(*p); p++) significand = significand * 10 + (uint64_t)(*p - '0');
    digits += p - from;
    exponent = -(int64_t)(p - point);
  }
  const char *end = p;
  if ((*p | 0x20) == 'e') {
    int64_t written = 0;
    bool down = *++p == '-';
    if (*p == '-' || *p == '+') p++;
    for (; is_digit(*p); p++)
      if (written < EXPONENT_CAP) written = written * 10 + (*p - '0');
    exponent += down ? -written : written;
  }
  *at = p;
  number->is_integer = false;
  double value = digits > 19 ? read_long(first, end, exponent)
                             : tavus_number_scale(significand, exponent);
  number->real = negative ? -value : value;
  return value <= DBL_MAX;
}
