/* descriptors.c - preloaded: name look-ups that are slow, fail or give two
** addresses, and what epoll_ctl was asked. Lua functions to set it up; and
** listening sockets that let nobody in. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

extern void lua_pushinteger(void *, ptrdiff_t);

static int adds, failures, events, no_threads, listener;

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  int (*real)(int, int, int, struct epoll_event *) =
      (int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl");
  int result = real(epoll, operation, fd, event);
  if (result != 0)
    failures++;
  else if (operation == EPOLL_CTL_ADD)
    adds++;
  return result;
}

int epoll_wait(int epoll, struct epoll_event *list, int most, int ms) {
  int (*real)(int, struct epoll_event *, int, int) =
      (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
  int count = real(epoll, list, most, ms);
  events += count > 0 ? count : 0;
  return count;
}

/* how many there were since this was last asked */
int spec_events(void *L) {
  lua_pushinteger(L, events);
  events = 0;
  return 1;
}

int spec_adds(void *L) {
  lua_pushinteger(L, adds);
  return 1;
}

int spec_failures(void *L) {
  lua_pushinteger(L, failures);
  return 1;
}

/* how many descriptors of its first 64 a child process inherits */
int spec_inherited(void *L) {
  int fd, count = 0, flags;
  for (fd = 3; fd < 64; fd++)
    count += (flags = fcntl(fd, F_GETFD)) >= 0 && (flags & FD_CLOEXEC) == 0;
  lua_pushinteger(L, count);
  return 1;
}

int spec_no_threads(void *L) {
  (void)L;
  no_threads = 1;
  return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*start)(void *), void *argument) {
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
      (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
          RTLD_NEXT, "pthread_create");
  return no_threads ? EAGAIN : real(thread, attributes, start, argument);
}

static struct sockaddr_in address_of(int last, int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000000u + (unsigned)last);
  address.sin_port = htons((unsigned short)port);
  return address;
}

/* Listens at 127.0.0.1 and 127.0.0.2, the same port, with the queues full: the next
** connection is not made. */
int spec_hang(void *L) {
  int last, i, port = 0;
  for (last = 1; last <= 2; last++) {
    struct sockaddr_in address = address_of(last, port);
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 0) != 0) abort();
    getsockname(fd, (struct sockaddr *)&address, &length);
    port = ntohs(address.sin_port);
    if (last == 1) listener = fd;
    for (i = 0; i < 4; i++)
      (void)connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                    (struct sockaddr *)&address, length);
  }
  lua_pushinteger(L, port);
  return 1;
}

/* From now on connections to 127.0.0.1 are refused, and those that wait are, too. */
int spec_refuse(void *L) {
  (void)L;
  close(listener);
  return 0;
}

static struct addrinfo *info(int last, const char *port, struct addrinfo *next) {
  struct addrinfo *made = calloc(1, sizeof *made + sizeof(struct sockaddr_in));
  struct sockaddr_in address = address_of(last, atoi(port));
  made->ai_family = AF_INET;
  made->ai_socktype = SOCK_STREAM;
  made->ai_addrlen = sizeof address;
  made->ai_addr = (struct sockaddr *)(void *)(made + 1);
  memcpy(made->ai_addr, &address, sizeof address);
  made->ai_next = next;
  return made;
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **result) {
  (void)hints;
  usleep(100 * 1000); /* long enough for libcurl to wait for it */
  if (strcmp(name, "two.invalid") != 0) return EAI_NONAME;
  *result = info(1, port, info(2, port, NULL));
  return 0;
}

void freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}
