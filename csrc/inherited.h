/* inherited.h - closes, in a forked child, a descriptor that the parent opened.
**
** A child may have closed all inherited descriptors, as daemons do, and have opened
** files of its own under the same numbers. So the identity of the file is compared
** first. */
#ifndef TAVUS_INHERITED_H
#define TAVUS_INHERITED_H

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file that a descriptor refers to. */
typedef struct tavus_identity {
  dev_t device;
  ino_t inode;
} tavus_identity;

/* Returns the identity of an open descriptor. */
static inline tavus_identity tavus_identify(int fd) {
  tavus_identity known = { 0, 0 };
  struct stat file;
  if (fstat(fd, &file) == 0) {
    known.device = file.st_dev;
    known.inode = file.st_ino;
  }
  return known;
}

/* Does `fd` still refer to the file that it referred to when it was opened? */
static inline bool tavus_is_same(int fd, tavus_identity made) {
  tavus_identity known = tavus_identify(fd);
  return known.device == made.device && known.inode == made.inode;
}

/* Closes `fd` if it still refers to that file. */
static inline void tavus_close_inherited(int fd, tavus_identity made) {
  if (tavus_is_same(fd, made)) close(fd);
}

#endif
