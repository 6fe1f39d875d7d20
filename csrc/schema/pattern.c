/* pattern.c - see pattern.h. The compiler writes a block of instructions for each part of
** a pattern. Jumps are relative and stay inside their block or end right behind it, so a
** block can be moved and copied. */
#include "pattern.h"

#include <string.h>

#include "../json/utf8.h"

enum { CHARACTER, ANY, CLASS, NOT_CLASS, SPLIT, JUMP, BEGIN, END, MATCH };

/* The largest count that is read from {m,n}; a larger one is too large in any case. */
#define MOST_COUNT 100000
#define UNBOUNDED (-1)
#define LAST_CHARACTER 0x10FFFF

uint32_t tavus_next_character(const unsigned char **at, const unsigned char *end) {
  static const unsigned char masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
  size_t length = tavus_utf8_sequence(*at, end);
  if (length == 0) return *(*at)++ | 0x80000000u;
  uint32_t code = **at & masks[length];
  while (++*at, --length > 0) code = code << 6 | (**at & 0x3F);
  return code;
}

/* --- the compiler --- */

typedef struct parser {
  tavus_pattern *p;
  const unsigned char *at, *end;
  int nesting;
  bool failed;
} parser;

static bool more(const parser *r) { return !r->failed && r->at < r->end; }

/* Is `c` next? Takes it. */
static bool take(parser *r, char c) {
  if (!more(r) || *r->at != (unsigned char)c) return false;
  r->at++;
  return true;
}

/* Makes room for `count` instructions at `place`. */
static bool make_room(parser *r, int place, int count) {
  tavus_pattern *p = r->p;
  if (r->failed || p->length + count > TAVUS_PATTERN_CODE) {
    r->failed = true;
    return false;
  }
  memmove(p->code + place + count, p->code + place,
          (size_t)(p->length - place) * sizeof *p->code);
  p->length += count;
  return true;
}

static void insert(parser *r, int place, int op, int x, int y) {
  if (make_room(r, place, 1)) r->p->code[place] = (tavus_instruction){ op, x, y };
}

static void emit(parser *r, int op, int x, int y) { insert(r, r->p->length, op, x, y); }

static void add_range(parser *r, uint32_t low, uint32_t high) {
  tavus_pattern *p = r->p;
  if (low > high || p->range_count == TAVUS_PATTERN_RANGES)
    r->failed = true;
  else
    p->ranges[p->range_count++] = (tavus_range){ low, high };
}

