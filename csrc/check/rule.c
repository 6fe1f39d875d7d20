/* rule.c - checks the rules between the members of an object. An absent member and null
** are the same here. */
#include "walk.h"

#include "words.h"

/* Returns the member of that name, or NULL. Members are sorted. */
static const tavus_member *find_member(const tavus_view *view, const char *name) {
  if (tavus_view_lacks(view, name)) return NULL;
  for (int i = 0; i < view->count; i++) {
    const tavus_member *member = &view->members[i];
    unsigned char first = (unsigned char)member->key[0];
    if (first > (unsigned char)name[0]) break;
    if (first == (unsigned char)name[0] && strcmp(member->key, name) == 0 &&
        member->length == strlen(name))
      return member;
  }
  return NULL;
}

int tavus_view_find(tavus_walk *w, const tavus_view *view, const char *name) {
  lua_State *L = w->L;
  if (view->members != NULL) {
    const tavus_member *member = find_member(view, name);
    if (member == NULL ||
        (member->type == LUA_TLIGHTUSERDATA && tavus_is_null(L, member->slot)))
      return 0;
    return member->slot;
  }
  lua_pushstring(L, name);
  lua_rawget(L, view->table);
  lua_replace(L, view->spare);
  return lua_isnil(L, view->spare) || tavus_is_null(L, view->spare) ? 0 : view->spare;
}

/* How much a member holds. */
typedef enum amount { NOTHING, EMPTY, SOMETHING } amount;

static amount given(tavus_walk *w, const tavus_view *view, const char *name) {
  lua_State *L = w->L;
  int slot = tavus_view_find(w, view, name);
  if (slot == 0) return NOTHING;
  switch (lua_type(L, slot)) {
    case LUA_TSTRING: return lua_rawlen(L, slot) == 0 ? EMPTY : SOMETHING;
    case LUA_TBOOLEAN: return lua_toboolean(L, slot) ? SOMETHING : EMPTY;
    case LUA_TTABLE:
      lua_pushnil(L);
      if (lua_next(L, slot) == 0) return EMPTY;
      lua_pop(L, 2);
      return SOMETHING;
    default: return SOMETHING;
  }
}

bool tavus_view_is(tavus_walk *w, const tavus_view *view, const char *name,
                   const char *const *values) {
  if (name == NULL || values == NULL) return false;
  int slot = tavus_view_find(w, view, name);
  int type = slot == 0 ? LUA_TNONE : lua_type(w->L, slot);
  if (type != LUA_TSTRING && type != LUA_TBOOLEAN) return false;
  const char *text = type == LUA_TSTRING         ? lua_tostring(w->L, slot)
                     : lua_toboolean(w->L, slot) ? "true"
                                                 : "false";
  for (; *values != NULL; values++)
    if (strcmp(*values, text) == 0) return true;
  return false;
}

static void issue_at(tavus_walk *w, tavus_severity severity, const tavus_rule *rule,
                     const char *code, const char *field, const tavus_step *step) {
  tavus_step inner = { .up = step, .key = field };
  if (field != NULL) inner.length = strlen(field);
  tavus_issue_text(w, severity, code, field != NULL ? &inner : step, rule->message,
                   rule->hint);
}

static void rule_issue(tavus_walk *w, const tavus_rule *rule, const char *code,
                       const char *field, const tavus_step *step) {
  bool error = rule->error && !w->op.warn_only;
  issue_at(w, error ? TAVUS_ERROR : TAVUS_WARNING, rule, code, field, step);
}

/* Is the member a text that is not one of the choices of its field? */
static bool is_unknown(tavus_walk *w, const tavus_shape *shape, const tavus_view *view,
                       const char *name) {
  const tavus_field *field =
      name == NULL ? NULL : tavus_field_find(shape, name, strlen(name));
  if (field == NULL || field->choices == NULL) return false;
  int slot = tavus_view_find(w, view, name);
  if (slot == 0 || lua_type(w->L, slot) != LUA_TSTRING) return false;
  const char *text = lua_tostring(w->L, slot);
  for (const tavus_choice *c = field->choices; c->value != NULL; c++)
    if (strcmp(c->value, text) == 0) return false;
  return true;
}

