/* write.c - see write.h. */
#include "write.h"

#include "number.h"
#include "scan.h"
#include "utf8.h"

/* ---- strings ----------------------------------------------------------- */

/* Writes the escape of a control character, quote or backslash to `out`. Returns its
** length, 2 or 6. */
static size_t write_escape(char *out, unsigned char byte) {
  static const char hex[] = "0123456789ABCDEF";
  static const char letters['\\' + 1] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'
  };
  out[0] = '\\';
  out[1] = letters[byte];
  if (out[1] != '\0') return 2;
  memcpy(out + 1, "u00", 3);
  out[4] = hex[byte >> 4];
  out[5] = hex[byte & 15];
  return 6;
}

bool tavus_write_string(lua_State *L, tavus_buffer *buffer, const char *text,
                        size_t length, size_t *bad_offset) {
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  size_t before = buffer->length;
  if (length > SIZE_MAX - 16) tavus_no_memory(L);
  /* At every step there is room for the unescaped rest, one escape and the quote. */
  char *out = tavus_buffer_reserve(L, buffer, length + 8);
  *out++ = '"';
  for (;;) {
    size_t run = tavus_scan_copy(out, at, (size_t)(end - at));
    out += run;
    at += run;
    if (at == end) break;
    if (*at >= 0x80) {
      do {
        size_t size = tavus_utf8_sequence(at, end);
        if (size == 0) {
          if (bad_offset != NULL)
            *bad_offset = (size_t)(at - (const unsigned char *)text);
          buffer->length = before;
          return false;
        }
        for (; size > 0; size--) *out++ = (char)*at++;
      } while (at < end && *at >= 0x80);
    } else {
      out += write_escape(out, *at++);
      size_t rest = (size_t)(end - at) + 8;
      if ((size_t)(buffer->data + buffer->capacity - out) < rest) {
        buffer->length = (size_t)(out - buffer->data);
        out = tavus_buffer_grow(L, buffer, rest);
      }
    }
  }
  *out++ = '"';
  buffer->length = (size_t)(out - buffer->data);
  return true;
}

/* ---- numbers ----------------------------------------------------------- */

#define MAX_NUMBER 40

/* Writes an integer and returns the end. */
static char *write_digits(char *out, uint64_t value) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) *out++ = digits[--count];
  return out;
}

void tavus_write_integer(lua_State *L, tavus_buffer *buffer, int64_t value) {
  char *out = tavus_buffer_reserve(L, buffer, MAX_NUMBER);
  uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  if (value < 0) *out++ = '-';
  out = write_digits(out, magnitude);
  buffer->length = (size_t)(out - buffer->data);
}

/* Returns the shortest decimal that is read back as `value` (finite, above zero):
** significand * 10^*exponent, without trailing zeros. */
static uint64_t shortest(double value, int *exponent) {
  char text[MAX_NUMBER];
  /* A normal double needs 17 digits at most. One that needs fewer than 15 is found
  ** with 15, whose zeros are dropped. A subnormal one may need one digit. */
  int precision = value < DBL_MIN ? 1 : 15;
  for (;; precision++) {
    uint64_t significand = 0;
    int power = 0;
    /* The second character is the decimal point of the locale. */
    (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
    const char *p = text;
    for (; *p != 'e' && *p != '\0'; p++)
      if (*p >= '0' && *p <= '9') significand = significand * 10 + (uint64_t)(*p - '0');
    bool down = *p == 'e' && p[1] == '-';
    for (; *p != '\0'; p++)
      if (*p >= '0' && *p <= '9') power = power * 10 + (*p - '0');
    *exponent = (down ? -power : power) - (precision - 1);
    bool found = precision >= 17;
    if (!found) found = tavus_number_scale(significand, *exponent) == value;
    /* Doubles are twice as dense below a power of two: the decimal above the
    ** nearest one may be read back where the nearest one is not. */
    if (!found && tavus_number_scale(significand + 1, *exponent) == value) {
      significand++;
      found = true;
    }
    if (!found) continue;
    while (significand % 10 == 0) {
      significand /= 10;
      ++*exponent;
    }
    return significand;
  }
}

/* Finds a short decimal such as 0.7 or 12.25: the smallest number of places for
** which significand / 10^places, rounded once, is the value. */
static bool short_decimal(double value, uint64_t *significand, int *exponent) {
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
  double power = 1.0;
  if (value >= 1e9 || value < 1e-3) return false;
  for (int places = 0; places <= 6; places++, power *= 10.0) {
    uint64_t nearest = (uint64_t)(value * power + 0.5);
    if ((double)nearest / power == value) {
      *significand = nearest;
      *exponent = -places;
      return true;
    }
  }
#endif
  (void)value, (void)significand, (void)exponent;
  return false;
}

/* Writes significand * 10^exponent, with an exponent only outside 1e-5 to 1e17. A
** float always gets a fraction or an exponent. Returns the end. */
static char *layout(char *out, uint64_t significand, int exponent, bool is_float) {
  char digits[20];
  int count = (int)(write_digits(digits, significand) - digits);
  int point = count + exponent; /* digits before the decimal point */
  if (point > 17 || point < -4) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      memcpy(out, digits + 1, (size_t)count - 1);
      out += count - 1;
    }
    *out++ = 'e';
    *out++ = point > 0 ? '+' : '-';
    return write_digits(out, (uint64_t)(point > 0 ? point - 1 : 1 - point));
  }
  if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (; point < 0; point++) *out++ = '0';
    memcpy(out, digits, (size_t)count);
    return out + count;
  }
  for (int i = 0; i < point || i < count; i++) {
    if (i == point) *out++ = '.';
    *out++ = i < count ? digits[i] : '0';
  }
  if (count <= point && is_float) {
    *out++ = '.';
    *out++ = '0';
  }
  return out;
}

/* Appends the shortest decimal that is read back as `value`, which must be finite.
** `is_float` (a float of Lua 5.3 and later): it is never written as an integer, but
** as `1.0`, `-0.0` or `1e+300`. */
static void write_real(lua_State *L, tavus_buffer *buffer, double value, bool is_float) {
  char *out = tavus_buffer_reserve(L, buffer, MAX_NUMBER);
  uint64_t significand;
  int exponent = 0;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (bits >> 63 != 0) {
    *out++ = '-';
    value = -value;
  }
  if (value < 9007199254740992.0 && (double)(uint64_t)value == value)
    significand = (uint64_t)value;
  else if (!short_decimal(value, &significand, &exponent))
    significand = shortest(value, &exponent);
  if (exponent == 0 && !is_float)
    out = write_digits(out, significand);
  else if (exponent == 0 && significand < UINT64_C(100000000000000000)) {
    out = write_digits(out, significand);
    *out++ = '.';
    *out++ = '0';
  } else {
    out = layout(out, significand, exponent, is_float);
  }
  buffer->length = (size_t)(out - buffer->data);
}

bool tavus_write_lua_number(lua_State *L, tavus_buffer *buffer, int index) {
#if TAVUS_HAS_INTEGERS
  if (lua_isinteger(L, index)) {
    tavus_write_integer(L, buffer, (int64_t)lua_tointeger(L, index));
    return true;
  }
#endif
  double value = (double)lua_tonumber(L, index);
  if (!(value >= -DBL_MAX && value <= DBL_MAX)) return false;
  write_real(L, buffer, value, TAVUS_HAS_INTEGERS);
  return true;
}
