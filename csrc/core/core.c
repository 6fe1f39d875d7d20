/* core.c - opens the module tavus.core: contract, check and JSON for Lua, and the
** functions of files.h. Links nothing but Lua; knows nothing of HTTP.
**
** Misuse, such as an argument of a wrong type or an unknown kind, raises an error at the
** line of the caller. What is wrong with a value is returned. The only state is of the
** VM: marks, a cache of fields, and a scratch buffer. */
#include "../check/blank.h"
#include "../check/check.h"
#include "../check/id.h"
#include "../contract/describe.h"
#include "../check/nearest.h"
#include "../check/words.h"
#include "../json/buffer.h"
#include "../json/json.h"
#include "../json/marks.h"
#include "../schema/schema.h"
#include "files.h"
#include "redact.h"

/* --- arguments --- */

/* Returns the kind that argument `arg` names; else raises an error that lists them. */
static tavus_kind check_kind(lua_State *L, int arg) {
  tavus_kind kind;
  size_t length;
  const char *name = luaL_checklstring(L, arg, &length);
  if (tavus_kind_find(name, &kind)) return kind;
  char quoted[TAVUS_QUOTED];
  lua_pushfstring(L, "unknown kind %s; known kinds are",
                  tavus_quote(quoted, name, length));
  for (size_t i = 0; tavus_kind_at(i, &kind); i++)
    lua_pushfstring(L, "%s%s %s", lua_tostring(L, -1), i > 0 ? "," : "", kind.name);
  luaL_argerror(L, arg, lua_tostring(L, -1));
  return kind;
}

/* Is `strict` true in the options at `arg`, which may be absent? */
static bool check_strict(lua_State *L, int arg) {
  if (lua_isnoneornil(L, arg)) return false;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushliteral(L, "strict");
  lua_rawget(L, arg);
  bool strict = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return strict;
}

/* --- the check --- */

/* The slots after the three arguments. */
enum {
  SLOT_BUFFER = 3 + TAVUS_CHECK_BUFFER,
  SLOT_ISSUES = 3 + TAVUS_CHECK_ISSUES,
  SLOT_SECRETS = 3 + TAVUS_CHECK_SECRETS
};

/* The upvalue after the two of json/: the check's cache. */
#define CACHE_UPVALUE (TAVUS_MARKS_TABLE + 1)

/* Checks the value at `value`, with the arguments in slots 1 to 3. */
static int run_check(lua_State *L, int value, const tavus_kind *kind, bool strict) {
  lua_settop(L, 3);
  return tavus_check(L, value, kind, strict,
                     lua_touserdata(L, lua_upvalueindex(CACHE_UPVALUE)));
}

/* encode(value [, kind [, options]]) --> text, warnings, secrets | nil, issues
**
** Writes a value as JSON with sorted keys and checks it as `kind`, such as "persona";
** without a kind it is free form. `options.strict` turns warnings into errors.
** `warnings`: array of issues, or nil. `secrets`: array of the strings in secret fields,
** or nil. With errors it returns nil and all issues, in the order of the text. An issue
** is { path, code, message, hint, severity }. */
static int core_encode(lua_State *L) {
  tavus_kind kind;
  luaL_checkany(L, 1);
  bool typed = !lua_isnoneornil(L, 2);
  if (typed) kind = check_kind(L, 2);
  if (run_check(L, 1, typed ? &kind : NULL, check_strict(L, 3)) > 0) {
    tavus_buffer_release(L, tavus_marks_table, SLOT_BUFFER);
    lua_pushnil(L);
    lua_pushvalue(L, SLOT_ISSUES);
    return 2;
  }
  tavus_buffer_push(L, (tavus_buffer *)lua_touserdata(L, SLOT_BUFFER));
  tavus_buffer_release(L, tavus_marks_table, SLOT_BUFFER);
  lua_pushvalue(L, SLOT_ISSUES);
  lua_pushvalue(L, SLOT_SECRETS);
  return 3;
}