/* The classes of \d, \w and \s, sorted. */
static const tavus_range DIGITS[] = { { '0', '9' } };
static const tavus_range WORDS[] = {
  { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' }
};
static const tavus_range SPACES[] = { { 0x09, 0x0D },     { 0x20, 0x20 },
                                      { 0xA0, 0xA0 },     { 0x1680, 0x1680 },
                                      { 0x2000, 0x200A }, { 0x2028, 0x2029 },
                                      { 0x202F, 0x202F }, { 0x205F, 0x205F },
                                      { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF } };

/* Adds the class of \d, \D, ... Returns false when `letter` is none of them. */
static bool add_named_class(parser *r, unsigned char letter) {
  const tavus_range *list = SPACES;
  size_t count = sizeof SPACES / sizeof *SPACES;
  unsigned char lower = letter | 0x20;
  if (lower != 'd' && lower != 'w' && lower != 's') return false;
  if (lower == 'd') list = DIGITS, count = sizeof DIGITS / sizeof *DIGITS;
  if (lower == 'w') list = WORDS, count = sizeof WORDS / sizeof *WORDS;
  uint32_t from = 0;
  for (size_t i = 0; i < count; i++) {
    if (letter == lower)
      add_range(r, list[i].low, list[i].high);
    else
      add_range(r, from, list[i].low - 1);
    from = list[i].high + 1;
  }
  if (letter != lower) add_range(r, from, LAST_CHARACTER);
  return true;
}

/* Reads `count` hexadecimal digits. */
static uint32_t read_hex(parser *r, int count) {
  uint32_t code = 0;
  while (count-- > 0) {
    unsigned char c = more(r) ? *r->at++ : ' ', lower = c | 0x20;
    if (c >= '0' && c <= '9')
      code = code << 4 | (uint32_t)(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      code = code << 4 | (uint32_t)(lower - 'a' + 10);
    else
      r->failed = true;
  }
  if (code >= 0xD800 && code <= 0xDFFF) r->failed = true; /* half of a pair */
  return code;
}

/* Reads an escape of one character, behind the backslash. */
static uint32_t read_escape(parser *r) {
  static const char letters[] = "tnvfr", codes[] = "\t\n\v\f\r";
  uint32_t c = tavus_next_character(&r->at, r->end);
  const char *found = c < 0x80 && c != 0 ? strchr(letters, (int)c) : NULL;
  if (found != NULL) return (unsigned char)codes[found - letters];
  if (c == 'x') return read_hex(r, 2);
  if (c == 'u') return read_hex(r, 4);
  /* other letters and digits have meanings that are not understood: \b, \p, \1 */
  bool known = (c < '0' || c > '9') && ((c | 0x20) < 'a' || (c | 0x20) > 'z') && c != '_';
  if (!known || c >= 0x80) r->failed = true;
  return c;
}

/* Reads a character of a class. Returns false when it was a class such as \d. */
static bool class_character(parser *r, uint32_t *c) {
  if (!take(r, '\\')) {
    *c = tavus_next_character(&r->at, r->end);
    return true;
  }
  if (!more(r)) {
    r->failed = true;
    return false;
  }
  if (add_named_class(r, *r->at)) {
    r->at++;
    return false;
  }
  if (take(r, 'b'))
    *c = '\b';
  else if (take(r, '-'))
    *c = '-';
  else
    *c = read_escape(r);
  return true;
}

/* Reads a class, behind its "[". */
static void parse_class(parser *r) {
  int first = r->p->range_count;
  int op = take(r, '^') ? NOT_CLASS : CLASS;
  while (more(r) && *r->at != ']') {
    uint32_t low, high;
    bool single = class_character(r, &low);
    if (!more(r)) break;
    if (single && *r->at == '-' && r->end - r->at > 1 && r->at[1] != ']') {
      r->at++;
      if (!class_character(r, &high))
        r->failed = true;
      else
        add_range(r, low, high);
    } else if (single) {
      add_range(r, low, low);
    }
  }
  if (!take(r, ']')) r->failed = true;
  emit(r, op, first, r->p->range_count - first);
}

static void parse_alternatives(parser *r);

/* Reads a group, behind its "(". */
static void parse_group(parser *r) {
  if (take(r, '?') && !take(r, ':')) r->failed = true; /* look-around, a name */
  if (r->nesting == TAVUS_PATTERN_NESTING) r->failed = true;
  if (r->failed) return;
  r->nesting++;
  parse_alternatives(r);
  r->nesting--;
  if (!take(r, ')')) r->failed = true;
}

/* Reads an escape outside of classes, behind the backslash. */
static void parse_escape(parser *r) {
  int first = r->p->range_count;
  if (!more(r)) {
    r->failed = true;
  } else if (add_named_class(r, *r->at)) {
    r->at++;
    emit(r, CLASS, first, r->p->range_count - first);
  } else {
    emit(r, CHARACTER, (int)read_escape(r), 0);
  }
}

static bool read_count(parser *r, int *count) {
  if (!more(r) || *r->at < '0' || *r->at > '9') return false;
  for (*count = 0; more(r) && *r->at >= '0' && *r->at <= '9'; r->at++)
    if (*count < MOST_COUNT) *count = *count * 10 + (*r->at - '0');
  return true;
}

/* Reads {m}, {m,} or {m,n}. A brace that begins none of them is a literal. */
static bool read_braces(parser *r, int *least, int *most) {
  const unsigned char *start = r->at;
  if (take(r, '{') && read_count(r, least)) {
    *most = *least;
    if (take(r, ',') && !read_count(r, most)) *most = UNBOUNDED;
    if (take(r, '}')) return true;
  }
  r->at = start;
  return false;
}

static bool read_quantifier(parser *r, int *least, int *most) {
  *least = 0;
  *most = UNBOUNDED;
  if (take(r, '*')) return true;
  if (take(r, '+')) return *least = 1, true;
  if (take(r, '?')) return *most = 1, true;
  return read_braces(r, least, most);
}

/* Appends a copy of a block. */
static void copy_block(parser *r, int start, int length) {
  int to = r->p->length;
  if (!make_room(r, to, length)) return;
  memcpy(r->p->code + to, r->p->code + start, (size_t)length * sizeof *r->p->code);
}

/* Repeats the block from `start` to the end of the code. */
static void repeat(parser *r, int start, int least, int most) {
  tavus_pattern *p = r->p;
  int length = p->length - start;
  if (most != UNBOUNDED && most < least) r->failed = true;
  if (length == 0 || r->failed) return;
  if (most == 0) {
    p->length = start;
    return;
  }
  if (least == 0) {
    insert(r, start, SPLIT, 1, length + 1 + (most == UNBOUNDED));
    if (most == UNBOUNDED) emit(r, JUMP, -(length + 1), 0);
    start++;
  }
  for (int i = 1; i < least && !r->failed; i++) copy_block(r, start, length);
  if (most == UNBOUNDED && least > 0) emit(r, SPLIT, -length, 1);
  for (int i = least > 0 ? least : 1; i < most && !r->failed; i++) {
    emit(r, SPLIT, 1, length + 1);
    copy_block(r, start, length);
  }
}

/* Reads a part that a quantifier may follow. */
static void parse_part(parser *r) {
  int start = r->p->length, least, most;
  unsigned char c = *r->at;
  if (c == '*' || c == '+' || c == '?' || read_braces(r, &least, &most)) {
    r->failed = true;
  } else if (c == '^' || c == '$') {
    r->at++;
    emit(r, c == '^' ? BEGIN : END, 0, 0);
  } else if (take(r, '(')) {
    parse_group(r);
  } else if (take(r, '[')) {
    parse_class(r);
  } else if (take(r, '\\')) {
    parse_escape(r);
  } else if (take(r, '.')) {
    emit(r, ANY, 0, 0);
  } else {
    emit(r, CHARACTER, (int)tavus_next_character(&r->at, r->end), 0);
  }
  if (!r->failed && read_quantifier(r, &least, &most)) {
    (void)take(r, '?'); /* lazy: matches the same texts */
    repeat(r, start, least, most);
  }
}

/* Reads alternatives, up to a ")" or the end. */
static void parse_alternatives(parser *r) {
  tavus_pattern *p = r->p;
  int last_jump = 0; /* each jump holds the distance back to the one before, or 0 */
  for (;;) {
    int start = p->length;
    while (more(r) && *r->at != '|' && *r->at != ')') parse_part(r);
    if (!take(r, '|')) break;
    insert(r, start, SPLIT, 1, p->length - start + 2);
    emit(r, JUMP, last_jump > 0 ? p->length - last_jump : 0, 0);
    last_jump = p->length - 1;
  }
  while (!r->failed && last_jump > 0) {
    int back = p->code[last_jump].x;
    p->code[last_jump].x = p->length - last_jump;
    last_jump = back > 0 ? last_jump - back : 0;
  }
}

bool tavus_pattern_compile(tavus_pattern *p, const char *text, size_t length) {
  const unsigned char *at = (const unsigned char *)text;
  parser r = { .p = p, .at = at, .end = at + length };
  p->length = p->range_count = 0;
  parse_alternatives(&r);
  if (r.at < r.end) r.failed = true; /* a ")" too many */
  emit(&r, MATCH, 0, 0);
  return !r.failed;
}

/* --- the simulation --- */

/* Adds what can be reached from `first` without a character. Returns true when that is a
** match. */
static bool add_threads(tavus_pattern *p, tavus_threads *set, int first, bool at_begin,
                        bool at_end, int64_t *budget) {
  int top = 0;
  p->stack[top++] = (uint16_t)first;
  while (top > 0) {
    int pc = p->stack[--top];
    const tavus_instruction *i = &p->code[pc];
    if (set->sparse[pc] < set->count && set->dense[set->sparse[pc]] == pc) continue;
    set->sparse[pc] = (uint16_t)set->count;
    set->dense[set->count++] = (uint16_t)pc;
    --*budget;
    switch (i->op) {
      case MATCH: return true;
      case SPLIT:
        p->stack[top++] = (uint16_t)(pc + i->y);
        p->stack[top++] = (uint16_t)(pc + i->x);
        break;
      case JUMP: p->stack[top++] = (uint16_t)(pc + i->x); break;
      case BEGIN:
        if (at_begin) p->stack[top++] = (uint16_t)(pc + 1);
        break;
      case END:
        if (at_end) p->stack[top++] = (uint16_t)(pc + 1);
        break;
      default: break;
    }
  }
  return false;
}

static bool in_class(const tavus_pattern *p, const tavus_instruction *i, uint32_t c) {
  for (int n = i->x; n < i->x + i->y; n++)
    if (c >= p->ranges[n].low && c <= p->ranges[n].high) return true;
  return false;
}

/* Does the instruction consume the character? */
static bool consumes(const tavus_pattern *p, const tavus_instruction *i, uint32_t c) {
  switch (i->op) {
    case CHARACTER: return (uint32_t)i->x == c;
    case ANY: return c != '\n' && c != '\r' && c != 0x2028 && c != 0x2029;
    case CLASS: return in_class(p, i, c);
    case NOT_CLASS: return !in_class(p, i, c);
    default: return false;
  }
}

tavus_match tavus_pattern_find(tavus_pattern *p, const char *text, size_t length,
                               int64_t *budget) {
  const unsigned char *start = (const unsigned char *)text, *at = start;
  const unsigned char *end = start + length;
  bool anchored = p->code[0].op == BEGIN;
  memset(p->now.sparse, 0, sizeof p->now.sparse);
  memset(p->next.sparse, 0, sizeof p->next.sparse);
  tavus_threads *now = &p->now, *next = &p->next;
  now->count = 0;
  for (;;) {
    if (add_threads(p, now, 0, at == start, at == end, budget)) return TAVUS_MATCH;
    if (at == end || (anchored && at > start && now->count <= 1)) return TAVUS_NO_MATCH;
    if (*budget <= 0) return TAVUS_MATCH_STOPPED;
    uint32_t c = tavus_next_character(&at, end);
    next->count = 0;
    for (int n = 0; n < now->count; n++) {
      const tavus_instruction *i = &p->code[now->dense[n]];
      *budget -= 1 + (i->op == CLASS || i->op == NOT_CLASS ? i->y : 0);
      if (consumes(p, i, c) &&
          add_threads(p, next, now->dense[n] + 1, false, at == end, budget))
        return TAVUS_MATCH;
    }
    tavus_threads *spent = now;
    now = next;
    next = spent;
  }
}
