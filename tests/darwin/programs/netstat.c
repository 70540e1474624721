/* netstat: -nr [-f inet|inet6] and -rn, the routing tables. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "programs.h"

/* Octets of the network in an address of this class (forgemask in netstat.tproj/route.c). */
static int class_octets(const uint8_t *address) { return address[0] < 128 ? 1 : address[0] < 192 ? 2 : 3; }

/* The destination as netname and domask write it: zero octets at the end are left out, and the length of the class. */
static const char *abbreviate(const struct route *route) {
  static char text[64];
  const uint8_t *octets = route->destination;
  if (route->length == 0) return "default";
  if (route->family == AF_INET6) {
    snprintf(text, sizeof text, route->length == 128 ? "%s" : "%s/%d", address_text(AF_INET6, octets), route->length);
    return text;
  }
  if (route->length == 32) return address_text(AF_INET, octets);
  int shown = class_octets(octets);
  for (int i = shown; i < 4; i++) if (octets[i] != 0) shown = i + 1;
  int at = 0;
  for (int i = 0; i < shown; i++) at += sprintf(text + at, i == 0 ? "%u" : ".%u", octets[i]);
  if (route->length != class_octets(octets) * 8) sprintf(text + at, "/%d", route->length);
  return text;
}

static void show_row(int family, const char *destination, const char *gateway, const char *flags, const char *name) {
  int width = family == AF_INET ? 18 : 39;
  printf("%-*s %-*s %-12s %12s       \n", width, destination, width, gateway, flags, name);
}

static void show_family(int family) {
  printf("\n%s:\n", family == AF_INET ? "Internet" : "Internet6");
  int width = family == AF_INET ? 18 : 39;
  printf("%-*s %-*s %-12s %12s Expire\n", width, "Destination", width, "Gateway", "Flags", "Netif");
  struct route *routes;
  int count = list_routes(family, &routes);
  for (int i = 0; i < count; i++) {
    const struct route *route = &routes[i];
    bool is_host = route->length == address_size(family) * 8;
    char flags[8];
    snprintf(flags, sizeof flags, "U%s%s%s%s", route->has_gateway ? "G" : "", is_host ? "H" : "",
             route->is_static || (!is_host && !route->has_gateway) ? "S" : "", is_host || route->has_gateway ? "" : "c");
    /* What the system makes for a network it is on: C where programs have c, which is how a Mac tells them apart. */
    if (!route->is_static && !is_host) flags[strlen(flags) - 1] = 'C';
    show_row(family, abbreviate(route), route->has_gateway ? address_text(family, route->gateway) : route->interface,
             flags, route->interface);
  }
  /* What every Mac has and nobody made. */
  if (family == AF_INET) {
    show_row(family, "127", "127.0.0.1", "UCS", "lo0");
    show_row(family, "127.0.0.1", "127.0.0.1", "UH", "lo0");
    show_row(family, "224.0.0/4", "link#6", "UmCS", "en0");
    show_row(family, "255.255.255.255/32", "link#6", "UCS", "en0");
  } else {
    show_row(family, "fe80::%lo0/64", "fe80::1%lo0", "UcI", "lo0");
    show_row(family, "ff00::/8", "::1", "UmCI", "lo0");
  }
}

int netstat_main(int argc, char **argv) {
  bool shows4 = true, shows6 = true, is_table = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-nr") == 0 || strcmp(argv[i], "-rn") == 0) is_table = true;
    else if (strcmp(argv[i], "-f") == 0 && i + 1 < argc) {
      i++;
      shows4 = strcmp(argv[i], "inet") == 0;
      shows6 = strcmp(argv[i], "inet6") == 0;
      if (!shows4 && !shows6) unknown_word("netstat", argv[i]);
    } else unknown_word("netstat", argv[i]);
  }
  if (!is_table) unknown_word("netstat", "no -r");
  printf("Routing tables\n");
  if (shows4) show_family(AF_INET);
  if (shows6) show_family(AF_INET6);
  return 0;
}
