/* read.c - see read.h.
**
** Two passes. The first checks grammar and UTF-8, and notes one word for each
** container (its number of members) and each string (its length, and whether it
** has escapes), in the order of the text. The second trusts the text and makes the
** values: tables get their final size, strings without escapes come straight from
** the input. The notes are in a tavus_buffer, so that an error leaks nothing.
*/
#include "read.h"

#include "reader.h"
#include "buffer.h"
#include "number.h"
#include "scan.h"
#include "utf8.h"
#include "marks.h"

/* A note has a number of bytes or members in 31 bits. The last bit: has escapes. */
#define MAX_TEXT ((size_t)INT32_MAX - 1)
#define NOTE_ESCAPED 1u

typedef const unsigned char *cursor;

typedef struct reader {
  lua_State *L;
  tavus_buffer *notes;
  cursor at;
  cursor end;
  const char *message;    /* what is wrong with the text */
  size_t longest_escaped; /* length of the longest string with escapes */
  int deepest;            /* nesting */
} reader;

/* ---- first pass: check and note ---------------------------------------- */

static inline cursor skip_space(cursor p) {
  while (*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

/* Appends a note and returns its offset. */
static inline size_t add_note(reader *r, uint32_t note) {
  size_t place = r->notes->length;
  memcpy(tavus_buffer_reserve(r->L, r->notes, sizeof note), &note, sizeof note);
  r->notes->length += sizeof note;
  return place;
}

/* Keeps what is wrong, and where. */
static bool fail(reader *r, cursor at, const char *message) {
  r->at = at;
  r->message = at >= r->end ? "unexpected end of the text" : message;
  return false;
}

/* Returns the value of four hexadecimal digits, or -1. Does not read beyond the
** final '\0'. */
static int32_t read_hex4(cursor p) {
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
static cursor check_escape(reader *r, cursor p) {
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
      int32_t code = read_hex4(p + 2);
      if (code < 0) {
        fail(r, p, "\\u needs four hexadecimal digits");
        return NULL;
      }
      if (code < 0xD800 || code > 0xDFFF) return p + 6;
      if (code <= 0xDBFF && p[6] == '\\' && p[7] == 'u') {
        int32_t low = read_hex4(p + 8);
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
static cursor check_special(reader *r, cursor p) {
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
static inline cursor check_number(reader *r, cursor p) {
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
static cursor check_word(reader *r, cursor p, const char *word) {
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

/* Checks the text at r->at and notes its parts. */
static bool check_text(reader *r) {
  frame frames[TAVUS_JSON_DEPTH];
  int depth = 0; /* number of open containers; the innermost is the last */
  bool is_name;  /* the current string is the name of a member */
  cursor p = r->at;

value:
  p = skip_space(p);
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
      p = skip_space(p + 1);
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
  p = skip_space(p);
  if (depth == 0) {
    if (p == r->end) return true;
    return fail(r, p, "unexpected text after the value");
  }
  frame *inner = &frames[depth - 1];
  inner->count++;
  if (*p == ',') {
    p++;
    if (!inner->is_object) goto value;
    p = skip_space(p);
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
    if (*p == '\\') escaped = NOTE_ESCAPED;
    p = check_special(r, p);
    if (p == NULL) return false;
  }
  size_t length = (size_t)(p - start);
  if (escaped != 0 && length > r->longest_escaped) r->longest_escaped = length;
  add_note(r, (uint32_t)length << 1 | escaped);
  p++;
  if (!is_name) goto after;
}
  p = skip_space(p);
  if (*p != ':') return fail(r, p, "':' expected after a name");
  p++;
  goto value;
}

/* ---- second pass: make the values -------------------------------------- */

typedef struct builder {
  lua_State *L;
  cursor at;
  const char *note; /* the next note */
  char *spare;      /* room for the longest string with escapes */
  int array_mt;     /* stack index */
  bool in_range;    /* every number so far fits a double */
} builder;

static inline uint32_t next_note(builder *b) {
  uint32_t note;
  memcpy(&note, b->note, sizeof note);
  b->note += sizeof note;
  return note;
}

/* Pushes the string of `length` bytes at `p`, which has escapes. */
static void push_escaped(builder *b, cursor p, size_t length) {
  cursor end = p + length;
  char *out = b->spare;
  while (p < end) {
    cursor stop = memchr(p, '\\', (size_t)(end - p));
    if (stop == NULL) stop = end;
    memcpy(out, p, (size_t)(stop - p));
    out += stop - p;
    p = stop;
    if (p == end) break;
    switch (p[1]) {
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': {
        uint32_t code = (uint32_t)read_hex4(p + 2);
        if (code >= 0xD800 && code <= 0xDBFF) {
          uint32_t low = (uint32_t)read_hex4(p + 8);
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          p += 6;
        }
        out += tavus_utf8_encode(out, code);
        p += 4;
        break;
      }
      default: *out++ = (char)p[1]; break;
    }
    p += 2;
  }
  lua_pushlstring(b->L, b->spare, (size_t)(out - b->spare));
}

/* Pushes the string that begins after the quote at `b->at`. */
static inline void push_string(builder *b) {
  uint32_t note = next_note(b);
  cursor start = b->at + 1;
  size_t length = note >> 1;
  b->at = start + length + 1;
  if ((note & NOTE_ESCAPED) == 0)
    lua_pushlstring(b->L, (const char *)start, length);
  else
    push_escaped(b, start, length);
}

/* Pushes the number at `b->at`. */
static void push_number(builder *b) {
  tavus_number number;
  const char *at = (const char *)b->at;
  if (!tavus_number_read(&at, &number) && b->in_range) {
    b->in_range = false;
    return;
  }
  b->at = (cursor)at;
#if TAVUS_HAS_INTEGERS
  if (number.is_integer && number.integer >= LUA_MININTEGER &&
      number.integer <= LUA_MAXINTEGER) {
    lua_pushinteger(b->L, (lua_Integer)number.integer);
    return;
  }
#endif
  lua_pushnumber(b->L, number.is_integer ? (lua_Number)number.integer
                                         : (lua_Number)number.real);
}

static void push_other(builder *b);

/* Pushes the value at `b->at`. When a number is out of range it clears in_range and
** leaves any number of values on the stack. The first pass limits the depth. */
static inline void push_value(builder *b) {
  b->at = skip_space(b->at);
  if (*b->at == '"')
    push_string(b); /* the most frequent type */
  else
    push_other(b);
}

/* Like push_value, for a value that is not a string, without space before it. */
static void push_other(builder *b) {
  lua_State *L = b->L;
  switch (*b->at) {
    case '{': {
      uint32_t count = next_note(b);
      lua_createtable(L, 0, (int)count);
      if (count == 0) b->at = skip_space(b->at + 1);
      for (; count > 0; count--) {
        b->at = skip_space(b->at + 1);
        push_string(b);
        b->at = skip_space(b->at) + 1;
        push_value(b);
        if (!b->in_range) return;
        lua_rawset(L, -3);
        b->at = skip_space(b->at);
      }
      b->at++;
      return;
    }
    case '[': {
      uint32_t count = next_note(b);
      lua_createtable(L, (int)count, 0);
      lua_pushvalue(L, b->array_mt);
      lua_setmetatable(L, -2);
      if (count == 0) b->at = skip_space(b->at + 1);
      for (uint32_t i = 1; i <= count; i++) {
        b->at++;
        push_value(b);
        if (!b->in_range) return;
        lua_rawseti(L, -2, (int)i);
        b->at = skip_space(b->at);
      }
      b->at++;
      return;
    }
    case 't':
      lua_pushboolean(L, 1);
      b->at += 4;
      return;
    case 'f':
      lua_pushboolean(L, 0);
      b->at += 5;
      return;
    case 'n':
      lua_pushlightuserdata(L, NULL);
      b->at += 4;
      return;
    default: push_number(b); return;
  }
}

/* ---- together ---------------------------------------------------------- */

/* Why and where a text is not JSON. `message` is a constant; `line` and `column`
** count from 1, columns in bytes; `offset` counts bytes from 0. */
typedef struct json_error {
  const char *message;
  size_t offset;
  size_t line;
  size_t column;
} json_error;

/* Fills *error. */
static void locate(json_error *error, const char *text, cursor at, const char *message) {
  const char *stop = (const char *)at;
  const char *line_start = text;
  error->message = message;
  error->offset = (size_t)(stop - text);
  error->line = 1;
  for (const char *p = text; p < stop; p++) {
    if (*p != '\n') continue;
    error->line++;
    line_start = p + 1;
  }
  error->column = (size_t)(stop - line_start) + 1;
}

/* Reads a JSON text and pushes its value. Returns false and fills *error, with
** nothing pushed, when the text is not JSON. `text` may not move, and text[length]
** must be '\0', as in every Lua string. `marks` is the stack or upvalue index of
** the marks table. Raises errors of memory only. */
static bool read_json(lua_State *L, const char *text, size_t length, int marks,
                      json_error *error) {
  luaL_checkstack(L, 4, "JSON text");
  cursor start = (cursor)text;
  int top = lua_gettop(L);
  reader r = { L, NULL, start, start + length, NULL, 0, 0 };
  if (length > MAX_TEXT) {
    locate(error, text, start, "longer than 2 GiB");
    return false;
  }
  marks = lua_absindex(L, marks);
  r.notes = tavus_buffer_take(L, marks);
  bool good = false;
  if (length == 0)
    fail(&r, start, "");
  else if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
    fail(&r, start, "a byte order mark, which JSON does not allow");
  else
    good = check_text(&r);
  /* Two slots for each level, and those of the innermost value. */
  if (good && !lua_checkstack(L, 2 * r.deepest + 10))
    good = fail(&r, start, TAVUS_JSON_NO_STACK);
  if (good) {
    char *spare = tavus_buffer_reserve(L, r.notes, r.longest_escaped);
    r.notes->length += r.longest_escaped;
    lua_rawgeti(L, marks, TAVUS_SLOT_ARRAY);
    builder b = { L, start, r.notes->data, spare, top + 2, true };
    push_value(&b);
    if (!b.in_range) good = fail(&r, b.at, "number beyond the range of a double");
  }
  tavus_buffer_release(L, marks, top + 1);
  if (!good) {
    lua_settop(L, top);
    locate(error, text, r.at, r.message);
    return false;
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return true;
}

/* Pushes a count as an integer where Lua has them. */
static void push_count(lua_State *L, size_t count) {
#if TAVUS_HAS_INTEGERS
  lua_pushinteger(L, (lua_Integer)count);
#else
  lua_pushnumber(L, (lua_Number)count);
#endif
}

/* See tavus_reader; also for a Lua string. */
static int decode(lua_State *L, const char *text, size_t length, int marks) {
  json_error error;
  if (read_json(L, text, length, marks, &error)) return 1;
  lua_pushnil(L);
  lua_createtable(L, 0, 4);
  lua_pushfstring(L, "%s at line %d, column %d (byte %d)", error.message, (int)error.line,
                  (int)error.column, (int)error.offset + 1);
  lua_setfield(L, -2, "message");
  push_count(L, error.line);
  lua_setfield(L, -2, "line");
  push_count(L, error.column);
  lua_setfield(L, -2, "column");
  push_count(L, error.offset + 1);
  lua_setfield(L, -2, "position");
  return 2;
}

int tavus_json_decode(lua_State *L) {
  size_t length;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *text = lua_tolstring(L, 1, &length);
  return decode(L, text, length, tavus_marks_table);
}

void tavus_json_push_reader(lua_State *L, int marks) {
  marks = lua_absindex(L, marks);
  tavus_reader *shared = (tavus_reader *)lua_newuserdata(L, sizeof *shared);
  shared->decode = decode;
  lua_pushvalue(L, marks);
  tavus_setuservalue(L, -2);
  luaL_newmetatable(L, TAVUS_READER);
  lua_pushliteral(L, "tavus");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}
