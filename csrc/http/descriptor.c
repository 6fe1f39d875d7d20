/* descriptor.c - see descriptor.h. */
#include "descriptor.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

int tavus_http_socket(const struct curl_sockaddr *address) {
#ifdef SOCK_CLOEXEC
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  int fd = socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

/* How far the numbers of the two ends of a socketpair may be apart. */
#define NEIGHBOURS 32

static bool is_inheritable(int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

/* Finds the other end of a socketpair, by a token that is sent into `fd`, and sets its
** close-on-exec flag. libcurl reads at `fd` only, so it does not read the token. */
static void seal_other_end(int fd) {
  struct {
    int64_t time;
    const void *place;
  } token, found;
  int other = fd > NEIGHBOURS ? fd - NEIGHBOURS : 0;
  memset(&token, 0, sizeof token);
  token.time = tavus_http_now();
  token.place = &token;
  if (send(fd, &token, sizeof token, MSG_DONTWAIT | MSG_NOSIGNAL) !=
      (ssize_t)sizeof token)
    return;
  for (; other < fd + NEIGHBOURS; other++) {
    if (other == fd || !is_inheritable(other) ||
        recv(other, &found, sizeof found, MSG_PEEK | MSG_DONTWAIT) !=
            (ssize_t)sizeof found ||
        memcmp(&token, &found, sizeof token) != 0)
      continue;
    (void)recv(other, &found, sizeof found, MSG_DONTWAIT);
    (void)fcntl(other, F_SETFD, FD_CLOEXEC);
    return;
  }
}

void tavus_http_close_on_exec(int fd) {
  if (!is_inheritable(fd)) return;
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  seal_other_end(fd);
}

/* Looks at one byte without reading it. */
static ssize_t peek(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* Returns the number that the next descriptor gets, or -1 when none is left. */
static int next_number(void) {
  int fd = fcntl(0, F_DUPFD, 0);
  if (fd >= 0) close(fd);
  return fd;
}

CURLM *tavus_http_multi_new(void) {
  int fd = next_number();
  CURLM *multi = curl_multi_init();
#if LIBCURL_VERSION_NUM >= 0x074400
  char byte;
  /* The wake-up that arrives there shows that it is libcurl's. */
  if (multi != NULL && fd >= 0 && is_inheritable(fd) && peek(fd) < 0 &&
      curl_multi_wakeup(multi) == CURLM_OK && peek(fd) == 1) {
    (void)recv(fd, &byte, 1, MSG_DONTWAIT);
    tavus_http_close_on_exec(fd);
  }
#endif
  return multi;
}

const char *tavus_http_shortage(int error) {
  if (error == EMFILE || error == ENFILE) return "descriptors";
  if (error == ENOMEM || error == ENOBUFS) return "memory";
  return NULL;
}

/* Descriptors that a name look-up of libcurl needs at once: a pair of sockets, and one
** for the resolver of the system. */
#define NEEDED 3

const char *tavus_http_probe_shortage(void) {
  struct curl_sockaddr any = { .family = AF_UNIX, .socktype = SOCK_DGRAM };
  const char *shortage = NULL;
  int opened[NEEDED], count = 0;
  while (count < NEEDED && (opened[count] = tavus_http_socket(&any)) >= 0) count++;
  if (count < NEEDED) shortage = tavus_http_shortage(errno);
  while (count > 0) close(opened[--count]);
  return shortage;
}
