/* walk.c - the walk over arrays, objects and free form, and over values that JSON cannot
** express. */
#include "walk.h"

#include "words.h"

/* --- arrays --- */

static void walk_other(tavus_walk *w, int index, int type, const tavus_field *field,
                       tavus_step *step);

static void size_issue(tavus_walk *w, const tavus_step *step) {
  if (!w->stopped)
    tavus_issue_text(w, TAVUS_ERROR, "size", step, "the value is too large to send",
                     "a table that is used in many places counts each time");
  w->stopped = true;
}

/* A value of Lua type `type`; `view` is the object around it, or NULL. */
static inline void walk_typed(tavus_walk *w, int index, int type,
                              const tavus_field *field, const tavus_view *view,
                              tavus_step *step) {
  if (++w->nodes > TAVUS_MOST_NODES || w->out->length > TAVUS_MOST_BYTES)
    size_issue(w, step);
  else if (type == LUA_TSTRING) /* the most frequent type */
    tavus_walk_string(w, index, field, view, step);
  else
    walk_other(w, index, type, field, step);
}

static inline void walk_item(tavus_walk *w, int index, const tavus_field *field,
                             tavus_step *inner, size_t i) {
  if (i > 0) tavus_buffer_byte(w->L, w->out, ',');
  inner->index = i;
  walk_typed(w, index, lua_type(w->L, index), field, NULL, inner);
}

/* Is the key at `index` the number `n`? */
static inline bool is_key(lua_State *L, int index, size_t n) {
#if TAVUS_HAS_INTEGERS
  return lua_isinteger(L, index) && lua_tointeger(L, index) == (lua_Integer)n;
#else
  return lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) == (lua_Number)n;
#endif
}

/* Walks the items after the first `n`, in any order, since their indices may be billions
** apart. Returns the number of all items. */
static size_t walk_scattered(tavus_walk *w, int index, const tavus_field *items,
                             tavus_step *inner, size_t n) {
  lua_State *L = w->L;
  size_t first = n;
  lua_pushnil(L);
  int value = lua_gettop(L) + 1;
  while (!w->stopped && lua_next(L, index) != 0) {
    size_t item = tavus_item_of(L, value - 1);
    if (item > first) {
      walk_item(w, value, items, inner, item - 1);
      n++;
    }
    lua_settop(L, value - 1);
  }
  lua_settop(L, value - 2);
  return n;
}

static void walk_array(tavus_walk *w, int index, const tavus_field *field, bool marked,
                       tavus_step *step) {
  lua_State *L = w->L;
  const tavus_field *items = field != NULL ? field->items : NULL;
  tavus_step inner = { .up = step };
  size_t n = 0;
  bool plain = true;
  tavus_buffer_byte(L, w->out, '[');
  lua_pushnil(L);
  int value = lua_gettop(L) + 1;
  while (plain && !w->stopped && lua_next(L, index) != 0) {
    if (is_key(L, value - 1, n + 1)) {
      walk_item(w, value, items, &inner, n++);
      lua_pop(L, 1);
    } else {
      plain = false;
    }
  }
  lua_settop(L, value - 2);
  if (!plain) {
    tavus_keys k = tavus_count_keys(L, index);
    if (k.texts > 0 && k.indexes == 0 && k.others == 0 && !marked && field != NULL)
      tavus_type_issue(w, index, field, "object", step);
    else if (k.texts > 0 || k.others > 0 || k.indexes != k.largest)
      tavus_keys_issue(w, index, &k, field, step);
    if (k.indexes != k.largest) /* reported: the text will not be used */
      n = walk_scattered(w, index, items, &inner, n);
    for (; n < k.indexes && !w->stopped; n++) {
      lua_rawgeti(L, index, (int)n + 1);
      walk_item(w, lua_gettop(L), items, &inner, n);
      lua_pop(L, 1);
    }
  }
  tavus_buffer_byte(L, w->out, ']');
  if (field != NULL && field->max_items != 0 && n > field->max_items) {
    tavus_push_hint(w, NULL);
    bool closed = (field->flags & TAVUS_CLOSED) != 0 && !w->op.warn_only;
    tavus_issue(w, closed ? TAVUS_ERROR : TAVUS_WARNING, "range", step,
                "%d items; at most %d are documented", (int)n, (int)field->max_items);
  }
}

/* --- objects --- */

static int order_of(const tavus_member *a, const tavus_member *b) {
  /* A Lua string ends with a zero byte, so there is a first byte. */
  if (a->key[0] != b->key[0]) return (unsigned char)a->key[0] - (unsigned char)b->key[0];
  size_t common = a->length < b->length ? a->length : b->length;
  int order = memcmp(a->key, b->key, common);
  if (order != 0) return order;
  return a->length < b->length ? -1 : a->length > b->length;
}

