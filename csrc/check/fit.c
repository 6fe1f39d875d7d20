/* fit.c - what to write for a value that does not fit its field. Runs only after an
** issue. Each function that pushes a hint pushes one value, a string or nil. */
#include "walk.h"

#include "blank.h"
#include "words.h"

#define BLANKS " \t\r\n"
#define LONGEST_LIST 200 /* bytes of a text that is shown as a list */

/* --- values --- */

unsigned tavus_types_of(tavus_walk *w, int index) {
  lua_State *L = w->L;
  switch (lua_type(L, index)) {
    case LUA_TSTRING: return TAVUS_STRING;
    case LUA_TBOOLEAN: return TAVUS_BOOLEAN;
    case LUA_TNUMBER: {
      double n = (double)lua_tonumber(L, index);
      bool whole =
          n > -9007199254740992.0 && n < 9007199254740992.0 && (double)(int64_t)n == n;
      return whole ? TAVUS_NUMBER | TAVUS_INTEGER : TAVUS_NUMBER;
    }
    case LUA_TTABLE:
      if (tavus_mark_of(L, index, w->marks) == TAVUS_UNMARKED &&
          !tavus_has_members(L, index))
        return TAVUS_ARRAY_TYPE | TAVUS_OBJECT_TYPE;
      return tavus_is_array(L, index, w->marks) ? TAVUS_ARRAY_TYPE : TAVUS_OBJECT_TYPE;
    default: return tavus_is_empty_value(L, index, w->marks) ? TAVUS_ARRAY_TYPE : 0;
  }
}

bool tavus_takes(tavus_walk *w, const tavus_field *field, int index) {
  unsigned types = tavus_types_of(w, index);
  return types == 0 || (types & field->types) != 0;
}

/* Has a text a blank between other characters? No id has. */
static bool is_prose(const char *text, size_t length) {
  tavus_trim(&text, &length);
  return tavus_has_blank(text, length);
}

bool tavus_is_made(const tavus_field *field, const char *text, size_t length) {
  return field->made != NULL && is_prose(text, length);
}

/* Is each value of the table a text that can be an id? */
static bool has_ids_only(lua_State *L, int index) {
  bool ids = true;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    size_t length = 0;
    const char *text =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
    if (text == NULL || is_prose(text, length)) ids = false;
  }
  return ids;
}

/* Has each value of the table one of the types? */
static bool has_only(tavus_walk *w, int index, unsigned types) {
  lua_State *L = w->L;
  bool only = true;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    if ((tavus_types_of(w, lua_gettop(L)) & types) == 0) only = false;
  return only;
}

bool tavus_has_field_of(lua_State *L, int index, const tavus_shape *shape) {
  bool found = false;
  if (shape == NULL) return false;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    size_t length;
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    const char *key = lua_tolstring(L, -2, &length);
    if (tavus_field_find(shape, key, length) != NULL) found = true;
  }
  return found;
}

/* Is it a table or a text with nothing in it? */
static bool is_empty(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TTABLE
             ? !tavus_has_members(L, index)
             : lua_type(L, index) == LUA_TSTRING && lua_rawlen(L, index) == 0;
}

/* --- an object was wanted --- */

/* Can a text stand in a hint as it is: letters, digits and signs of names? */
static bool is_plain(const char *text, size_t length) {
  if (length == 0 || length > TAVUS_SHOWN) return false;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          memchr("_-.:/", c, 5) != NULL))
      return false;
  }
  return true;
}

/* Is the text a choice that is not retired? */
static bool is_choice(const tavus_choice *choices, const char *text, size_t length) {
  for (; choices->value != NULL; choices++)
    if (choices->retired == NULL && strlen(choices->value) == length &&
        memcmp(choices->value, text, length) == 0)
      return true;
  return false;
}

