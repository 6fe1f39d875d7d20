/* retry.c - see retry.h. */
#include "retry.h"

#include <strings.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* --- the table --- */

#define RETRY "retry"
#define AMBIGUOUS "ambiguous"
#define NO "no"

/* The verdict on a request that may be repeated, and on one that may not. The first row
** that fits counts; without one the verdict is "no". */
static const struct row {
  tavus_http_outcome outcome;
  long from, to; /* status of an answer; 0: any */
  const char *repeats;
  const char *once;
} table[] = {
  { TAVUS_HTTP_NOT_SENT, 0, 0, RETRY, RETRY },
  { TAVUS_HTTP_LOST, 0, 0, RETRY, AMBIGUOUS },
  { TAVUS_HTTP_TIMEOUT, 0, 0, RETRY, AMBIGUOUS },
  { TAVUS_HTTP_ANSWER, 429, 429, RETRY, RETRY },
  { TAVUS_HTTP_ANSWER, 408, 408, RETRY, AMBIGUOUS },
  { TAVUS_HTTP_ANSWER, 500, 500, RETRY, AMBIGUOUS },
  { TAVUS_HTTP_ANSWER, 502, 504, RETRY, AMBIGUOUS },
};

const char *tavus_http_verdict(tavus_http_outcome outcome, long status, bool may_repeat) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const struct row *row = &table[i];
    if (row->outcome != outcome) continue;
    if (row->to != 0 && (status < row->from || status > row->to)) continue;
    return may_repeat ? row->repeats : row->once;
  }
  return NO;
}

bool tavus_http_is_safe_to_repeat(const char *method) {
  return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

double tavus_http_backoff(int n, double random) {
  double seconds = 0.5;
  if (!(random >= 0)) random = 0;
  if (random > 1) random = 1;
  while (--n > 0 && seconds < 8) seconds *= 2;
  return seconds * (0.5 + 0.5 * random);
}

double tavus_http_random(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t x = (uint64_t)now.tv_nsec * UINT64_C(2654435761) + (uint64_t)now.tv_sec +
               ((uint64_t)getpid() << 32) + (uint64_t)(uintptr_t)&now;
  /* the finalizer of splitmix64 */
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  x ^= x >> 31;
  return (double)(x >> 11) / 9007199254740992.0;
}

/* --- HTTP dates --- */

typedef struct reader {
  const char *at;
  bool failed;
} reader;

/* Reads this text, or fails. */
static void expect(reader *in, const char *text) {
  size_t length = strlen(text);
  if (in->failed || strncmp(in->at, text, length) != 0)
    in->failed = true;
  else
    in->at += length;
}

/* Reads a number of `least` to `most` digits, or fails. */
static int number(reader *in, int least, int most) {
  int value = 0, digits = 0;
  while (!in->failed && digits < most && *in->at >= '0' && *in->at <= '9') {
    value = value * 10 + (*in->at++ - '0');
    digits++;
  }
  if (digits < least) in->failed = true;
  return value;
}

/* Reads one of `count` names, of which three letters are compared, and returns its
** index, or fails. */
static int name(reader *in, const char *const *names, int count) {
  for (int i = 0; !in->failed && i < count; i++) {
    if (strncasecmp(in->at, names[i], 3) == 0) {
      in->at += 3;
      return i;
    }
  }
  in->failed = true;
  return 0;
}

/* Returns the days from 1970-01-01 to a date of the Gregorian calendar. */
static long days_since_epoch(long year, long month, long day) {
  if (month <= 2) {
    year--;
    month += 12;
  }
  long era = year / 400;
  long of_era = year - era * 400;
  long of_year = (153 * (month - 3) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Reads hh:mm:ss as seconds, or fails. */
static int clock_time(reader *in) {
  int hour = number(in, 2, 2);
  expect(in, ":");
  int minute = number(in, 2, 2);
  expect(in, ":");
  int second = number(in, 2, 2);
  if (hour > 23 || minute > 59 || second > 60) in->failed = true;
  return hour * 3600 + minute * 60 + second;
}

/* Reads an HTTP date (all three forms of RFC 9110) as Unix seconds, whatever the
** locale. */
static bool read_date(const char *text, double *seconds) {
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  reader in = { text, false };
  int year, month, day, of_day;
  (void)name(&in, days, 7);
  if (!in.failed && *in.at == ' ') { /* Sun Nov  6 08:49:37 1994 */
    expect(&in, " ");
    month = name(&in, months, 12);
    expect(&in, " ");
    if (!in.failed && *in.at == ' ') in.at++;
    day = number(&in, 1, 2);
    expect(&in, " ");
    of_day = clock_time(&in);
    expect(&in, " ");
    year = number(&in, 4, 4);
  } else {
    bool old; /* Sunday, 06-Nov-94 08:49:37 GMT */
    while (!in.failed && *in.at >= 'a' && *in.at <= 'z') in.at++;
    expect(&in, ", ");
    day = number(&in, 2, 2);
    old = !in.failed && *in.at == '-';
    expect(&in, old ? "-" : " ");
    month = name(&in, months, 12);
    expect(&in, old ? "-" : " ");
    year = number(&in, old ? 2 : 4, old ? 2 : 4);
    if (old) year += year < 70 ? 2000 : 1900;
    expect(&in, " ");
    of_day = clock_time(&in);
    expect(&in, " GMT");
  }
  if (in.failed || *in.at != '\0' || day < 1 || day > lengths[month] || year < 1600)
    return false;
  *seconds = (double)days_since_epoch(year, month + 1, day) * 86400.0 + of_day;
  return true;
}

/* --- Retry-After --- */

/* Reads digits with an optional fraction; without sign and exponent. */
static bool read_decimal(const char *text, double *value) {
  double result = 0, unit = 1;
  int digits = 0;
  while (*text == ' ' || *text == '\t') text++;
  for (; *text >= '0' && *text <= '9'; text++, digits++)
    result = result * 10 + (*text - '0');
  if (*text == '.') {
    for (text++; *text >= '0' && *text <= '9'; text++, digits++) {
      unit /= 10;
      result += (*text - '0') * unit;
    }
  }
  while (*text == ' ' || *text == '\t') text++;
  if (digits == 0 || digits > 15 || *text != '\0') return false;
  *value = result;
  return true;
}

bool tavus_http_retry_after(const char *ms, const char *after, const char *date,
                            const double *now, double *seconds) {
  double base, when;
  if (ms != NULL && read_decimal(ms, seconds)) {
    *seconds /= 1000;
    return true;
  }
  if (after == NULL) return false;
  if (read_decimal(after, seconds)) return true;
  if (!read_date(after, &when)) return false;
  if (now != NULL)
    base = *now;
  else if (date == NULL || !read_date(date, &base))
    base = (double)time(NULL);
  *seconds = when > base ? when - base : 0;
  return true;
}
