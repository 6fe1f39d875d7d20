/* fork.c - see fork.h. */
#include "fork.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Returns a byte that is 1 here and 0 in a forked child, or NULL. Reading it is cheaper
** than getpid(), a system call. */
static volatile unsigned char *new_mark(void) {
#ifdef MADV_WIPEONFORK
  void *page =
      mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  if (madvise(page, page_size(), MADV_WIPEONFORK) == 0) {
    *(volatile unsigned char *)page = 1;
    return page;
  }
  munmap(page, page_size());
#endif
  return NULL;
}

void tavus_http_maker_note(tavus_http_maker *maker) {
  maker->pid = (long)getpid();
  maker->mark = new_mark();
}

bool tavus_http_maker_is_other(const tavus_http_maker *maker) {
  if (maker->mark != NULL) return *maker->mark == 0;
  return maker->pid != (long)getpid();
}

void tavus_http_maker_free(tavus_http_maker *maker) {
  if (maker->mark != NULL) munmap((void *)(uintptr_t)maker->mark, page_size());
  maker->mark = NULL;
}
