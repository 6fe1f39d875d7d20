/* keys.c - the keys of a table that is not a plain sequence, and what is wrong with
** them. */
#include "walk.h"

size_t tavus_item_of(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) return 0;
  double n = (double)lua_tonumber(L, index);
  return n >= 1 && n <= 2147483647.0 && (double)(int32_t)n == n ? (size_t)n : 0;
}

tavus_keys tavus_count_keys(lua_State *L, int index) {
  tavus_keys k = { 0, 0, 0, 0 };
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    size_t item = tavus_item_of(L, -1);
    if (item > 0)
      k.indexes++;
    else if (lua_type(L, -1) == LUA_TSTRING)
      k.texts++;
    else
      k.others++;
    if (item > k.largest) k.largest = item;
  }
  return k;
}

/* Reports a key that is neither a string nor an index. */
static void key_issue(tavus_walk *w, int index, const tavus_step *step) {
  lua_State *L = w->L;
  luaL_checkstack(L, 8, "issue");
  int base = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING && tavus_item_of(L, -1) == 0) break;
  }
  if (lua_type(L, -1) == LUA_TNUMBER) {
    lua_pushvalue(L, -1); /* lua_tostring changes the number that it reads */
    const char *number = lua_tostring(L, -1);
    tavus_push_hint(w, "the first position is 1");
    tavus_issue(w, TAVUS_ERROR, "key", step, "the key %s is not a position in an array",
                number);
  } else {
    bool boolean = lua_type(L, -1) == LUA_TBOOLEAN;
    const char *which =
        boolean ? lua_toboolean(L, -1) ? "true" : "false" : luaL_typename(L, -1);
    tavus_push_hint(w, "keys of a JSON object are strings");
    tavus_issue(w, TAVUS_ERROR, "key", step,
                "%s %s is neither a string nor an array index",
                boolean ? "the key" : "a key that is a", which);
  }
  lua_settop(L, base);
}

void tavus_keys_issue(tavus_walk *w, int index, const tavus_keys *k,
                      const tavus_field *field, const tavus_step *step) {
  lua_State *L = w->L;
  if (step->type_reported) return;
  if (k->others > 0) {
    key_issue(w, index, step);
  } else if (k->texts > 0) {
    if (field != NULL)
      tavus_push_mixed(w, index, field);
    else
      tavus_push_hint(w, "give each item a name, or leave it out");
    tavus_issue(w, TAVUS_ERROR, "mixed", step,
                "the table mixes array items and named members");
  } else {
    size_t hole = 1;
    luaL_checkstack(L, 4, "issue");
    for (;; hole++) {
      lua_rawgeti(L, index, (int)hole);
      bool gap = lua_isnil(L, -1);
      lua_pop(L, 1);
      if (gap) break;
    }
    tavus_push_hint(w, "use tavus.null for an item that is empty");
    tavus_issue(w, TAVUS_ERROR, "sparse", step,
                "the array has a hole: nothing at Lua index %d, but something "
                "at %d",
                (int)hole, (int)k->largest);
  }
}

void tavus_foreign_keys(tavus_walk *w, int index, const tavus_field *field,
                        const tavus_step *step) {
  if (step->type_reported) return;
  tavus_keys k = tavus_count_keys(w->L, index);
  bool no_array = field != NULL && (field->types & TAVUS_ARRAY_TYPE) == 0;
  /* Without a hole it is an array that is marked as an object. */
  if (k.texts == 0 && k.others == 0 && (no_array || k.largest == k.indexes))
    tavus_issue_text(w, TAVUS_ERROR, "key", step,
                     "a key is a number; an object's keys are strings",
                     "write the key in quotes: [\"1\"]");
  else
    tavus_keys_issue(w, index, &k, NULL, step);
}
