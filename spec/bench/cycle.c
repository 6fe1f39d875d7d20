/*
 * The least a POST and a GET can cost: one libcurl easy handle, used again and again, answers discarded. On the wire
 * the requests are the library's, header for header.
 * cycle URL ID BODY_FILE CYCLES [CA_FILE] prints the CPU seconds that the cycles took, without the start. With "-" for the
 * body's file a cycle is a GET alone.
 */
#define _POSIX_C_SOURCE 200809L
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t discard(char *data, size_t size, size_t count, void *user)
{
  (void)data;
  (void)user;
  return size * count;
}

static double cpu_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int perform(CURL *curl, const char *url, const char *body, long length)
{
  long status = 0;
  curl_easy_setopt(curl, CURLOPT_URL, url);
  if (body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, length);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  } else
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  if (curl_easy_perform(curl) != CURLE_OK) return 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status == 200;
}

int main(int argc, char **argv)
{
  static char body[65536];
  char create[256], get[256];
  if (argc < 5 || argc > 6) return 2;
  int posts = argv[3][0] != '-';
  long length = 0;
  if (posts) {
    FILE *file = fopen(argv[3], "rb");
    if (!file) return 2;
    length = (long)fread(body, 1, sizeof body, file);
    fclose(file);
  }
  snprintf(create, sizeof create, "%s/v2/personas", argv[1]);
  snprintf(get, sizeof get, "%s/v2/personas/%s", argv[1], argv[2]);

  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL *curl = curl_easy_init();
  struct curl_slist *headers = curl_slist_append(NULL, "x-api-key: bench");
  headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, "Accept-Encoding: gzip");
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tavus-bench");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  if (argc == 6) curl_easy_setopt(curl, CURLOPT_CAINFO, argv[5]);

  int cycles = atoi(argv[4]);
  for (int i = 0; i < 20; i++)
    if ((posts && !perform(curl, create, body, length)) || !perform(curl, get, NULL, 0)) return 1;
  double start = cpu_seconds();
  for (int i = 0; i < cycles; i++)
    if ((posts && !perform(curl, create, body, length)) || !perform(curl, get, NULL, 0)) return 1;
  printf("%.9f", cpu_seconds() - start);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  return 0;
}
