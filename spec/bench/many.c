/*
 * The least that many GETs at once can cost: curl_multi_socket_action on epoll, easy handles and connections used again
 * and again, answers discarded. On the wire the requests are the library's, header for header. The loop is that of
 * libcurl's own example (ephiperfifo.c): a socket is watched while libcurl wants it watched, and no longer.
 * many COUNT IN_FLIGHT URL... asks for the URLs in turn, COUNT times in all, and prints the CPU seconds that took, without
 * the start, and the most memory (VmHWM, kilobytes) the process ever had.
 */
#define _POSIX_C_SOURCE 200809L
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

static int epoll;
static double due = -1; /* when libcurl wants to be called; -1: it does not */

static double clock_of(clockid_t id)
{
  struct timespec now;
  clock_gettime(id, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef struct answer {
  char *text;
  size_t length, room;
} answer;

static size_t discard(char *data, size_t size, size_t count, void *user)
{
  (void)data;
  (void)user;
  return size * count;
}

static size_t keep(char *data, size_t size, size_t count, void *user)
{
  answer *kept = user;
  size_t length = size * count;
  if (kept->length + length > kept->room) {
    kept->room = kept->length + length + 8192;
    kept->text = realloc(kept->text, kept->room);
    if (!kept->text) return 0;
  }
  memcpy(kept->text + kept->length, data, length);
  kept->length += length;
  return length;
}

/* The persona's id is there; what is read is let go of at once, as the library's side does. */
static int read_answer(answer *kept)
{
  cJSON *value = cJSON_ParseWithLength(kept->text, kept->length);
  cJSON *data = cJSON_GetObjectItemCaseSensitive(value, "data");
  int good = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(data, 0), "persona_id"));
  cJSON_Delete(value);
  kept->length = 0;
  return good;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *multi, void *known)
{
  static char one;
  struct epoll_event event;
  (void)easy;
  memset(&event, 0, sizeof event);
  event.data.fd = fd;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
    return 0;
  }
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  epoll_ctl(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  curl_multi_assign(multi, fd, &one);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *user)
{
  (void)multi;
  (void)user;
  due = ms < 0 ? -1 : clock_of(CLOCK_MONOTONIC) + (double)ms / 1e3;
  return 0;
}

static long high_water(void)
{
  char line[256];
  long kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1) break;
  if (file) fclose(file);
  return kilobytes;
}

int main(int argc, char **argv)
{
  if (argc < 5) return 2;
  int reads = strcmp(argv[1], "read") == 0, count = atoi(argv[2]), in_flight = atoi(argv[3]), urls = argc - 4;
  int begun = 0, done = 0, running;

  curl_global_init(CURL_GLOBAL_DEFAULT);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
  struct curl_slist *headers = curl_slist_append(NULL, "x-api-key: bench");
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, "Accept-Encoding: gzip");

  double start = clock_of(CLOCK_PROCESS_CPUTIME_ID);
  for (; begun < in_flight && begun < count; begun++) {
    CURL *easy = curl_easy_init();
    answer *kept = reads ? calloc(1, sizeof *kept) : NULL;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, kept);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, kept);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, reads ? keep : discard);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tavus-bench");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, argv[4 + begun % urls]);
    curl_multi_add_handle(multi, easy);
  }
  while (done < count) {
    struct epoll_event events[64];
    double left = due < 0 ? 1 : due - clock_of(CLOCK_MONOTONIC);
    int ready = epoll_wait(epoll, events, 64, left <= 0 ? 0 : (int)(left * 1e3) + 1);
    for (int i = 0; i < ready; i++) {
      int bits = 0;
      if (events[i].events & (EPOLLIN | EPOLLHUP)) bits |= CURL_CSELECT_IN;
      if (events[i].events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
      if (events[i].events & EPOLLERR) bits |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi, events[i].data.fd, bits, &running);
    }
    if (due >= 0 && due <= clock_of(CLOCK_MONOTONIC)) {
      due = -1;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    CURLMsg *message;
    int more;
    while ((message = curl_multi_info_read(multi, &more))) {
      CURL *easy = message->easy_handle;
      CURLcode code = message->data.result;
      long status = 0;
      answer *kept = NULL;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &kept);
      if (code != CURLE_OK || status != 200 || (kept && !read_answer(kept))) {
        fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(code), status);
        return 1;
      }
      curl_multi_remove_handle(multi, easy);
      done++;
      if (begun < count) {
        curl_easy_setopt(easy, CURLOPT_URL, argv[4 + begun++ % urls]);
        curl_multi_add_handle(multi, easy);
      } else {
        if (kept) free(kept->text);
        free(kept);
        curl_easy_cleanup(easy);
      }
    }
  }
  printf("%.9f %ld\n", clock_of(CLOCK_PROCESS_CPUTIME_ID) - start, high_water());
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  curl_global_cleanup();
  return 0;
}
