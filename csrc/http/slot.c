/* slot.c - see slot.h. */
#include "slot.h"

#include <errno.h>

/* The smallest number of idle handles that are kept. */
#define RESERVED 64

/* The number of handles with libcurl's own buffer of 16 KB. Further ones have a small
** one, which with a thousand requests saves two thirds of the memory of the process. */
#define FEW 128

/* libcurl 7.83 to 8.1.0 keeps a pointer to the last header of an answer, even over a
** reset. When the next answer on the handle begins with a continuation line, it writes to
** freed memory. So a handle may be used once. */
static bool has_loose_header(const curl_version_info_data *info) {
  return info->version_num >= 0x075300 && info->version_num < 0x080101;
}

/* Before 7.88 OpenSSL writes to the socket itself. A connection that was reset would end
** the process by SIGPIPE, unless libcurl may ignore that signal. */
static bool has_sigpipe(const curl_version_info_data *info) {
  return info->version_num < 0x075800 && (info->features & CURL_VERSION_ASYNCHDNS) != 0;
}

static tavus_http_slot *new_slot(bool small) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  tavus_http_slot *slot = calloc(1, sizeof *slot);
  if (slot == NULL) return NULL;
  slot->small = small;
  slot->once = has_loose_header(info);
  slot->sigpipe = has_sigpipe(info);
  slot->easy = curl_easy_init();
  if (slot->easy == NULL) {
    free(slot);
    return NULL;
  }
  return slot;
}

tavus_http_slot *tavus_http_pool_take(tavus_http_pool *pool) {
  bool small = pool->idle[false] == NULL;
  tavus_http_slot *slot = pool->idle[small];
  if (slot != NULL) {
    pool->idle[small] = slot->next;
    pool->idle_count--;
    return slot;
  }
  slot = new_slot(pool->slots >= FEW);
  if (slot != NULL) pool->slots++;
  return slot;
}

void tavus_http_pool_free(tavus_http_pool *pool, tavus_http_slot *slot) {
  curl_easy_cleanup(slot->easy);
  tavus_http_transport_drop(slot->transport);
  free(slot);
  pool->slots--;
}

void tavus_http_pool_return(tavus_http_pool *pool, tavus_http_slot *slot, unsigned most) {
  if (pool->idle_count >= (most > RESERVED ? most : RESERVED)) {
    tavus_http_pool_free(pool, slot);
    return;
  }
  slot->next = pool->idle[slot->small];
  pool->idle[slot->small] = slot;
  pool->idle_count++;
}

int tavus_http_slot_socket(tavus_http_slot *slot, const struct curl_sockaddr *address) {
  int fd = tavus_http_socket(address);
  if (fd < 0) slot->socket_error = errno;
  return fd;
}
