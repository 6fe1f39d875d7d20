/* check.c - see check.h. */
#include "check.h"

#include "walk.h"

void tavus_check_cache(lua_State *L) {
  memset(lua_newuserdata(L, sizeof(tavus_found)), 0, sizeof(tavus_found));
}

int tavus_check(lua_State *L, int value, const tavus_kind *kind, bool strict,
                void *cache) {
  int base = lua_gettop(L);
  enum { NAMES = TAVUS_CHECK_SECRETS + 1 }; /* the last slot */
  luaL_checkstack(L, NAMES + TAVUS_ROOMY, "value");
  tavus_walk w = {
    .L = L,
    .out = tavus_buffer_take(L, tavus_marks_table),
    .marks = tavus_marks_here(L),
    .issues = base + TAVUS_CHECK_ISSUES,
    .secrets = base + TAVUS_CHECK_SECRETS,
    .names = base + NAMES,
    .strict = strict,
    .sends = kind != NULL ? kind->sends : TAVUS_SENDS_OBJECT,
    .newer = kind != NULL && kind->newer,
    .root = kind != NULL ? kind->root : NULL,
    .found = (tavus_found *)cache,
  };
  lua_settop(L, base + NAMES);
  tavus_step root = { .up = NULL };
  if (w.sends == TAVUS_SENDS_JSON_PATCH)
    tavus_walk_patch(&w, value, kind, &root);
  else
    tavus_walk_value(&w, value, w.root, &root);
  lua_settop(L, base + TAVUS_CHECK_SECRETS);
  return w.error_count;
}