/* The field of the shape that has the text among its choices, or NULL. */
static const char *chosen(const tavus_shape *shape, const char *text, size_t length) {
  for (size_t i = 0; i < shape->count; i++) {
    const tavus_field *field = &shape->fields[i];
    if (field->choices == NULL || field->deprecated != NULL) continue;
    if (is_choice(field->choices, text, length)) return field->name;
  }
  return NULL;
}

static void push_object(tavus_walk *w, int index, const tavus_shape *shape) {
  lua_State *L = w->L;
  size_t length;
  if (shape == NULL || shape->looks == NULL) {
    tavus_push_hint(w, "write an object: { name = value }");
    return;
  }
  if (lua_type(L, index) == LUA_TSTRING && w->secrecy == TAVUS_NOT_SECRET) {
    const char *text = lua_tolstring(L, index, &length);
    const char *name = chosen(shape, text, length);
    if (name == NULL) name = shape->main;
    if (name != NULL && is_plain(text, length)) {
      tavus_push_hint(w, "write an object: { %s = \"%s\" }", name, text);
      return;
    }
  }
  tavus_push_hint(w, "write an object: %s", shape->looks);
}

/* --- an array was wanted --- */

/* Pushes the languages of a text as a list of codes, and returns true when it has any. */
static bool push_codes(tavus_walk *w, const char *text, size_t length) {
  bool found = tavus_push_languages(w->L, text, length) > 0;
  if (found) tavus_push_hint(w, "write { %s }", lua_tostring(w->L, -1));
  lua_remove(w->L, found ? -2 : -1);
  return found;
}

/* Pushes the text as a list when it looks like one, "a, b", and returns true then. */
static bool push_split(tavus_walk *w, const char *text, size_t length) {
  if (memchr(text, ',', length) == NULL || length > LONGEST_LIST) return false;
  luaL_Buffer b;
  luaL_checkstack(w->L, 8, "hint");
  int top = lua_gettop(w->L);
  luaL_buffinit(w->L, &b);
  luaL_addstring(&b, "one item for each: {");
  const char *end = text + length;
  for (bool first = true; text <= end; first = false) {
    const char *comma = memchr(text, ',', (size_t)(end - text));
    const char *stop = comma != NULL ? comma : end;
    const char *next = stop + 1;
    while (text < stop && *text == ' ') text++;
    while (stop > text && stop[-1] == ' ') stop--;
    if (!is_plain(text, (size_t)(stop - text))) {
      luaL_pushresult(&b);
      lua_settop(w->L, top);
      return false;
    }
    luaL_addstring(&b, first ? " \"" : ", \"");
    luaL_addlstring(&b, text, (size_t)(stop - text));
    luaL_addchar(&b, '"');
    text = next;
  }
  luaL_addstring(&b, " }");
  luaL_pushresult(&b);
  return true;
}

/* Pushes what a list of `items` looks like. */
static void push_list(tavus_walk *w, const tavus_field *items) {
  if (items == NULL || (items->types & TAVUS_STRING) != 0)
    tavus_push_hint(w, "write a list of texts: { \"...\", \"...\" }");
  else
    tavus_push_hint(w, "write a list: { %s }",
                    items->shape != NULL && items->shape->looks != NULL
                        ? items->shape->looks
                        : "...");
}

static void push_unnamed(tavus_walk *w, bool texts) {
  tavus_push_hint(w, "write the items without names: { %s }",
                  texts ? "\"...\", \"...\"" : "{ ... }, { ... }");
}

void tavus_push_mixed(tavus_walk *w, int index, const tavus_field *field) {
  const tavus_field *items = field->items != NULL ? field->items : &tavus_field_anything;
  if (has_only(w, index, items->types))
    push_unnamed(w, (items->types & TAVUS_STRING) != 0);
  else
    push_list(w, items);
}

