/* chain.c - rules about the items of an array: no value twice, and steps that name each
** other, which must be a graph with one first step and without a cycle. */
#include "walk.h"

#include "words.h"

typedef struct chain {
  tavus_walk *w;
  const tavus_rule *rule;
  const tavus_step *step; /* of the array */
  int items;              /* stack index of the array */
  int places;             /* of a table: name -> number of its item, from 1 */
  unsigned *before;       /* for each item: how many links lead to it */
  size_t *ready;          /* items without a link that leads to them, in order */
  size_t ready_count;
} chain;

/* What is done with a link from item `i` in `field` to item `to` (0: there is none) called
** `name`. */
typedef void (*visitor)(chain *c, size_t i, const char *field, size_t to,
                        const char *name);

static tavus_step item_step(const tavus_step *list, size_t i) {
  return (tavus_step){ .up = list, .index = i };
}

static tavus_step member_step(const tavus_step *item, const char *name) {
  return (tavus_step){ .up = item, .key = name, .length = strlen(name) };
}

/* Pushes the item `i`, from 0, and its member of that name. Returns the member's text, or
** NULL. */
static const char *push_member(lua_State *L, int items, size_t i, const char *name) {
  lua_rawgeti(L, items, (int)i + 1);
  if (lua_type(L, -1) != LUA_TTABLE) {
    lua_pushnil(L);
    return NULL;
  }
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Notes the names of all items in the table at c->places, and reports the ones that come
** twice. */
static void note_names(chain *c, size_t count, const char *message) {
  lua_State *L = c->w->L;
  const char *key = c->rule->when;
  for (size_t i = 0; i < count && !c->w->stopped; i++) {
    const char *name = push_member(L, c->items, i, key);
    if (name != NULL) {
      lua_pushvalue(L, -1);
      lua_rawget(L, c->places);
      bool known = !lua_isnil(L, -1);
      lua_pop(L, 1);
      if (known) {
        char quoted[TAVUS_QUOTED];
        tavus_step item = item_step(c->step, i), member = member_step(&item, key);
        tavus_severity severity =
            c->rule->error && !c->w->op.warn_only ? TAVUS_ERROR : TAVUS_WARNING;
        tavus_push_hint(c->w, NULL);
        tavus_issue(c->w, severity, "twice", &member, "%s %s",
                    tavus_quote(quoted, name, strlen(name)), message);
      } else {
        lua_pushinteger(L, (lua_Integer)i + 1);
        lua_rawset(L, c->places);
      }
    }
    lua_settop(L, c->places);
  }
}

static void visit_name(chain *c, size_t i, const char *field, int name, visitor visit) {
  lua_State *L = c->w->L;
  if (lua_type(L, name) != LUA_TSTRING || lua_rawlen(L, name) == 0) return;
  lua_pushvalue(L, name);
  lua_rawget(L, c->places);
  size_t to = (size_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  visit(c, i, field, to, lua_tostring(L, name));
}

/* Visits the links of item `i`: a text, an array of texts, or the names of an object. */
static void visit_links(chain *c, size_t i, visitor visit) {
  lua_State *L = c->w->L;
  for (const char *const *field = c->rule->fields; *field != NULL; field++) {
    (void)push_member(L, c->items, i, *field);
    int value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TTABLE) {
      lua_pushnil(L);
      while (!c->w->stopped && lua_next(L, value) != 0) {
        bool named = lua_type(L, value + 1) == LUA_TSTRING;
        visit_name(c, i, *field, named ? value + 1 : value + 2, visit);
        lua_settop(L, value + 1);
      }
    } else {
      visit_name(c, i, *field, value, visit);
    }
    lua_settop(L, c->places);
  }
}

static void count_link(chain *c, size_t i, const char *field, size_t to,
                       const char *name) {
  if (to > 0) {
    c->before[to - 1]++;
    return;
  }
  char quoted[TAVUS_QUOTED];
  tavus_step item = item_step(c->step, i), member = member_step(&item, field);
  tavus_hint_key(c->w, c->places, name, strlen(name));
  tavus_issue(c->w, TAVUS_WARNING, "chain", &member, "no step is called %s",
              tavus_quote(quoted, name, strlen(name)));
}

static void follow_link(chain *c, size_t i, const char *field, size_t to,
                        const char *name) {
  (void)i, (void)field, (void)name;
  if (to > 0 && --c->before[to - 1] == 0) c->ready[c->ready_count++] = to - 1;
}

/* Reports a chain without a first step, or with several, or with a cycle. */
static void check_order(chain *c, size_t count) {
  tavus_walk *w = c->w;
  for (size_t i = 0; i < count; i++)
    if (c->before[i] == 0) c->ready[c->ready_count++] = i;
  size_t first = c->ready_count;
  if (first > 1) {
    tavus_push_hint(w, "each step but the first is named by another one");
    tavus_issue(w, TAVUS_WARNING, "chain", c->step,
                "%d steps come first, and there must be one", (int)first);
  }
  for (size_t n = 0; n < c->ready_count && !w->stopped; n++)
    visit_links(c, c->ready[n], follow_link);
  for (size_t i = 0; i < count && c->ready_count < count; i++) {
    if (c->before[i] == 0) continue;
    tavus_step item = item_step(c->step, i), member = member_step(&item, c->rule->when);
    tavus_push_hint(w, "%s", c->rule->message);
    tavus_issue(w, TAVUS_WARNING, "chain", &member,
                "the step is part of a cycle, or comes "
                "after one");
    return;
  }
}

void tavus_check_items(tavus_walk *w, const tavus_rule *rule, int items,
                       const tavus_step *step) {
  lua_State *L = w->L;
  if (lua_type(L, items) != LUA_TTABLE) return;
  luaL_checkstack(L, 16, "chain");
  int base = lua_gettop(L);
  size_t count = lua_rawlen(L, items);
  bool graph = rule->kind == TAVUS_RULE_CHAIN;
  tavus_step list = member_step(step, rule->field);
  chain c = { .w = w, .rule = rule, .step = &list, .items = items };
  if (graph && count > 0) {
    c.before = (unsigned *)lua_newuserdata(L, count * sizeof *c.before);
    memset(c.before, 0, count * sizeof *c.before);
    c.ready = (size_t *)lua_newuserdata(L, count * sizeof *c.ready);
  }
  lua_newtable(L);
  c.places = lua_gettop(L);
  note_names(&c, count, graph ? "is the name of another step, too" : rule->message);
  if (graph && count > 0) {
    for (size_t i = 0; i < count && !w->stopped; i++) visit_links(&c, i, count_link);
    check_order(&c, count);
  }
  lua_settop(L, base);
}
