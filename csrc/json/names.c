/* names.c - see names.h. */
#include "names.h"

tavus_names *tavus_names_new(lua_State *L) {
  luaL_checkstack(L, 2, "no room for the names of members");
  tavus_names *names = (tavus_names *)lua_newuserdata(L, sizeof *names);
  memset(names, 0, sizeof *names);
  lua_createtable(L, TAVUS_NAMES, 0);
  return names;
}