/* Returns the field of a key, or NULL. Asks the cache first. */
static inline const tavus_field *find_field(tavus_walk *w, const tavus_shape *shape,
                                            const char *key, size_t length) {
  uint64_t mixed = ((uint64_t)(uintptr_t)key ^ (uint64_t)(uintptr_t)shape << 16) *
                   UINT64_C(0x9E3779B97F4A7C15);
  struct tavus_found *found = &(*w->found)[mixed >> (64 - TAVUS_FOUND_BITS)];
  if (found->shape == shape && found->field->length == length &&
      memcmp(found->field->name, key, length) == 0)
    return found->field;
  const tavus_field *field = tavus_field_find(shape, key, length);
  if (field != NULL) {
    found->shape = shape;
    found->field = field;
  }
  return field;
}

/* Is the table at `index` a JSON Schema: has it keywords only, and one that tells? */
static bool is_schema(lua_State *L, int index) {
  bool tells = false;
  size_t length;
  luaL_checkstack(L, 3, "nesting too deep");
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    const char *key =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
    if (key != NULL && tavus_is_schema_word(key, length, &tells)) continue;
    lua_pop(L, 1);
    return false;
  }
  return tells;
}

/* Makes the strings of a member secret that only its name calls so. An object may be
** the schema of an argument of that name. */
static void mark_named(tavus_walk *w, const tavus_member *member) {
  if (w->secrecy == TAVUS_NOT_SECRET &&
      (member->type != LUA_TTABLE || !is_schema(w->L, member->slot)))
    w->secrecy = TAVUS_SECRET_BY_NAME;
}

/* Reports a member that the contract does not know, and walks it in free form. */
static void unknown_member(tavus_walk *w, const tavus_shape *shape,
                           const tavus_member *member, tavus_step *step) {
  char quoted[TAVUS_QUOTED];
  bool secret = false;
  tavus_hint_name(w, shape, (tavus_named){ step->key, step->length, member->slot },
                  &secret);
  tavus_issue(w, TAVUS_WARNING, "unknown_field", step, "unknown field %s",
              tavus_quote(quoted, step->key, step->length));
  tavus_secrecy secrecy = w->secrecy;
  if (secret) mark_named(w, member);
  walk_typed(w, member->slot, member->type, NULL, NULL, step);
  w->secrecy = secrecy;
}

/* Writes `before`, the key and a colon. Returns false after an issue. */
static inline bool write_key(tavus_walk *w, const tavus_member *member, char before,
                             const tavus_step *step) {
  if (member->field != NULL) { /* a name of the contract: plain ASCII */
    char *to = tavus_buffer_reserve(w->L, w->out, member->length + 4);
    to[0] = before;
    to[1] = '"';
    memcpy(to + 2, member->key, member->length);
    to[member->length + 2] = '"';
    to[member->length + 3] = ':';
    w->out->length += member->length + 4;
    return true;
  }
  tavus_buffer_byte(w->L, w->out, before);
  bool good = tavus_write_text(w, member->key, member->length, step);
  tavus_buffer_byte(w->L, w->out, ':');
  return good;
}

/* Returns the variant of the field that a sibling selects, or the field itself. */
static const tavus_field *variant_of(tavus_walk *w, const tavus_field *field,
                                     const tavus_view *view) {
  for (const tavus_variant *v = field->variants; v->value != NULL; v++) {
    const char *const values[] = { v->value, NULL };
    if (tavus_view_is(w, view, field->variant_by, values)) return v->field;
  }
  return field;
}

/* Walks a member of `view`. `before`: the character before its key. */
static inline void walk_member(tavus_walk *w, const tavus_member *member, char before,
                               const tavus_shape *shape, const tavus_view *view,
                               tavus_step *inner) {
  inner->key = member->key;
  inner->length = member->length;
  bool good = write_key(w, member, before, inner);
  const tavus_field *field = member->field;
  if (field != NULL && field->variants != NULL) field = variant_of(w, field, view);
  bool in_perception_tool = w->in_perception_tool;
  tavus_secrecy secrecy = w->secrecy;
  if (field == NULL) {
    if (shape != NULL) field = shape->other;
    if (shape != NULL && field == NULL && good) {
      unknown_member(w, shape, member, inner);
      return;
    }
    /* In free form the name is all that tells. A value without a kind is a body of
    ** the caller's own: its text is searched when it comes back. */
    if ((field == NULL || field == &tavus_field_anything) && w->root != NULL &&
        tavus_is_secret_name(member->key, member->length))
      mark_named(w, member);
  } else {
    tavus_remark_field(w, field, view, inner);
    /* The value of an operation has the type of the field at its path. */
    if ((field->flags & TAVUS_PATCH_VALUE) != 0) {
      w->secrecy = w->op.value_secrecy;
      w->in_perception_tool = w->op.value_in_perception_tool;
      walk_typed(w, member->slot, member->type, w->op.place, NULL, inner);
      w->in_perception_tool = in_perception_tool;
      w->secrecy = secrecy;
      return;
    }
  }
  if (field != NULL && (field->flags & TAVUS_PERCEPTION_TOOLS) != 0)
    w->in_perception_tool = true;
  if (field != NULL && (field->flags & TAVUS_SECRET) != 0)
    w->secrecy = TAVUS_SECRET_BY_CONTRACT;
  walk_typed(w, member->slot, member->type, field, view, inner);
  w->in_perception_tool = in_perception_tool;
  w->secrecy = secrecy;
}