/* A missing field breaks the rule; where the value of `when` is unknown, nobody
** knows what it needs, and a missing field only warns. An empty text is doubtful
** in a rule with `when`, and fine in one without. */
static void rule_unless(tavus_walk *w, const tavus_rule *rule, const tavus_shape *shape,
                        const tavus_view *view, const tavus_step *step) {
  amount a = given(w, view, rule->field);
  if (a == SOMETHING || tavus_view_is(w, view, rule->when, rule->values)) return;
  if (a == NOTHING && !is_unknown(w, shape, view, rule->when))
    rule_issue(w, rule, "required", rule->field, step);
  else if (a == NOTHING)
    issue_at(w, TAVUS_WARNING, rule, "required", rule->field, step);
  else if (rule->when != NULL && /* another type is reported elsewhere */
           lua_type(w->L, tavus_view_find(w, view, rule->field)) == LUA_TSTRING)
    issue_at(w, TAVUS_WARNING, rule, "required", rule->field, step);
}

/* Is `when` given, with one of the values, if there are any? */
static bool applies(tavus_walk *w, const tavus_rule *rule, const tavus_view *view) {
  if (rule->values == NULL) return given(w, view, rule->when) == SOMETHING;
  return tavus_view_is(w, view, rule->when, rule->values);
}

static void rule_not_with(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                          const tavus_step *step) {
  if (!applies(w, rule, view)) return;
  for (const char *const *f = rule->fields; *f != NULL; f++)
    if (given(w, view, *f) == SOMETHING) rule_issue(w, rule, "rule", *f, step);
}

static void rule_all(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                     const tavus_step *step) {
  const char *const *f = rule->fields;
  if (rule->when == NULL) {
    while (*f != NULL && given(w, view, *f) != SOMETHING) f++;
    if (*f == NULL) return;
  } else if (!applies(w, rule, view)) {
    return;
  }
  for (f = rule->fields; *f != NULL; f++)
    if (given(w, view, *f) != SOMETHING) rule_issue(w, rule, "required", *f, step);
}

static void rule_inside(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                        const tavus_step *step) {
  lua_State *L = w->L;
  bool unless = rule->limit == 1;
  if (tavus_view_is(w, view, rule->when, rule->values) == unless) return;
  if (unless && given(w, view, rule->field) != SOMETHING) return;
  int slot = tavus_view_find(w, view, rule->field);
  if (slot == 0 || lua_type(L, slot) != LUA_TTABLE) return;
  tavus_step inner = { .up = step, .key = rule->field, .length = strlen(rule->field) };
  for (const char *const *f = rule->fields; *f != NULL; f++) {
    lua_pushstring(L, *f);
    lua_rawget(L, slot);
    bool missing = lua_isnil(L, -1) || tavus_is_null(L, lua_gettop(L));
    lua_pop(L, 1);
    if (missing) rule_issue(w, rule, "required", *f, &inner);
  }
}

/* Reports the last of the members. */
static void rule_apart(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                       const tavus_step *step) {
  lua_State *L = w->L;
  const char *const *v = rule->values;
  const char *last = NULL;
  int top = lua_gettop(L);
  if (tavus_view_push(w, view, rule->when) == LUA_TSTRING) {
    const char *text = lua_tostring(L, -1);
    while (*v != NULL && strncmp(text, *v, strlen(*v)) != 0) v++;
    bool here = *v != NULL && tavus_view_push(w, view, rule->field) == LUA_TTABLE;
    for (const char *const *f = rule->fields; here && *f != NULL; f++) {
      lua_pushstring(L, *f);
      lua_rawget(L, top + 2);
      here = !lua_isnil(L, -1) && !tavus_is_null(L, lua_gettop(L));
      lua_pop(L, 1);
      last = here ? *f : NULL;
    }
  }
  lua_settop(L, top);
  if (last == NULL) return;
  tavus_step inner = { .up = step, .key = rule->field, .length = strlen(rule->field) };
  rule_issue(w, rule, "rule", last, &inner);
}

/* A member of a wrong type counts as given. */
static void rule_one_of(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                        const tavus_step *step) {
  for (const char *const *f = rule->fields; *f != NULL; f++) {
    int slot = tavus_view_find(w, view, *f);
    if (slot != 0 && (lua_type(w->L, slot) != LUA_TSTRING || lua_rawlen(w->L, slot) > 0))
      return;
  }
  rule_issue(w, rule, "required", rule->field, step);
}

