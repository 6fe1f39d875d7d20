/* lua.c - the targets that are written in Lua: SCRIPT returns a function, which
** gets each input and raises where a promise is broken, and maybe another one,
** mutate(text, seed) --> text | nil. The library is linked in. The script's own
** arguments are `tavus` and `serve`. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "tavus.h"

int LLVMFuzzerInitialize(int *count, char ***words);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* --- a server on loopback that answers each connection with the same bytes --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *answer;
static size_t answer_size;

/* Reads up to the end of a request's head; its body, if any, is in the same
** packet or is dropped. False: the client has closed. */
static bool read_head(int peer) {
  char head[8192];
  size_t length = 0;
  while (length < sizeof head - 1) {
    ssize_t count = recv(peer, head + length, sizeof head - 1 - length, 0);
    if (count <= 0) return false;
    length += (size_t)count;
    head[length] = '\0';
    if (strstr(head, "\r\n\r\n") != NULL) return true;
  }
  return true;
}

static void *serve_all(void *listener) {
  for (;;) {
    int peer = accept(*(int *)listener, NULL, NULL);
    if (peer < 0) continue;
    if (read_head(peer)) {
      char rest[8192];
      pthread_mutex_lock(&lock);
      (void)send(peer, answer, answer_size, MSG_NOSIGNAL);
      pthread_mutex_unlock(&lock);
      (void)shutdown(peer, SHUT_WR);
      while (recv(peer, rest, sizeof rest, 0) > 0) continue;
    }
    close(peer);
  }
  return NULL;
}

/* serve(bytes) --> the port: from now on each connection is answered so. */
static int serve(lua_State *L) {
  static int listener = -1;
  static struct sockaddr_in address;
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  pthread_mutex_lock(&lock);
  free(answer);
  answer = fuzz_text((const uint8_t *)bytes, size);
  answer_size = size;
  pthread_mutex_unlock(&lock);
  if (listener < 0) {
    pthread_t thread;
    socklen_t length = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(listener, (struct sockaddr *)&address, length) == 0);
    REQUIRE(listen(listener, 64) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    REQUIRE(pthread_create(&thread, NULL, serve_all, &listener) == 0);
  }
  lua_pushinteger(L, ntohs(address.sin_port));
  return 1;
}

/* --- the script --- */

/* The slots of what the script returned. */
enum { TEST = 1, MUTATE, SLOTS = MUTATE };

static lua_State *vm;

static int traced(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Calls the function below its arguments; prints what it raises and ends. */
static void call(int arguments, int results) {
  int handler = lua_gettop(vm) - arguments;
  lua_pushcfunction(vm, traced);
  lua_insert(vm, handler);
  if (lua_pcall(vm, arguments, results, handler) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(vm, -1));
    abort();
  }
  lua_remove(vm, handler);
}

int LLVMFuzzerInitialize(int *count, char ***words) {
  (void)count;
  (void)words;
  vm = luaL_newstate();
  REQUIRE(vm != NULL);
  luaL_openlibs(vm);
  luaL_requiref(vm, "tavus", luaopen_tavus, 0);
  if (luaL_loadfile(vm, SCRIPT) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(vm, -1));
    exit(1);
  }
  lua_insert(vm, 1);
  lua_pushcfunction(vm, serve);
  call(2, SLOTS);
  REQUIRE(lua_isfunction(vm, TEST));
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_settop(vm, SLOTS);
  lua_pushvalue(vm, TEST);
  lua_pushlstring(vm, (const char *)data, size);
  call(1, 0);
  return 0;
}

/* Half of the mutations are the script's, where it has one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  size_t length = 0;
  const char *text = NULL;
  lua_settop(vm, SLOTS);
  if (seed % 2 == 0 && lua_isfunction(vm, MUTATE)) {
    lua_pushvalue(vm, MUTATE);
    lua_pushlstring(vm, (const char *)data, size);
    lua_pushinteger(vm, seed);
    call(2, 1);
    text = lua_tolstring(vm, -1, &length);
  }
  if (text == NULL || length > most) return LLVMFuzzerMutate(data, size, most);
  memcpy(data, text, length);
  return length;
}