/* validate(kind, value [, options]) --> true, warnings | nil, issues
**
** Checks a value as encode does, without its text. `warnings` is an array, which may be
** empty. */
static int core_validate(lua_State *L) {
  tavus_kind kind = check_kind(L, 1);
  luaL_checkany(L, 2);
  int errors = run_check(L, 2, &kind, check_strict(L, 3));
  tavus_buffer_release(L, tavus_marks_table, SLOT_BUFFER);
  if (errors > 0)
    lua_pushnil(L);
  else
    lua_pushboolean(L, 1);
  if (lua_isnil(L, SLOT_ISSUES))
    lua_newtable(L);
  else
    lua_pushvalue(L, SLOT_ISSUES);
  return 2;
}

/* contract() --> { resources =, json_schema =, errors =, kinds = }, see describe.h
** contract(name) --> the resource of that collection, a part ("errors", "json_schema"),
**                    or nil */
static int core_contract(lua_State *L) {
  if (lua_isnoneornil(L, 1)) return tavus_describe(L);
  return tavus_describe_part(L, luaL_checkstring(L, 1));
}

/* collections() --> array of the names of all collections */
static int core_collections(lua_State *L) { return tavus_describe_collections(L); }

/* with_globals(loader, table) --> loader
**
** Replaces the global table of a chunk by `table`, unless the chunk has another one than
** the usual. Leaves other functions unchanged. */
static int core_with_globals(lua_State *L) {
  lua_Debug about;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  lua_getinfo(L, ">S", &about);
  if (strcmp(about.what, "main") == 0) {
    tavus_getglobals(L, 1);
    tavus_pushglobals(L);
    if (lua_rawequal(L, -1, -2)) {
      lua_pushvalue(L, 2);
      tavus_setglobals(L, 1);
    }
  }
  lua_settop(L, 1);
  return 1;
}

/* nearest(name, known) --> string | nil
**
** Returns the key of the table `known` that `name` was probably meant to be. */
static int core_nearest(lua_State *L) {
  size_t length;
  const char *name = luaL_checklstring(L, 1, &length);
  luaL_checktype(L, 2, LUA_TTABLE);
  (void)tavus_push_nearest(L, 2, name, length);
  return 1;
}

/* id_fault(id) --> nil | message, trimmed
**
** Says what is wrong with a text where an id belongs. `trimmed`: what is between the
** blanks around it, when that could be an id. */
static int core_id_fault(lua_State *L) {
  size_t length;
  const char *id = luaL_checklstring(L, 1, &length);
  const char *fault = tavus_id_fault(id, length, false);
  if (fault == NULL) return 0;
  lua_pushfstring(L, "ids %s", fault);
  tavus_trim(&id, &length);
  if (tavus_id_fault(id, length, false) != NULL) return 1;
  lua_pushlstring(L, id, length);
  return 2;
}

/* tavus_json_install adds more. */
static const luaL_Reg functions[] = { { "check_schema", tavus_schema_check },
                                      { "collections", core_collections },
                                      { "contract", core_contract },
                                      { "encode", core_encode },
                                      { "gather", tavus_core_gather },
                                      { "is_masked", tavus_core_is_masked },
                                      { "is_secret", tavus_core_is_secret },
                                      { "is_terminal", tavus_core_is_terminal },
                                      { "list_dir", tavus_core_list_dir },
                                      { "lock", tavus_core_lock },
                                      { "id_fault", core_id_fault },
                                      { "make_dir", tavus_core_make_dir },
                                      { "nearest", core_nearest },
                                      { "redact", tavus_core_redact },
                                      { "save", tavus_core_save },
                                      { "validate", core_validate },
                                      { "with_globals", core_with_globals },
                                      { NULL, NULL } };

TAVUS_EXPORT int luaopen_tavus_core(lua_State *L);

/* require "tavus.core" --> the module. */
TAVUS_EXPORT int luaopen_tavus_core(lua_State *L) {
  tavus_core_files_open(L);
  tavus_core_redact_open(L);
  lua_newtable(L);
  int module = lua_gettop(L);
  tavus_json_new(L);
  lua_pushvalue(L, module);
  lua_pushvalue(L, module + 1);
  lua_pushvalue(L, module + 2);
  tavus_check_cache(L);
  luaL_setfuncs(L, functions, CACHE_UPVALUE);
  lua_pop(L, 1);
  tavus_json_install(L, module);
  return 1;
}