/* Writes the sorted members of a table and checks the rules. Fetches the members of a
** large object one by one. */
static void walk_members(tavus_walk *w, tavus_member *members, size_t count,
                         const tavus_view *view, const tavus_step *step) {
  lua_State *L = w->L;
  const tavus_shape *shape = step->shape;
  tavus_step inner = { .up = step };
  char before = '{';
  for (size_t i = 0; i < count && !w->stopped; i++) {
    tavus_member *member = &members[i];
    if (view->members == NULL) {
      lua_pushlstring(L, member->key, member->length);
      lua_rawget(L, view->table);
      member->type = lua_type(L, member->slot);
    }
    walk_member(w, member, before, shape, view, &inner);
    if (view->members == NULL) lua_settop(L, member->slot - 1);
    before = ',';
  }
  if (count == 0) tavus_buffer_byte(L, w->out, '{');
  tavus_buffer_byte(L, w->out, '}');
  if (shape != NULL && shape->rule_count > 0 && !w->stopped)
    tavus_check_rules(w, shape, view, step);
}

static int compare_members(const void *a, const void *b) { return order_of(a, b); }

/* Walks an object of many members. A Lua table keeps the keys alive while they are
** sorted. */
static void walk_large(tavus_walk *w, int index, const tavus_field *field,
                       tavus_step *step) {
  lua_State *L = w->L;
  const tavus_shape *shape = step->shape;
  int base = lua_gettop(L);
  luaL_checkstack(L, 8, "nesting too deep");
  size_t count = 0, all = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    all++;
    lua_pop(L, 1);
  }
  tavus_member *members = lua_newuserdata(L, all * sizeof *members);
  lua_createtable(L, all < 1 << 20 ? (int)all : 0, 0);
  lua_pushnil(L);
  while (count < all && lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    tavus_member *member = &members[count++];
    member->key = lua_tolstring(L, -1, &member->length);
    member->slot = base + 4;
    member->field = shape == NULL || shape->count == 0
                        ? NULL
                        : tavus_field_find(shape, member->key, member->length);
    lua_pushvalue(L, -1);
    lua_rawseti(L, base + 2, (int)count);
  }
  lua_settop(L, base + 2);
  if (count < all) tavus_foreign_keys(w, index, field, step);
  qsort(members, count, sizeof *members, compare_members);
  lua_pushnil(L);
  tavus_view view = { .table = index, .spare = base + 3 };
  walk_members(w, members, count, &view, step);
  lua_settop(L, base);
}

/* Walks an object. The keys and values of a small one stay on the stack, which has room
** for them. */
static void walk_object(tavus_walk *w, int index, const tavus_field *field,
                        tavus_step *step) {
  lua_State *L = w->L;
  const tavus_shape *shape = step->shape;
  bool names = shape != NULL && shape->count > 0;
  bool rules = shape != NULL && shape->rule_count > 0;
  tavus_member members[TAVUS_INLINE_MEMBERS];
  int count = 0, base = lua_gettop(L), slot = base + 2; /* of the next value */
  bool foreign = false;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    if (lua_type(L, slot - 1) != LUA_TSTRING) {
      foreign = true;
      lua_settop(L, slot - 1);
      continue;
    }
    if (count == TAVUS_INLINE_MEMBERS) {
      lua_settop(L, base);
      walk_large(w, index, field, step);
      return;
    }
    tavus_member member;
    member.key = lua_tolstring(L, slot - 1, &member.length);
    member.slot = slot;
    member.type = lua_type(L, slot);
    member.field = names ? find_field(w, shape, member.key, member.length) : NULL;
    int at = count++;
    for (; at > 0 && order_of(&member, &members[at - 1]) < 0; at--)
      members[at] = members[at - 1];
    members[at] = member;
    lua_pushvalue(L, slot - 1);
    slot += 2;
  }
  if (foreign) tavus_foreign_keys(w, index, field, step);
  tavus_view view = { .table = index, .members = members, .count = count };
  for (int i = 0; rules && i < count; i++)
    view.beginnings |= tavus_beginning(members[i].key);
  walk_members(w, members, (size_t)count, &view, step);
  lua_settop(L, base);
}