static void push_array(tavus_walk *w, int index, const tavus_field *field) {
  lua_State *L = w->L;
  const tavus_field *items = field->items != NULL ? field->items : &tavus_field_anything;
  bool texts = (items->types & TAVUS_STRING) != 0;
  size_t length;
  if (lua_type(L, index) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, index, &length);
    if (length == 0)
      tavus_push_hint(w, "an empty list is {}");
    else if (!texts)
      push_list(w, items);
    else if ((items->flags & TAVUS_LANGUAGE) != 0 && push_codes(w, text, length))
      return;
    else if (tavus_is_made(items, text, length) && memchr(text, ',', length) == NULL)
      tavus_push_hint(w, "%s", items->made);
    else if (w->secrecy != TAVUS_NOT_SECRET || !push_split(w, text, length))
      tavus_push_hint(w, "%s",
                      tavus_is_made(items, text, length) ? items->made
                                                         : "put it in an array: { ... }");
  } else if (lua_type(L, index) != LUA_TTABLE) {
    if (tavus_takes(w, items, index))
      tavus_push_hint(w, "put it in an array: { ... }");
    else
      push_list(w, items);
  } else if (items->made != NULL && !has_ids_only(L, index)) {
    tavus_push_hint(w, "%s", items->made);
  } else if (tavus_has_field_of(L, index, items->shape)) {
    tavus_push_hint(w, "put it in an array: { { ... } }");
  } else if (has_only(w, index, items->types)) {
    push_unnamed(w, texts);
  } else if (texts && has_only(w, index, TAVUS_BOOLEAN)) {
    tavus_push_hint(w, "write the names alone: { \"...\", \"...\" }");
  } else {
    push_list(w, items);
  }
}

/* --- a text was wanted --- */

/* By its name, does the field hold one id? */
static bool is_id(const tavus_field *field) {
  return field->name != NULL && field->length > 3 &&
         strcmp(field->name + field->length - 3, "_id") == 0;
}

static const char *text_hint(tavus_walk *w, int index, const tavus_field *field,
                             unsigned types) {
  if (types == TAVUS_BOOLEAN) return "write a text, or leave it out";
  if ((types & TAVUS_NUMBER) != 0) return "write it as a string, in quotes";
  if (field->made != NULL && (types != TAVUS_ARRAY_TYPE || !has_ids_only(w->L, index)))
    return field->made;
  if (types == TAVUS_ARRAY_TYPE) {
    if (is_id(field))
      return has_ids_only(w->L, index) ? "one id, not a list"
                                       : "one id as a text, not a list";
    if (field->name == NULL) return "an item is one text, not a list";
    return has_only(w, index, TAVUS_STRING | TAVUS_NUMBER)
               ? "join the items into one text"
               : "one text, not a list of objects";
  }
  if (is_id(field)) return "the id alone, not the object that has it";
  return "one text, not an object";
}

/* --- all together --- */

/* Is a text JSON of an array or object that is wanted? */
static bool is_json(const tavus_field *field, const char *text, size_t length) {
  while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL) length--;
  size_t blanks = strspn(text, BLANKS);
  if (length < blanks + 2) return false;
  char first = text[blanks], last = text[length - 1];
  return ((field->types & TAVUS_ARRAY_TYPE) != 0 && first == '[' && last == ']') ||
         ((field->types & TAVUS_OBJECT_TYPE) != 0 && first == '{' && last == '}');
}

static const char *number_hint(lua_State *L, int index, const tavus_field *field) {
  bool text = lua_type(L, index) == LUA_TSTRING;
  bool whole = (field->types & TAVUS_NUMBER) == 0;
  if (text && lua_isnumber(L, index)) {
    double n = (double)lua_tonumber(L, index);
    if (!whole || (n > -1e15 && n < 1e15 && (double)(int64_t)n == n))
      return "write the number without quotes";
  }
  return whole ? "write a whole number" : "write a number";
}

