/* The routing table through rtnetlink, and what the three programs share. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs.h"

int address_size(int family) { return family == AF_INET ? 4 : 16; }

bool has_prefix(const uint8_t *address, const uint8_t *prefix, int length) {
  if (memcmp(address, prefix, length / 8) != 0) return false;
  int rest = length % 8;
  return rest == 0 || (address[length / 8] ^ prefix[length / 8]) >> (8 - rest) == 0;
}

const char *address_text(int family, const void *octets) {
  static char texts[8][INET6_ADDRSTRLEN];
  static int next;
  next = (next + 1) % 8;
  return inet_ntop(family, octets, texts[next], sizeof texts[next]);
}

bool parse_prefix(int family, const char *text, uint8_t *octets, int *length) {
  char copy[64];
  if (strlen(text) >= sizeof copy) return false;
  strcpy(copy, text);
  int size = address_size(family);
  *length = size * 8;
  char *slash = strchr(copy, '/');
  if (slash != NULL) {
    *slash = 0;
    *length = atoi(slash + 1);
    if (*length < 0 || *length > size * 8) return false;
  }
  if (strcmp(copy, "default") == 0) {
    memset(octets, 0, size);
    *length = 0;
    return true;
  }
  if (inet_pton(family, copy, octets) != 1) return false;
  for (int i = 0; i < size; i++) {
    int bits = *length - i * 8;
    octets[i] &= bits >= 8 ? 0xff : bits <= 0 ? 0 : (uint8_t)(0xff << (8 - bits));
  }
  return true;
}

static void take(const struct nlmsghdr *message, struct route *route) {
  const struct rtmsg *body = NLMSG_DATA(message);
  *route = (struct route){.family = body->rtm_family, .length = body->rtm_dst_len};
  route->is_static = body->rtm_protocol != RTPROT_KERNEL && body->rtm_protocol != RTPROT_RA;
  int left = RTM_PAYLOAD(message);
  for (struct rtattr *a = RTM_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == RTA_DST) memcpy(route->destination, RTA_DATA(a), RTA_PAYLOAD(a));
    if (a->rta_type == RTA_OIF) if_indextoname(*(int *)RTA_DATA(a), route->interface);
    if (a->rta_type == RTA_GATEWAY) {
      memcpy(route->gateway, RTA_DATA(a), RTA_PAYLOAD(a));
      route->has_gateway = true;
    }
  }
}

int list_routes(int family, struct route **routes) {
  int socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct { struct nlmsghdr head; struct rtmsg body; } request = {
    {sizeof request, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {.rtm_family = family}};
  if (send(socket_fd, &request, sizeof request, 0) < 0) return 0;
  static uint8_t buffer[1 << 18];
  int count = 0, room = 0;
  *routes = NULL;
  for (;;) {
    int length = recv(socket_fd, buffer, sizeof buffer, 0);
    if (length <= 0) break;
    struct nlmsghdr *message = (struct nlmsghdr *)buffer;
    for (; NLMSG_OK(message, (unsigned)length); message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) goto done;
      const struct rtmsg *body = NLMSG_DATA(message);
      bool is_wanted = body->rtm_table == RT_TABLE_MAIN && body->rtm_type == RTN_UNICAST;
      if (!is_wanted || (body->rtm_flags & RTM_F_CLONED)) continue;
      if (count == room) *routes = realloc(*routes, (room = room * 2 + 64) * sizeof **routes);
      take(message, &(*routes)[count++]);
    }
  }
done:
  close(socket_fd);
  return count;
}

bool has_address(const char *interface, int family) {
  struct ifaddrs *list, *entry;
  if (getifaddrs(&list) < 0) return false;
  for (entry = list; entry != NULL; entry = entry->ifa_next) {
    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != family) continue;
    if (strcmp(entry->ifa_name, interface) == 0) break;
  }
  bool found = entry != NULL;
  freeifaddrs(list);
  return found;
}

bool run_ip(const char *const *words) {
  static const char *const paths[] = {"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"};
  const char *path = NULL;
  for (int i = 0; i < 4 && path == NULL; i++) if (access(paths[i], X_OK) == 0) path = paths[i];
  if (path == NULL) return fputs("the double needs ip(8)\n", stderr), false;
  const char *argv[32] = {"ip"};
  for (int i = 0; words[i] != NULL; i++) argv[i + 1] = words[i];
  pid_t child;
  int status;
  if (posix_spawn(&child, path, NULL, NULL, (char **)argv, environ) != 0) return false;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void unknown_word(const char *program, const char *word) {
  fprintf(stderr, "%s double: unknown: %s\n", program, word == NULL ? "(nothing)" : word);
  exit(70);
}

int main(int argc, char **argv) {
  const char *name = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
  if (strcmp(name, "ifconfig") == 0) return ifconfig_main(argc, argv);
  if (strcmp(name, "route") == 0) return route_main(argc, argv);
  if (strcmp(name, "netstat") == 0) return netstat_main(argc, argv);
  unknown_word("program", name);
}