/* --- tables and values --- */

/* Is the table inside itself? */
static bool in_cycle(const void *table, const tavus_step *step) {
  for (; step != NULL; step = step->up)
    if (step->table == table) return true;
  return false;
}

/* Walks a table. `roomy`: the stack has room for the members of a small object. */
static void walk_table(tavus_walk *w, int index, const tavus_field *field,
                       tavus_step *step, bool roomy) {
  lua_State *L = w->L;
  const void *table = lua_topointer(L, index);
  unsigned depth = step->up == NULL ? 1 : step->up->depth + 1;
  if (in_cycle(table, step->up)) {
    tavus_issue_text(w, TAVUS_ERROR, "cycle", step, "the table contains itself", NULL);
    TAVUS_WRITE(w, "null");
    return;
  }
  if (depth > TAVUS_JSON_DEPTH) {
    tavus_issue_text(w, TAVUS_ERROR, "depth", step, TAVUS_JSON_TOO_DEEP, NULL);
    TAVUS_WRITE(w, "null");
    return;
  }
  unsigned wanted = field != NULL ? field->types : TAVUS_ANY;
  step->type_reported = false;
  tavus_mark mark = tavus_mark_of(L, index, w->marks);
  bool array, marked = mark == TAVUS_ARRAY;
  if (mark == TAVUS_ARRAY || mark == TAVUS_OBJECT) {
    array = marked;
  } else if ((wanted & (TAVUS_ARRAY_TYPE | TAVUS_OBJECT_TYPE)) == TAVUS_ARRAY_TYPE) {
    array = true;
  } else {
    /* A border of 0 means t[1] is nil; lua_rawlen is cheaper than a lookup. */
    array = lua_rawlen(L, index) > 0;
    if (array) {
      lua_rawgeti(L, index, 1);
      array = !lua_isnil(L, -1);
      lua_pop(L, 1);
    }
    if (!array && mark == TAVUS_EMPTY_ARRAY)
      array = marked = !tavus_has_members(L, index);
    /* Items in what should be an object: if it has names too, those count, and
    ** the walk over them reports the mixture. */
    if (array && (wanted & TAVUS_ARRAY_TYPE) == 0 && !marked)
      array = tavus_count_keys(L, index).texts == 0;
  }
  if ((wanted & (array ? TAVUS_ARRAY_TYPE : TAVUS_OBJECT_TYPE)) == 0) {
    tavus_type_issue(w, index, field, array ? "array" : "object", step);
    field = NULL;
    step->type_reported = true;
  }
  step->table = table;
  step->depth = depth;
  step->shape = !array && field != NULL ? field->shape : NULL;
  bool is_op = w->before_op != NULL && field == &tavus_field_patch_op;
  if (is_op) w->before_op(w, index, step);
  if (array)
    walk_array(w, index, field, marked, step);
  else if (roomy)
    walk_object(w, index, field, step);
  else
    walk_large(w, index, field, step);
  if (is_op) w->op = (tavus_op){ .place = NULL }; /* it was for that one alone */
}

/* A value of Lua type `type`, which is no string. */
static void walk_other(tavus_walk *w, int index, int type, const tavus_field *field,
                       tavus_step *step) {
  bool roomy;
  switch (type) {
    case LUA_TNUMBER: tavus_walk_number(w, index, field, step); break;
    case LUA_TBOOLEAN: tavus_walk_boolean(w, index, field, step); break;
    case LUA_TLIGHTUSERDATA: tavus_walk_light(w, index, field, step); break;
    case LUA_TTABLE:
      roomy = lua_checkstack(w->L, TAVUS_ROOMY);
      if (roomy || lua_checkstack(w->L, 8)) {
        walk_table(w, index, field, step, roomy);
        break;
      }
      tavus_issue_text(w, TAVUS_ERROR, "depth", step, "nested too deep", NULL);
      break;
    default:
      tavus_value_issue(w, index, step);
      TAVUS_WRITE(w, "null");
      break;
  }
}

void tavus_walk_value(tavus_walk *w, int index, const tavus_field *field,
                      tavus_step *step) {
  walk_typed(w, index, lua_type(w->L, index), field, NULL, step);
}
