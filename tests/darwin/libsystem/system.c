/* sysctl, the resolver, poll, and the plain calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "double.h"

/* Darwin 24.6 is macOS 15.6; DARWIN_DOUBLE_RELEASE names another. */
static const char *release_text(void) {
  const char *text = getenv("DARWIN_DOUBLE_RELEASE");
  return text == NULL || text[0] == 0 ? "24.6.0" : text;
}

int darwin_release(void) {
  int major = 0, minor = 0;
  if (sscanf(release_text(), "%d.%d", &major, &minor) != 2) complain("release %s", release_text());
  return major * 100 + minor;
}

/* net.systm.kctl.reg_list: xsystmgen, one xkctl_reg of 200 octets for each control, xsystmgen (kern_control.c). */
static size_t control_list(uint8_t *list) {
  static const char *const names[] = {"com.apple.netsrc", DARWIN_UTUN_CONTROL, "com.apple.flow-divert"};
  size_t at = 32;
  memset(list, 0, 32 + 3 * 200 + 32);
  *(uint32_t *)list = 32;
  for (int i = 0; i < 3; i++, at += 200) {
    uint32_t id = utun_control_id() + i - 1;
    memcpy(list + at, &(uint32_t){200}, 4);
    memcpy(list + at + 8, &id, 4);
    strcpy((char *)list + at + 104, names[i]);
  }
  return at + 32;
}

/* int sysctlbyname(const char *name, void *old, size_t *oldLength, void *new, size_t newLength); */
int darwin_sysctlbyname(const char *name, void *old, size_t *length, void *new, size_t new_length) EXPORT(sysctlbyname);
int darwin_sysctlbyname(const char *name, void *old, size_t *length, void *new, size_t new_length) {
  if (enter("sysctlbyname")) return -1;
  if (new != NULL || new_length != 0) complain("sysctlbyname %s: a new value", name);
  uint8_t value[1024];
  size_t size;
  if (strcmp(name, "kern.osrelease") == 0) {
    size = strlen(release_text()) + 1;
    memcpy(value, release_text(), size);
  } else if (strcmp(name, "net.systm.kctl.reg_list") == 0) {
    size = control_list(value);
  } else {
    complain("sysctlbyname: %s", name);
  }
  if (*length < size) return fail(DARWIN_ENOMEM);
  memcpy(old, value, size);
  *length = size;
  return 0;
}

/* int poll(struct pollfd *descriptors, nfds_t count, int milliseconds); the structure is Linux's, sys/poll.h */
int darwin_poll(struct pollfd *entries, uint32_t count, int milliseconds) EXPORT(poll);
int darwin_poll(struct pollfd *entries, uint32_t count, int milliseconds) {
  if (enter("poll")) return -1;
  for (uint32_t i = 0; i < count; i++) {
    /* A negative one is passed over (poll(2)). */
    enum kind kind = entries[i].fd < 0 ? KIND_NONE : descriptor_of(entries[i].fd)->kind;
    /* POLLIN; POLLOUT (bsd/sys/poll.h) only where something may have to wait until it can be written. */
    bool is_out = entries[i].events == 4 && (entries[i].fd < 0 || kind == KIND_STREAM || kind == KIND_TCP);
    if (entries[i].events != 1 && !is_out) complain("poll: events 0x%x", entries[i].events);
    if (entries[i].fd >= 0 && kind == KIND_NONE) complain("poll: descriptor %d is not open", entries[i].fd);
  }
  int ready = syscall(SYS_poll, entries, count, milliseconds);
  return ready < 0 ? fail_as_linux(errno) : ready;
}

/* ssize_t read(int fd, void *data, size_t length); */
ssize_t darwin_read(int fd, void *data, size_t length) EXPORT(read);
ssize_t darwin_read(int fd, void *data, size_t length) {
  if (enter("read")) return -1;
  enum kind kind = descriptor_of(fd)->kind;
  if (kind != KIND_PIPE && kind != KIND_FILE) complain("read: descriptor %d is no pipe and no file", fd);
  ssize_t taken = syscall(SYS_read, fd, data, length);
  return taken < 0 ? fail_as_linux(errno) : taken;
}

/* ssize_t write(int fd, const void *data, size_t length); */
ssize_t darwin_write(int fd, const void *data, size_t length) EXPORT(write);
ssize_t darwin_write(int fd, const void *data, size_t length) {
  if (enter("write")) return -1;
  if (descriptor_of(fd)->kind != KIND_PIPE) complain("write: descriptor %d is no pipe", fd);
  ssize_t taken = syscall(SYS_write, fd, data, length);
  return taken < 0 ? fail_as_linux(errno) : taken;
}

/* struct addrinfo (netdb.h of Libinfo): the canonical name comes before the address. */
struct darwin_addrinfo {
  int32_t ai_flags, ai_family, ai_socktype, ai_protocol;
  uint32_t ai_addrlen;
  char *ai_canonname;
  void *ai_addr;
  struct darwin_addrinfo *ai_next;
};
_Static_assert(sizeof(struct darwin_addrinfo) == 48, "addrinfo");

/* void freeaddrinfo(struct addrinfo *list); */
void darwin_freeaddrinfo(struct darwin_addrinfo *list) EXPORT(freeaddrinfo);
void darwin_freeaddrinfo(struct darwin_addrinfo *list) {
  while (list != NULL) {
    struct darwin_addrinfo *next = list->ai_next;
    free(list->ai_addr);
    free(list);
    list = next;
  }
}

/* int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result); */
int darwin_getaddrinfo(const char *node, const char *service, const struct darwin_addrinfo *hints,
                       struct darwin_addrinfo **result) EXPORT(getaddrinfo);
int darwin_getaddrinfo(const char *node, const char *service, const struct darwin_addrinfo *hints,
                       struct darwin_addrinfo **result) {
  enter("getaddrinfo");
  if (service != NULL || hints->ai_socktype != DARWIN_SOCK_DGRAM || hints->ai_family != 0 || hints->ai_flags != 0) {
    complain("getaddrinfo: hints");
  }
  /* Names of tests: eai-N.test gives the resolver's error N, six.test has an IPv6 address. */
  int error;
  if (sscanf(node, "eai-%d.test", &error) == 1) return error;
  if (strcmp(node, "six.test") == 0) node = "fd00::7";
  /* The C library's own, which have the same names as these. */
  int (*look_up)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
    dlsym(RTLD_NEXT, "getaddrinfo");
  void (*release)(struct addrinfo *) = dlsym(RTLD_NEXT, "freeaddrinfo");
  struct addrinfo *found = NULL;
  /* EAI_NONAME of netdb.h */
  if (look_up(node, NULL, &(struct addrinfo){.ai_socktype = SOCK_DGRAM}, &found) != 0) return 8;
  struct darwin_addrinfo *first = NULL, **end = &first;
  for (struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
    struct darwin_addrinfo *own = calloc(1, sizeof *own);
    own->ai_addr = calloc(1, 32);
    own->ai_addrlen = address_from_linux(entry->ai_addr, own->ai_addr, 32);
    own->ai_family = entry->ai_family == AF_INET ? DARWIN_AF_INET : DARWIN_AF_INET6;
    own->ai_socktype = DARWIN_SOCK_DGRAM;
    own->ai_protocol = 17;
    *end = own;
    end = &own->ai_next;
  }
  release(found);
  *result = first;
  return 0;
}