/* Is the member null, or a text of white space? */
static bool is_blank(tavus_walk *w, const tavus_view *view, const char *name) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  const tavus_member *member = view->members != NULL ? find_member(view, name) : NULL;
  if (member != NULL) {
    lua_pushvalue(L, member->slot);
  } else if (view->members != NULL) {
    return false;
  } else {
    lua_pushstring(L, name);
    lua_rawget(L, view->table);
  }
  bool blank = tavus_is_null(L, -1);
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    blank = length == strspn(text, " \t\r\n\v\f");
  }
  lua_settop(L, top);
  return blank;
}

static void rule_not_blank(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                           const tavus_step *step) {
  for (const char *const *f = rule->fields; *f != NULL; f++)
    if (is_blank(w, view, *f)) rule_issue(w, rule, "value", *f, step);
}

/* Has the member a member of that name that is not empty? */
static bool holds(tavus_walk *w, const tavus_view *view, const char *name,
                  const char *inner) {
  lua_State *L = w->L;
  int slot = tavus_view_find(w, view, name);
  if (slot == 0 || lua_type(L, slot) != LUA_TTABLE) return false;
  lua_pushstring(L, inner);
  lua_rawget(L, slot);
  bool found = lua_type(L, -1) == LUA_TTABLE;
  if (found) {
    lua_pushnil(L);
    found = lua_next(L, -2) != 0;
    if (found) lua_pop(L, 2);
  }
  lua_pop(L, 1);
  return found;
}

static void rule_sum(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                     const tavus_step *step) {
  size_t sum = 0;
  bool alone = false; /* one alone is too long, which its own limit reports */
  for (const char *const *f = rule->fields; *f != NULL; f++) {
    int slot = tavus_view_find(w, view, *f);
    if (slot == 0 || lua_type(w->L, slot) != LUA_TTABLE) continue;
    size_t n = lua_rawlen(w->L, slot);
    sum += n;
    if (n > rule->limit) alone = true;
  }
  if (sum > rule->limit && !alone) rule_issue(w, rule, "range", NULL, step);
}

/* Takes the characters of a value as JSON, about, from what is left. */
static void measure(lua_State *L, int index, int depth, size_t *left) {
  size_t length = 4; /* true, null */
  if (lua_type(L, index) == LUA_TSTRING || lua_type(L, index) == LUA_TNUMBER) {
    lua_pushvalue(L, index); /* lua_tolstring changes a number */
    const char *text = lua_tolstring(L, -1, &length);
    length = tavus_characters(text, length) + 2;
    lua_pop(L, 1);
  }
  *left -= length < *left ? length : *left;
  if (lua_type(L, index) != LUA_TTABLE || depth == 0) return;
  luaL_checkstack(L, 4, "length");
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    int value = lua_gettop(L);
    if (*left > 0 && lua_type(L, value - 1) == LUA_TSTRING)
      measure(L, value - 1, 0, left);
    if (*left > 0) measure(L, value, depth - 1, left);
    lua_pop(L, 1);
  }
}

#define MEASURED_DEPTH 100

static void rule_length(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                        const tavus_step *step) {
  size_t left = rule->limit + 1;
  for (const char *const *f = rule->fields; *f != NULL; f++) {
    int slot = tavus_view_find(w, view, *f);
    if (slot != 0) measure(w->L, slot, MEASURED_DEPTH, &left);
  }
  if (left == 0) rule_issue(w, rule, "range", rule->field, step);
}

/* Warns when a body mixes /v2/personas names with their /v2/pals twins. */
static void rule_one_naming(tavus_walk *w, const tavus_rule *rule,
                            const tavus_shape *shape, const tavus_view *view,
                            const tavus_step *step) {
  bool fresh = false, old = false;
  if (view->members != NULL) {
    /* Usually there is no newer name. */
    int i = 0;
    while (i < view->count &&
           (view->members[i].field == NULL || view->members[i].field->twin == NULL))
      i++;
    if (i == view->count) return;
  }
  for (size_t i = 0; i < shape->count && !fresh; i++)
    if (shape->fields[i].twin != NULL && given(w, view, shape->fields[i].name) != NOTHING)
      fresh = true;
  if (!fresh) return;
  for (size_t i = 0; i < shape->count && !old; i++)
    if (shape->fields[i].twin != NULL && given(w, view, shape->fields[i].twin) != NOTHING)
      old = true;
  if (old) rule_issue(w, rule, "rule", NULL, step);
}

