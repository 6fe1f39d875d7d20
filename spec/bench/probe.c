/* probe.c - asks a location of a server on loopback for a small answer every two milliseconds, on one connection, until its
** standard input ends: probe PORT PATH. Prints how many answers there were, and their milliseconds: median, 99th percentile,
** longest. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {0};
  struct sched_param first = {1};
  struct pollfd input = {0, POLLIN, 0};
  static double times[1000000];
  char question[512], answer[4096];
  size_t count = 0;
  int fd;
  if (argc != 3) return 2;
  /* What is measured is the server and not how busy its neighbours keep this core; where that is not allowed, both are. */
  (void)sched_setscheduler(0, SCHED_FIFO, &first);
  snprintf(question, sizeof question, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  while (count < sizeof times / sizeof *times && poll(&input, 1, 2) == 0) {
    double start = now_ms();
    if (write(fd, question, strlen(question)) < 0) return 1;
    if (read(fd, answer, sizeof answer) <= 0) return 1; /* it comes in one piece */
    times[count++] = now_ms() - start;
  }
  if (count == 0) return 1;
  qsort(times, count, sizeof *times, compare);
  printf("%zu %.3f %.3f %.3f\n", count, times[count / 2], times[count * 99 / 100], times[count - 1]);
  return 0;
}
