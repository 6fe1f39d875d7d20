/* inherited.h - closing, in a forked child, a descriptor that the parent made.
**
** The child may have closed all that it inherited, as daemons do, and given the
** numbers to files of its own. */
#ifndef TAVUS_INHERITED_H
#define TAVUS_INHERITED_H

#include <sys/stat.h>
#include <unistd.h>

/* What a descriptor stood for when it was made. */
typedef struct tavus_identity {
  dev_t device;
  ino_t inode;
} tavus_identity;

static inline tavus_identity tavus_identify(int fd) {
  tavus_identity known = {0, 0};
  struct stat file;
  if (fstat(fd, &file) == 0) {
    known.device = file.st_dev;
    known.inode = file.st_ino;
  }
  return known;
}

/* Whether it still is what it was when it was made. */
static inline int tavus_is_same(int fd, tavus_identity made) {
  tavus_identity known = tavus_identify(fd);
  return known.device == made.device && known.inode == made.inode;
}

/* Closes it if it still is what it was. */
static inline void tavus_close_inherited(int fd, tavus_identity made) {
  if (tavus_is_same(fd, made)) close(fd);
}

#endif
