/* number.c - see number.h.
**
** Three roads, each taken only where it is exact: both parts exact doubles and
** one rounding (nearly every number there is); a 64-bit significand with a
** bound on its error; big integers, when that bound leaves the rounding open.
*/
#include "number.h"

/* Digits that can matter: halfway points between doubles have at most 767. */
#define MAX_DIGITS 770
/* Bits of the largest big integer in a comparison are below 4096. */
#define MAX_LIMBS 136

/* Larger than what any length of digits can make up for. */
#define EXPONENT_CAP INT64_C(100000000000)

#define LEAST_EXPONENT (-1074) /* binary, of the smallest double */
#define MOST_EXPONENT 971      /* of the last bit of the largest double */

/* ---- big integers ------------------------------------------------------ */

typedef struct big {
  uint32_t limb[MAX_LIMBS];
  int count;
} big;

static void big_set(big *b, uint64_t value) {
  b->count = 0;
  for (; value != 0; value >>= 32) b->limb[b->count++] = (uint32_t)value;
}

/* b = b * factor + carry */
static void big_multiply(big *b, uint32_t factor, uint32_t carry) {
  for (int i = 0; i < b->count; i++) {
    uint64_t product = (uint64_t)b->limb[i] * factor + carry;
    b->limb[i] = (uint32_t)product;
    carry = (uint32_t)(product >> 32);
  }
  if (carry != 0 && b->count < MAX_LIMBS) b->limb[b->count++] = carry;
}

static void big_multiply_power5(big *b, int power) {
  for (; power >= 13; power -= 13) big_multiply(b, 1220703125u, 0);
  uint32_t rest = 1;
  for (; power > 0; power--) rest *= 5;
  big_multiply(b, rest, 0);
}

static void big_shift(big *b, int bits) {
  int limbs = bits / 32;
  if (b->count == 0 || b->count + limbs > MAX_LIMBS) return;
  big_multiply(b, (uint32_t)1 << (bits % 32), 0);
  if (limbs == 0 || b->count + limbs > MAX_LIMBS) return;
  memmove(b->limb + limbs, b->limb, (size_t)b->count * sizeof b->limb[0]);
  memset(b->limb, 0, (size_t)limbs * sizeof b->limb[0]);
  b->count += limbs;
}

static int big_compare(const big *a, const big *b) {
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  for (int i = a->count - 1; i >= 0; i--)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  return 0;
}

/* ---- rounding ---------------------------------------------------------- */

/* significand * 10^exponent; the digits say the same, and all of it, when the
** significand could hold only the first 19 of them. */
typedef struct decimal {
  uint64_t significand;
  int exponent;
  const char *digits; /* NULL: the significand is complete */
  int count;
  int digits_exponent;
} decimal;

/* Compares the decimal with (2m + 1) * 2^(last - 1), the middle between the
** doubles m * 2^last and (m + 1) * 2^last. */
static int compare_with_middle(const decimal *d, uint64_t m, int last) {
  big left, right;
  int power = d->exponent;
  if (d->digits == NULL) {
    big_set(&left, d->significand);
  } else {
    power = d->digits_exponent;
    left.count = 0;
    for (int i = 0; i < d->count; i++)
      big_multiply(&left, 10, (uint32_t)(d->digits[i] - '0'));
  }
  big_set(&right, 2 * m + 1);
  big_multiply_power5(power >= 0 ? &left : &right, power >= 0 ? power : -power);
  int shift = power - (last - 1);
  if (shift >= 0)
    big_shift(&left, shift);
  else
    big_shift(&right, -shift);
  return big_compare(&left, &right);
}

