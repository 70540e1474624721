/*
 * route: [-q] -n add|delete -inet|-inet6 PREFIX [-interface NAME], -n get -inet|-inet6 PREFIX, -n monitor
 *
 * As in Apple's route.c (network_cmds-741.100.2): what the kernel refuses is told in words, on standard error (rtmsg) and, of
 * add and delete, once more on standard output (newroute), and the exit status is 0 all the same (main). -q has no effect on
 * these verbs. Only what is wrong before the kernel is asked has an exit status.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs.h"

static int refuse(const char *reason) {
  fprintf(stderr, "route: writing to routing socket: %s\n", reason);
  return 0;
}

/* What newroute says on standard output; the reason is NULL when all went well. */
static int tell(const char *verb, const char *prefix, const char *interface, const char *reason) {
  printf("%s net %s", verb, prefix);
  if (interface != NULL) printf(": gateway %s", interface);
  if (reason != NULL) printf(": %s", reason);
  printf("\n");
  return reason == NULL ? 0 : refuse(reason);
}

static const char *prefix_text(const struct route *route) {
  static char text[64];
  snprintf(text, sizeof text, "%s/%d", address_text(route->family, route->destination), route->length);
  return text;
}

/* The route of exactly this prefix, whatever interface it leads to. */
static const struct route *find_exact(const struct route *routes, int count, const struct route *wanted) {
  for (int i = 0; i < count; i++) {
    bool is_equal = routes[i].length == wanted->length &&
      memcmp(routes[i].destination, wanted->destination, address_size(wanted->family)) == 0;
    if (is_equal) return &routes[i];
  }
  return NULL;
}

static const struct route *find_longest(const struct route *routes, int count, const struct route *wanted) {
  const struct route *found = NULL;
  for (int i = 0; i < count; i++) {
    if (!has_prefix(wanted->destination, routes[i].destination, routes[i].length)) continue;
    if (found == NULL || routes[i].length > found->length) found = &routes[i];
  }
  return found;
}

/*
 * An address is looked up as a packet's would be. A prefix is found by its mask as well: no wider route stands in for one that
 * is not there (rn_lookup_args in bsd/net/radix.c of xnu-11417.101.15).
 */
static int get(const struct route *wanted, bool is_prefix) {
  struct route *routes;
  int count = list_routes(wanted->family, &routes);
  const struct route *found = (is_prefix ? find_exact : find_longest)(routes, count, wanted);
  if (found == NULL) return refuse("not in table");
  int family = wanted->family;
  bool is_host = found->length == address_size(family) * 8;
  printf("   route to: %s\n", address_text(family, wanted->destination));
  printf("destination: %s\n", found->length == 0 ? "default" : address_text(family, found->destination));
  if (!is_host) {
    uint8_t mask[16] = {0};
    for (int bit = 0; bit < found->length; bit++) mask[bit / 8] |= 0x80 >> bit % 8;
    printf("       mask: %s\n", found->length == 0 ? "default" : address_text(family, mask));
  }
  if (found->has_gateway) printf("    gateway: %s\n", address_text(family, found->gateway));
  printf("  interface: %s\n", found->interface);
  printf("      flags: <UP%s%s,DONE%s>\n", found->has_gateway ? ",GATEWAY" : "", is_host ? ",HOST" : "",
         found->is_static ? ",STATIC,PRCLONING" : "");
  printf(" recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire\n");
  printf("       0         0         0         0         0         0      1500         0 \n");
  return 0;
}

static int add(const struct route *wanted, const char *prefix, const char *interface) {
  struct route *routes;
  int count = list_routes(wanted->family, &routes);
  if (interface == NULL) unknown_word("route", "add without -interface");
  if (if_nametoindex(interface) == 0) {
    fprintf(stderr, "route: bad address: %s\n", interface);
    return 68; /* EX_NOHOST */
  }
  if (find_exact(routes, count, wanted) != NULL) return tell("add", prefix, interface, "File exists");
  if (!has_address(interface, wanted->family)) return tell("add", prefix, interface, "Device not configured");
  const char *flag = wanted->family == AF_INET ? "-4" : "-6";
  bool is_done = run_ip((const char *[]){flag, "route", "add", prefix_text(wanted), "dev", interface, "proto", "static",
                                         wanted->family == AF_INET ? "scope" : NULL, "link", NULL});
  return tell("add", prefix, interface, is_done ? NULL : "Invalid argument");
}

/* By the destination alone: `-interface` has no effect here. */
static int delete(const struct route *wanted, const char *prefix) {
  struct route *routes;
  int count = list_routes(wanted->family, &routes);
  if (find_exact(routes, count, wanted) == NULL) return tell("delete", prefix, NULL, "not in table");
  const char *flag = wanted->family == AF_INET ? "-4" : "-6";
  bool is_done = run_ip((const char *[]){flag, "route", "del", prefix_text(wanted), NULL});
  return tell("delete", prefix, NULL, is_done ? NULL : "not in table");
}

int route_main(int argc, char **argv) {
  int at = 1;
  bool is_numeric = false;
  for (; at < argc && argv[at][0] == '-'; at++) {
    if (strcmp(argv[at], "-n") == 0) is_numeric = true;
    else if (strcmp(argv[at], "-q") != 0) unknown_word("route", argv[at]);
  }
  if (!is_numeric || at == argc) unknown_word("route", at == argc ? NULL : argv[at]);
  const char *verb = argv[at++];
  if (strcmp(verb, "monitor") == 0 && at == argc) return monitor_main();
  struct route wanted = {.family = AF_INET};
  const char *prefix = NULL, *interface = NULL;
  for (; at < argc; at++) {
    if (strcmp(argv[at], "-inet") == 0) wanted.family = AF_INET;
    else if (strcmp(argv[at], "-inet6") == 0) wanted.family = AF_INET6;
    else if (strcmp(argv[at], "-interface") == 0 && at + 1 < argc) interface = argv[++at];
    else if (prefix == NULL) prefix = argv[at];
    else unknown_word("route", argv[at]);
  }
  if (prefix == NULL || !parse_prefix(wanted.family, prefix, wanted.destination, &wanted.length)) {
    fprintf(stderr, "route: bad address: %s\n", prefix == NULL ? "" : prefix);
    return 68;
  }
  if (strcmp(verb, "get") == 0) return get(&wanted, strchr(prefix, '/') != NULL);
  bool is_add = strcmp(verb, "add") == 0;
  if (!is_add && strcmp(verb, "delete") != 0) unknown_word("route", verb);
  if (geteuid() != 0) {
    fprintf(stderr, "route: must be root to alter routing table\n");
    return 77; /* EX_NOPERM */
  }
  return is_add ? add(&wanted, prefix, interface) : delete(&wanted, prefix);
}
