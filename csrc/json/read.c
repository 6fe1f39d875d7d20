/* read.c - see read.h.
**
** Two passes. The first (grammar.h) checks the text. The second, here, trusts it and
** makes the values: tables get their final size, strings without escapes come straight
** from the input. The notes are in a tavus_buffer, so that an error leaks nothing.
*/
#include "read.h"

#include "grammar.h"
#include "marks.h"
#include "number.h"
#include "reader.h"
#include "utf8.h"

/* Notes have 31 bits for a length. */
#define MAX_TEXT ((size_t)INT32_MAX - 1)

typedef const unsigned char *cursor;

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
        uint32_t code = (uint32_t)tavus_read_hex4(p + 2);
        if (code >= 0xD800 && code <= 0xDBFF) {
          uint32_t low = (uint32_t)tavus_read_hex4(p + 8);
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
  if ((note & TAVUS_NOTE_ESCAPED) == 0)
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
  b->at = tavus_skip_space(b->at);
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
      if (count == 0) b->at = tavus_skip_space(b->at + 1);
      for (; count > 0; count--) {
        b->at = tavus_skip_space(b->at + 1);
        push_string(b);
        b->at = tavus_skip_space(b->at) + 1;
        push_value(b);
        if (!b->in_range) return;
        lua_rawset(L, -3);
        b->at = tavus_skip_space(b->at);
      }
      b->at++;
      return;
    }
    case '[': {
      uint32_t count = next_note(b);
      lua_createtable(L, (int)count, 0);
      lua_pushvalue(L, b->array_mt);
      lua_setmetatable(L, -2);
      if (count == 0) b->at = tavus_skip_space(b->at + 1);
      for (uint32_t i = 1; i <= count; i++) {
        b->at++;
        push_value(b);
        if (!b->in_range) return;
        lua_rawseti(L, -2, (int)i);
        b->at = tavus_skip_space(b->at);
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
  tavus_reading r = { .L = L, .at = start, .end = start + length };
  if (length > MAX_TEXT) {
    locate(error, text, start, "longer than 2 GiB");
    return false;
  }
  marks = lua_absindex(L, marks);
  r.notes = tavus_buffer_take(L, marks);
  bool good = tavus_grammar_check(&r);
  /* Two slots for each level, and those of the innermost value. */
  if (good && !lua_checkstack(L, 2 * r.deepest + 10)) {
    r.at = start;
    r.message = TAVUS_JSON_NO_STACK;
    good = false;
  }
  if (good) {
    char *spare = tavus_buffer_reserve(L, r.notes, r.longest_escaped);
    r.notes->length += r.longest_escaped;
    lua_rawgeti(L, marks, TAVUS_SLOT_ARRAY);
    builder b = { L, start, r.notes->data, spare, top + 2, true };
    push_value(&b);
    good = b.in_range;
    r.at = b.at;
    r.message = "number beyond the range of a double";
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