static double compose(uint64_t m, int last) {
  uint64_t bits = m;
  double value;
  if (m == UINT64_C(1) << 53) {
    m >>= 1;
    last++;
  }
  if (last > MOST_EXPONENT) return HUGE_VAL;
  if (m >= UINT64_C(1) << 52)
    bits = ((uint64_t)(last + 1075) << 52) | (m & ((UINT64_C(1) << 52) - 1));
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* 10^(27 i) for i from -13, to 64 bits, rounded to nearest. */
static const struct {
  uint64_t significand;
  int exponent;
} power27[] = {
    {UINT64_C(0x8049A4AC0C5811AE), -1229}, /* 1e-351 */
    {UINT64_C(0xCF42894A5DCE35EA), -1140}, /* 1e-324 */
    {UINT64_C(0xA76C582338ED2622), -1050}, /* 1e-297 */
    {UINT64_C(0x873E4F75E2224E68), -960},  /* 1e-270 */
    {UINT64_C(0xDA7F5BF590966849), -871},  /* 1e-243 */
    {UINT64_C(0xB080392CC4349DED), -781},  /* 1e-216 */
    {UINT64_C(0x8E938662882AF53E), -691},  /* 1e-189 */
    {UINT64_C(0xE65829B3046B0AFA), -602},  /* 1e-162 */
    {UINT64_C(0xBA121A4650E4DDEC), -512},  /* 1e-135 */
    {UINT64_C(0x964E858C91BA2655), -422},  /* 1e-108 */
    {UINT64_C(0xF2D56790AB41C2A3), -333},  /* 1e-81 */
    {UINT64_C(0xC428D05AA4751E4D), -243},  /* 1e-54 */
    {UINT64_C(0x9E74D1B791E07E48), -153},  /* 1e-27 */
    {UINT64_C(0x8000000000000000), -63},   /* 1e0 */
    {UINT64_C(0xCECB8F27F4200F3A), 26},    /* 1e27 */
    {UINT64_C(0xA70C3C40A64E6C52), 116},   /* 1e54 */
    {UINT64_C(0x86F0AC99B4E8DAFD), 206},   /* 1e81 */
    {UINT64_C(0xDA01EE641A708DEA), 295},   /* 1e108 */
    {UINT64_C(0xB01AE745B101E9E4), 385},   /* 1e135 */
    {UINT64_C(0x8E41ADE9FBEBC27D), 475},   /* 1e162 */
    {UINT64_C(0xE5D3EF282A242E82), 564},   /* 1e189 */
    {UINT64_C(0xB9A74A0637CE2EE1), 654},   /* 1e216 */
    {UINT64_C(0x95F83D0A1FB69CD9), 744},   /* 1e243 */
    {UINT64_C(0xF24A01A73CF2DCD0), 833},   /* 1e270 */
    {UINT64_C(0xC3B8358109E84F07), 923},   /* 1e297 */
    {UINT64_C(0x9E19DB92B4E31BA9), 1013},  /* 1e324 */
};

/* significand * 2^exponent, normalized: the top bit is set. */
typedef struct scaled {
  uint64_t significand;
  int exponent;
} scaled;

static scaled normalize(uint64_t significand, int exponent) {
  int zeros = __builtin_clzll(significand);
  scaled s = {significand << zeros, exponent - zeros};
  return s;
}

/* The product's top 64 bits: less than one unit of the last place too small
** before normalizing, less than two after. */
static scaled multiply(scaled a, scaled b) {
  uint64_t a1 = a.significand >> 32, a0 = a.significand & 0xFFFFFFFFu;
  uint64_t b1 = b.significand >> 32, b0 = b.significand & 0xFFFFFFFFu;
  uint64_t middle = a1 * b0 + ((a0 * b0) >> 32);
  uint64_t other = a0 * b1 + (middle & 0xFFFFFFFFu);
  uint64_t top = a1 * b1 + (middle >> 32) + (other >> 32);
  return normalize(top, a.exponent + b.exponent + 64);
}

/* Units in the last of the 64 bits by which the scaled value may be off: less
** than 7 from two products and one rounded power; when digits were cut, 16
** more for those (10^18 has four leading zero bits), doubled by normalizing. */
#define SCALE_ERROR(d) ((uint64_t)((d)->digits == NULL ? 8 : 64))

static double round_decimal(const decimal *d) {
  if (d->significand == 0) return 0.0;
  /* beyond any double, also with 19 digits before the exponent */
  if (d->exponent > 310) return HUGE_VAL;
  if (d->exponent < -345) return 0.0;

  int row = (d->exponent + 351) / 27;
  int small = d->exponent + 351 - row * 27;
  uint64_t five = 1;
  for (int i = 0; i < small; i++) five *= 5; /* 5^26 fits 61 bits */
  scaled power = {power27[row].significand, power27[row].exponent};
  scaled s = multiply(normalize(d->significand, 0), normalize(five, small));
  s = multiply(s, power);

  int last = s.exponent + 11;
  if (last < LEAST_EXPONENT) last = LEAST_EXPONENT;
  int shift = last - s.exponent;
  uint64_t m = 0;
  if (shift < 64) {
    uint64_t half = UINT64_C(1) << (shift - 1);
    uint64_t rest = s.significand & (half * 2 - 1);
    m = s.significand >> shift;
    uint64_t error = SCALE_ERROR(d);
    if (rest > half + error) return compose(m + 1, last);
    if (rest + error < half) return compose(m, last);
  }
  if (last > MOST_EXPONENT) return HUGE_VAL;
  int order = compare_with_middle(d, m, last);
  if (order > 0 || (order == 0 && (m & 1) != 0)) m++;
  return compose(m, last);
}

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* One exact operation rounds once, unless the machine computes in a wider
** format than double. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
#define EXACT_ARITHMETIC 1
#else
#define EXACT_ARITHMETIC 0
#endif

static bool scale_exactly(uint64_t significand, int exponent, double *value) {
  if (!EXACT_ARITHMETIC || significand > UINT64_C(1) << 53) return false;
  if (exponent < -22 || exponent > 22) return false;
  *value = exponent < 0 ? (double)significand / exact_power[-exponent]
                        : (double)significand * exact_power[exponent];
  return true;
}

double tavus_number_scale(uint64_t significand, int exponent) {
  double value;
  if (scale_exactly(significand, exponent, &value)) return value;
  decimal d = {significand, exponent, NULL, 0, 0};
  return round_decimal(&d);
}

/* ---- reading ----------------------------------------------------------- */

static inline bool is_digit(char c) { return (unsigned)(c - '0') <= 9; }

/* A number of more than 19 significant digits: `digits` is its first digit
** that is not zero, `exponent` the power of its last digit. Collects the
** digits without the point; what cannot be kept counts as one more digit,
** which is all that rounding can ask of it. */
static double read_long(const char *digits, const char *end, int64_t exponent) {
  char kept[MAX_DIGITS + 1];
  int count = 0;
  int64_t dropped = 0;
  bool rest = false;
  decimal d = {0, 0, kept, 0, 0};
  for (const char *p = digits; p < end; p++) {
    if (!is_digit(*p)) continue;
    if (count < MAX_DIGITS) {
      kept[count++] = *p;
      if (count <= 19) d.significand = d.significand * 10 + (uint64_t)(*p - '0');
    } else {
      dropped++;
      if (*p != '0') rest = true;
    }
  }
  exponent += dropped;
  if (rest) {
    kept[count++] = '1';
    exponent--;
  }
  int64_t first = exponent + count - 19;
  if (first > 400) return HUGE_VAL;
  if (first < -400) return 0.0;
  d.exponent = (int)first;
  d.count = count;
  d.digits_exponent = (int)exponent;
  return round_decimal(&d);
}

bool tavus_number_read(const char **at, tavus_number *number) {
  const char *p = *at;
  bool negative = *p == '-';
  uint64_t significand = 0;
  int64_t exponent = 0;
  if (negative) p++;
  if (*p == '0') p++;
  const char *first = p; /* of the significant digits */
  for (; is_digit(*p); p++)
    significand = significand * 10 + (uint64_t)(*p - '0');
  int64_t digits = p - first;
  bool plain = *p != '.' && (*p | 0x20) != 'e';

  if (plain && digits <= 19) {
    *at = p;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (significand <= limit && !(negative && significand == 0)) {
      number->is_integer = true;
      number->integer = negative ? -(int64_t)(significand - 1) - 1
                                 : (int64_t)significand;
      return true;
    }
    number->is_integer = false; /* a conversion rounds once, to nearest */
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
    for (; is_digit(*p); p++)
      significand = significand * 10 + (uint64_t)(*p - '0');
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
  double value;
  if (digits > 19) {
    value = read_long(first, end, exponent);
  } else if (significand == 0) {
    value = 0.0;
  } else if (exponent > 400) {
    value = HUGE_VAL;
  } else if (exponent < -400) {
    value = 0.0;
  } else {
    value = tavus_number_scale(significand, (int)exponent);
  }
  number->real = negative ? -value : value;
  return value <= DBL_MAX;
}