int tavus_view_push(tavus_walk *w, const tavus_view *view, const char *name) {
  int slot = tavus_view_find(w, view, name);
  if (slot == 0)
    lua_pushnil(w->L);
  else
    lua_pushvalue(w->L, slot);
  return lua_type(w->L, -1);
}

static void rule_names_in(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                          const tavus_step *step) {
  lua_State *L = w->L;
  int names = lua_gettop(L) + 1, known = names + 1;
  int type = tavus_view_push(w, view, rule->field);
  int known_type = tavus_view_push(w, view, rule->when);
  if (type == LUA_TTABLE &&
      (known_type == LUA_TTABLE || (known_type == LUA_TNIL && rule->limit > 0))) {
    tavus_step list = { .up = step, .key = rule->field, .length = strlen(rule->field) };
    for (int i = 1; !w->stopped; i++) {
      lua_rawgeti(L, names, i);
      if (lua_isnil(L, -1)) break;
      bool there = lua_type(L, -1) != LUA_TSTRING;
      if (!there && known_type == LUA_TTABLE) {
        lua_pushvalue(L, -1);
        lua_rawget(L, known);
        there = !lua_isnil(L, -1);
        lua_pop(L, 1);
      }
      /* Properties in an array have the wrong type, which is reported already. */
      if (!there && known_type == LUA_TTABLE) there = tavus_is_array(L, known, w->marks);
      if (!there) {
        tavus_step item = { .up = &list, .index = (size_t)(i - 1) };
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        char quoted[TAVUS_QUOTED];
        if (known_type == LUA_TTABLE)
          tavus_hint_key(w, known, text, length);
        else
          tavus_push_hint(w, "describe it under %s", rule->when);
        tavus_issue(w, w->op.warn_only ? TAVUS_WARNING : TAVUS_ERROR, "required", &item,
                    "%s %s", tavus_quote(quoted, text, length), rule->message);
      }
      lua_settop(L, known);
    }
  }
  lua_settop(L, names - 1);
}

static void rule_no_prefix(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                           const tavus_step *step) {
  lua_State *L = w->L;
  int base = lua_gettop(L);
  const char *prefix = rule->values[0];
  if (tavus_view_push(w, view, rule->field) == LUA_TTABLE) {
    tavus_step map = { .up = step, .key = rule->field, .length = strlen(rule->field) };
    lua_pushnil(L);
    while (!w->stopped && lua_next(L, base + 1) != 0) {
      lua_pop(L, 1);
      size_t length;
      const char *name =
          lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
      if (name == NULL || strncmp(name, prefix, strlen(prefix)) != 0) continue;
      tavus_step member = { .up = &map, .key = name, .length = length };
      tavus_push_hint(w, rule->hint != NULL ? "%s" : NULL, rule->hint);
      tavus_issue(w, rule->error && !w->op.warn_only ? TAVUS_ERROR : TAVUS_WARNING,
                  "value", &member, "%s", rule->message);
    }
  }
  lua_settop(L, base);
}