/* The hint for an array in the place of an object. */
static void push_unlisted(tavus_walk *w, int index, const tavus_field *field) {
  lua_State *L = w->L;
  if (!tavus_has_members(L, index)) {
    tavus_push_hint(w, "an empty object is tavus.object{}");
    return;
  }
  lua_rawgeti(L, index, 1);
  /* A list of schemas is more often a list of arguments. */
  bool one = lua_rawlen(L, index) == 1 && lua_type(L, -1) == LUA_TTABLE &&
             field->shape != NULL && !field->shape->vocabulary &&
             tavus_has_field_of(L, lua_gettop(L), field->shape);
  lua_pop(L, 1);
  if (one)
    tavus_push_hint(w, "write the object without a list around it: { ... }");
  else
    push_object(w, index, field->shape);
}

void tavus_push_fit(tavus_walk *w, int index, const tavus_field *field) {
  lua_State *L = w->L;
  luaL_checkstack(L, 12, "hint");
  unsigned types = tavus_types_of(w, index), wanted = field->types;
  size_t length = 0;
  const char *text = types == TAVUS_STRING ? lua_tolstring(L, index, &length) : NULL;
  if (types == 0) {
    if ((wanted & TAVUS_OBJECT_TYPE) != 0)
      push_object(w, index, field->shape);
    else
      tavus_push_hint(w, "leave it out");
  } else if (text != NULL && is_json(field, text, length)) {
    tavus_push_hint(w, "this is JSON in a string: decode it first (tavus.decode)");
  } else if ((field->instead_of & types) != 0 && !is_empty(L, index)) {
    tavus_push_hint(w, "%s", field->instead);
  } else if (wanted == TAVUS_STRING && field->choices != NULL) {
    tavus_push_known(L, field);
  } else if (types == TAVUS_ARRAY_TYPE && (wanted & TAVUS_OBJECT_TYPE) != 0) {
    push_unlisted(w, index, field);
  } else if ((wanted & TAVUS_OBJECT_TYPE) != 0) {
    push_object(w, index, field->shape);
  } else if ((wanted & TAVUS_ARRAY_TYPE) != 0) {
    push_array(w, index, field);
  } else if ((wanted & TAVUS_STRING) != 0) {
    tavus_push_hint(w, "%s", text_hint(w, index, field, types));
  } else if ((wanted & TAVUS_BOOLEAN) != 0) {
    tavus_push_hint(w, text != NULL ? "write true or false, no quotes"
                                    : "write true or false");
  } else {
    tavus_push_hint(w, "%s", number_hint(L, index, field));
  }
}

void tavus_push_misfit(tavus_walk *w, int index, const tavus_field *field) {
  lua_State *L = w->L;
  luaL_checkstack(L, 12, "hint");
  size_t length;
  if (!tavus_takes(w, field, index)) {
    tavus_push_fit(w, index, field);
    return;
  }
  const char *text =
      lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
  if (text != NULL && tavus_is_made(field, text, length)) {
    tavus_push_hint(w, "%s", field->made);
    return;
  }
  if (text != NULL && (field->flags & TAVUS_CLOSED) != 0 &&
      !is_choice(field->choices, text, length)) {
    tavus_push_known(L, field);
    return;
  }
  if (text != NULL && (field->flags & TAVUS_TOOL_NAME) != 0 &&
      tavus_tool_name_check(text, length) == TAVUS_NAME_BAD) {
    tavus_push_hint(w, "%s", tavus_tool_name_hint);
    return;
  }
  lua_pushnil(L);
  int hint = lua_gettop(L);
  if (lua_type(L, index) != LUA_TTABLE || field->items == NULL ||
      tavus_types_of(w, index) != TAVUS_ARRAY_TYPE)
    return;
  for (int i = 1; lua_isnil(L, hint); i++) {
    lua_rawgeti(L, index, i);
    if (lua_isnil(L, -1)) break;
    tavus_push_misfit(w, hint + 1, field->items);
    if (!lua_isnil(L, -1) && (field->items->made == NULL ||
                              strcmp(lua_tostring(L, -1), field->items->made) != 0))
      lua_pushfstring(L, "each item: %s", lua_tostring(L, -1));
    lua_replace(L, hint);
    lua_settop(L, hint);
  }
  lua_settop(L, hint);
}
