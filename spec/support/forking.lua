--- fork() for specs, without a Lua module that has it: C functions for package.loadlib.
local forking = {}

local source = [[
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
extern void lua_pushnumber(void *, double);
int spec_fork(void *L) { lua_pushnumber(L, (double)fork()); return 1; }
int spec_leave(void *L) { (void)L; _exit(0); }
/* what a daemon does: every descriptor but the first three is another file from now on */
int spec_renew(void *L) {
  int fd, from = open("/dev/null", O_RDONLY);
  (void)L;
  for (fd = 3; fd < 64; fd++)
    if (fd != from) dup2(from, fd);
  return 0;
}
int spec_open(void *L) {
  int fd, count = 0;
  for (fd = 3; fd < 64; fd++) count += fcntl(fd, F_GETFD) != -1;
  lua_pushnumber(L, (double)count);
  return 1;
}
int spec_await(void *L) {
  int status = -1;
  wait(&status);
  lua_pushnumber(L, (double)status);
  return 1;
}
    ]]

--- Build `fork.so` in a folder: spec_fork, spec_leave (ends the process without tidying up), spec_await (waits for the
-- child, gives its status), spec_renew and spec_open, each for `package.loadlib(folder .. "/fork.so", name)`.
---@param folder string
function forking.build(folder)
  local file = assert(io.open(folder .. "/fork.c", "w"))
  file:write(source)
  file:close()
  assert(os.execute(("env -u LD_PRELOAD cc -shared -fPIC -o %s/fork.so %s/fork.c"):format(folder, folder)))
end

return forking
