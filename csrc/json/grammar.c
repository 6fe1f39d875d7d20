/* grammar.c - see grammar.h. */
#include "grammar.h"

#include "marks.h"
#include "scan.h"
#include "utf8.h"

typedef const unsigned char *cursor;

/* Appends a note and returns its offset. */
static inline size_t add_note(tavus_reading *r, uint32_t note) {
  size_t place = r->notes->length;
  memcpy(tavus_buffer_reserve(r->L, r->notes, sizeof note), &note, sizeof note);
  r->notes->length += sizeof note;
  return place;
}

/* Keeps what is wrong, and where. */
static bool fail(tavus_reading *r, cursor at, const char *message) {
  r->at = at;
  r->message = at >= r->end ? "unexpected end of the text" : message;
  return false;
}

int32_t tavus_read_hex4(const unsigned char *p) {
  int32_t code = 0;
  for (int i = 0; i < 4; i++) {
    int digit;
    if (p[i] >= '0' && p[i] <= '9')
      digit = p[i] - '0';
    else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
      digit = (p[i] | 0x20) - 'a' + 10;
    else
      return -1;
    code = code * 16 + digit;
  }
  return code;
}

/* Checks the escape at the backslash `p`. Returns what follows it, or NULL. */
static cursor check_escape(tavus_reading *r, cursor p) {
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return p + 2;
    case 'u': {
      int32_t code = tavus_read_hex4(p + 2);
      if (code < 0) {
        fail(r, p, "\\u needs four hexadecimal digits");
        return NULL;
      }
      if (code < 0xD800 || code > 0xDFFF) return p + 6;
      if (code <= 0xDBFF && p[6] == '\\' && p[7] == 'u') {
        int32_t low = tavus_read_hex4(p + 8);
        if (low >= 0xDC00 && low <= 0xDFFF) return p + 12;
      }
      fail(r, p, "half of a surrogate pair");
      return NULL;
    }
    default: fail(r, p + 1 >= r->end ? r->end : p, "unknown escape"); return NULL;
  }
}

/* Checks the bytes at `p` in a string, which are neither plain nor a quote. Returns
** what follows them, or NULL. */
static cursor check_special(tavus_reading *r, cursor p) {
  if (p >= r->end) {
    fail(r, p, "");
    return NULL;
  }
  if (*p == '\\') return check_escape(r, p);
  if (*p < 0x80) {
    fail(r, p, "control character in a string, which must be escaped");
    return NULL;
  }
  do {
    size_t size = tavus_utf8_sequence(p, r->end);
    if (size == 0) {
      fail(r, p, "invalid UTF-8");
      return NULL;
    }
    p += size;
  } while (*p >= 0x80);
  return p;
}

static inline bool is_digit(unsigned char c) { return (unsigned)(c - '0') <= 9; }

/* Checks a number. Returns what follows it, or NULL. */
static inline cursor check_number(tavus_reading *r, cursor p) {
  if (*p == '-') p++;
  if (!is_digit(*p)) {
    fail(r, p, "digit expected in a number");
    return NULL;
  }
  if (*p == '0') {
    if (is_digit(*++p)) {
      fail(r, p, "leading zero in a number");
      return NULL;
    }
  } else {
    while (is_digit(*p)) p++;
  }
  if (*p == '.') {
    if (!is_digit(*++p)) {
      fail(r, p, "digit expected after the decimal point");
      return NULL;
    }
    while (is_digit(*p)) p++;
  }
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '+' || *p == '-') p++;
    if (!is_digit(*p)) {
      fail(r, p, "digit expected in the exponent of a number");
      return NULL;
    }
    while (is_digit(*p)) p++;
  }
  return p;
}

/* Checks one of JSON's words. Returns what follows it, or NULL. */
static cursor check_word(tavus_reading *r, cursor p, const char *word) {
  for (; *word != '\0'; word++, p++) {
    if (*p != (unsigned char)*word) {
      fail(r, p, "unknown word; JSON has true, false and null");
      return NULL;
    }
  }
  return p;
}

/* A container that is still open. */
typedef struct frame {
  size_t note; /* offset of its note */
  uint32_t count;
  bool is_object;
} frame;

bool tavus_grammar_check(tavus_reading *r) {
  frame frames[TAVUS_JSON_DEPTH];
  int depth = 0; /* number of open containers; the innermost is the last */
  bool is_name;  /* the current string is the name of a member */
  cursor p = r->at;
  if (p == r->end) return fail(r, p, "");
  if (r->end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
    return fail(r, p, "a byte order mark, which JSON does not allow");

value:
  p = tavus_skip_space(p);
  switch (*p) {
    case '"': is_name = false; goto string;
    case '{':
    case '[': {
      bool is_object = *p == '{';
      if (depth == TAVUS_JSON_DEPTH) return fail(r, p, TAVUS_JSON_TOO_DEEP);
      frames[depth].note = add_note(r, 0);
      frames[depth].count = 0;
      frames[depth].is_object = is_object;
      depth++;
      if (depth > r->deepest) r->deepest = depth;
      p = tavus_skip_space(p + 1);
      if (*p == (is_object ? '}' : ']')) {
        p++;
        depth--;
        break;
      }
      if (is_object) goto key;
      goto value;
    }
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      p = check_number(r, p);
      if (p == NULL) return false;
      break;
    case 't':
      p = check_word(r, p, "true");
      if (p == NULL) return false;
      break;
    case 'f':
      p = check_word(r, p, "false");
      if (p == NULL) return false;
      break;
    case 'n':
      p = check_word(r, p, "null");
      if (p == NULL) return false;
      break;
    default: return fail(r, p, "value expected");
  }

after:
  p = tavus_skip_space(p);
  if (depth == 0) {
    if (p == r->end) return true;
    return fail(r, p, "unexpected text after the value");
  }
  frame *inner = &frames[depth - 1];
  inner->count++;
  if (*p == ',') {
    p++;
    if (!inner->is_object) goto value;
    p = tavus_skip_space(p);
    goto key;
  }
  if (*p != (inner->is_object ? '}' : ']'))
    return fail(r, p,
                inner->is_object ? "',' or '}' expected in an object"
                                 : "',' or ']' expected in an array");
  memcpy(r->notes->data + inner->note, &inner->count, sizeof inner->count);
  depth--;
  p++;
  goto after;

key:
  if (*p != '"') return fail(r, p, "a name in double quotes expected");
  is_name = true;

string : {
  uint32_t escaped = 0;
  cursor start = ++p;
  for (;;) {
    p = tavus_scan_run(p, r->end);
    if (*p == '"') break; /* a zero byte follows the text */
    if (*p == '\\') escaped = TAVUS_NOTE_ESCAPED;
    p = check_special(r, p);
    if (p == NULL) return false;
  }
  size_t length = (size_t)(p - start);
  if (escaped != 0 && length > r->longest_escaped) r->longest_escaped = length;
  add_note(r, (uint32_t)length << 1 | escaped);
  p++;
  if (!is_name) goto after;
}
  p = tavus_skip_space(p);
  if (*p != ':') return fail(r, p, "':' expected after a name");
  p++;
  goto value;
}