static void check_rule(tavus_walk *w, const tavus_rule *rule, const tavus_shape *shape,
                       const tavus_view *view, const tavus_step *step) {
  switch (rule->kind) {
    case TAVUS_RULE_UNLESS: rule_unless(w, rule, shape, view, step); break;
    case TAVUS_RULE_WHEN:
      if (applies(w, rule, view) && given(w, view, rule->field) == NOTHING)
        rule_issue(w, rule, "required", rule->field, step);
      break;
    case TAVUS_RULE_ONLY_WITH:
      if (given(w, view, rule->field) == SOMETHING &&
          given(w, view, rule->when) == SOMETHING &&
          !tavus_view_is(w, view, rule->when, rule->values))
        rule_issue(w, rule, "rule", rule->field, step);
      break;
    case TAVUS_RULE_NOT_WITH: rule_not_with(w, rule, view, step); break;
    case TAVUS_RULE_ONE_OF: rule_one_of(w, rule, view, step); break;
    case TAVUS_RULE_NOT_BLANK: rule_not_blank(w, rule, view, step); break;
    case TAVUS_RULE_STATE: rule_issue(w, rule, "deprecated", NULL, step); break;
    case TAVUS_RULE_WHEN_IN:
      if (rule->values != NULL ? holds(w, view, rule->when, rule->values[0])
                               : given(w, view, rule->when) == SOMETHING)
        rule_one_of(w, rule, view, step);
      break;
    case TAVUS_RULE_SUM: rule_sum(w, rule, view, step); break;
    case TAVUS_RULE_LENGTH: rule_length(w, rule, view, step); break;
    case TAVUS_RULE_ONE_NAMING: rule_one_naming(w, rule, shape, view, step); break;
    case TAVUS_RULE_UNIQUE:
    case TAVUS_RULE_CHAIN:
      tavus_check_items(w, rule, tavus_view_find(w, view, rule->field), step);
      break;
    case TAVUS_RULE_NO_PREFIX: rule_no_prefix(w, rule, view, step); break;
    case TAVUS_RULE_NAMES_IN: rule_names_in(w, rule, view, step); break;
    case TAVUS_RULE_ALL: rule_all(w, rule, view, step); break;
    case TAVUS_RULE_INSIDE: rule_inside(w, rule, view, step); break;
    case TAVUS_RULE_APART: rule_apart(w, rule, view, step); break;
    case TAVUS_RULE_TYPE_NEEDS:
    case TAVUS_RULE_FITS:
    case TAVUS_RULE_AMONG:
    case TAVUS_RULE_ORDER: tavus_check_schema_rule(w, rule, view, step); break;
  }
}

/* Does the rule require a member? */
static bool wants(tavus_rule_kind kind) {
  return kind == TAVUS_RULE_UNLESS || kind == TAVUS_RULE_WHEN ||
         kind == TAVUS_RULE_ONE_OF || kind == TAVUS_RULE_WHEN_IN ||
         kind == TAVUS_RULE_ALL || kind == TAVUS_RULE_INSIDE;
}

/* Does the object certainly lack a member without which the rule has nothing to check? */
static bool is_idle(const tavus_rule *rule, const tavus_view *view) {
  switch (rule->kind) {
    case TAVUS_RULE_ONLY_WITH:
    case TAVUS_RULE_NO_PREFIX:
    case TAVUS_RULE_NAMES_IN:
    case TAVUS_RULE_INSIDE:
    case TAVUS_RULE_FITS: return tavus_view_lacks(view, rule->field);
    case TAVUS_RULE_NOT_WITH:
    case TAVUS_RULE_WHEN_IN:
    case TAVUS_RULE_TYPE_NEEDS: return tavus_view_lacks(view, rule->when);
    case TAVUS_RULE_APART:
    case TAVUS_RULE_AMONG:
    case TAVUS_RULE_ORDER:
      return tavus_view_lacks(view, rule->field) || tavus_view_lacks(view, rule->when);
    default: return false;
  }
}

/* May the object lack members that it must have in the end? A merge patch also changes
** the insides of objects; a partial object replaces them as a whole. */
static bool is_partial(const tavus_walk *w, const tavus_step *step) {
  return w->sends == TAVUS_SENDS_MERGE_PATCH ||
         (w->sends == TAVUS_SENDS_PARTIAL && step->up == NULL);
}

/* Is the rule about the path that the value goes to? */
static bool is_here(const tavus_walk *w, const tavus_rule *rule) {
  return rule->where == TAVUS_EITHER || (rule->where == TAVUS_NEWER) == w->newer;
}

void tavus_check_rules(tavus_walk *w, const tavus_shape *shape, const tavus_view *view,
                       const tavus_step *step) {
  bool partial = is_partial(w, step);
  luaL_checkstack(w->L, 16, "rules");
  for (size_t i = 0; i < shape->rule_count && !w->stopped; i++) {
    const tavus_rule *rule = &shape->rules[i];
    if (!is_idle(rule, view) && is_here(w, rule) && (!partial || !wants(rule->kind)))
      check_rule(w, rule, shape, view, step);
  }
}
