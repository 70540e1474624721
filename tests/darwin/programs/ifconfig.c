/* ifconfig: -l, NAME, NAME [inet|inet6 ADDRESS [PEER]] [prefixlen N] [mtu N] [up] [alias|-alias] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs.h"

static int list_names(void) {
  struct if_nameindex *names = if_nameindex();
  for (struct if_nameindex *entry = names; entry->if_index != 0; entry++) {
    printf("%s%s", entry == names ? "" : " ", entry->if_name);
  }
  printf("\n");
  if_freenameindex(names);
  return 0;
}

static uint32_t read_request(const char *name, unsigned long request, bool is_flags) {
  struct ifreq own = {0};
  strncpy(own.ifr_name, name, IFNAMSIZ - 1);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = ioctl(fd, request, &own);
  close(fd);
  return result < 0 ? 0 : is_flags ? (uint16_t)own.ifr_flags : (uint32_t)own.ifr_mtu;
}

static const void *octets_of(const struct sockaddr *address) {
  return address->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                       : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
}

static int prefix_length(const struct sockaddr *mask) {
  const uint8_t *octets = octets_of(mask);
  int length = 0;
  for (int i = 0; i < address_size(mask->sa_family); i++) length += __builtin_popcount(octets[i]);
  return length;
}

static void show_address(const char *name, const struct ifaddrs *entry) {
  int family = entry->ifa_addr->sa_family;
  const uint8_t *own = octets_of(entry->ifa_addr);
  bool has_peer = (entry->ifa_flags & IFF_POINTOPOINT) != 0 && entry->ifa_dstaddr != NULL;
  bool has_zone = family == AF_INET6 && own[0] == 0xfe && (own[1] & 0xc0) == 0x80;
  printf("\t%s %s%s%s", family == AF_INET ? "inet" : "inet6", address_text(family, own), has_zone ? "%" : "",
         has_zone ? name : "");
  if (has_peer) printf(" --> %s", address_text(family, octets_of(entry->ifa_dstaddr)));
  int length = prefix_length(entry->ifa_netmask);
  if (family == AF_INET6) printf(" prefixlen %d \n", length);
  else printf(" netmask 0x%08x\n", length == 0 ? 0 : 0xffffffffu << (32 - length));
}

static int show(const char *name) {
  uint32_t flags = read_request(name, SIOCGIFFLAGS, true);
  /* Darwin's numbers of the flags, bsd/net/if.h */
  struct { uint32_t linux_flag, flag; const char *text; } const known[] = {
    {IFF_UP, 0x1, "UP"}, {IFF_BROADCAST, 0x2, "BROADCAST"}, {IFF_LOOPBACK, 0x8, "LOOPBACK"},
    {IFF_POINTOPOINT, 0x10, "POINTOPOINT"}, {IFF_RUNNING, 0x40, "RUNNING"}, {IFF_MULTICAST, 0x8000, "MULTICAST"}};
  uint32_t number = 0;
  char texts[128] = "";
  for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
    if ((flags & known[i].linux_flag) == 0) continue;
    number |= known[i].flag;
    if (texts[0] != 0) strcat(texts, ",");
    strcat(texts, known[i].text);
  }
  printf("%s: flags=%x<%s> mtu %u\n", name, number, texts, read_request(name, SIOCGIFMTU, false));
  struct ifaddrs *list;
  if (getifaddrs(&list) < 0) return 1;
  for (int family = AF_INET; family != 0; family = family == AF_INET ? AF_INET6 : 0) {
    for (struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
      bool is_own = entry->ifa_addr != NULL && strcmp(entry->ifa_name, name) == 0;
      if (is_own && entry->ifa_addr->sa_family == family) show_address(name, entry);
    }
  }
  freeifaddrs(list);
  return 0;
}

/* The first address of the family with its peer, as ip(8) takes them. */
static bool first_address(const char *name, int family, char *text, size_t size) {
  struct ifaddrs *list;
  bool found = false;
  if (getifaddrs(&list) < 0) return false;
  for (struct ifaddrs *entry = list; entry != NULL && !found; entry = entry->ifa_next) {
    bool is_own = entry->ifa_addr != NULL && strcmp(entry->ifa_name, name) == 0;
    if (!is_own || entry->ifa_addr->sa_family != family) continue;
    snprintf(text, size, "%s", address_text(family, octets_of(entry->ifa_addr)));
    found = true;
  }
  freeifaddrs(list);
  return found;
}

/* The routes of an interface go with its last address. */
static bool remove_address(const char *name, int family, const char *address) {
  const char *flag = family == AF_INET ? "-4" : "-6";
  struct ifaddrs *list;
  char own[INET6_ADDRSTRLEN + 4] = "", other[INET6_ADDRSTRLEN + 4] = "";
  if (getifaddrs(&list) < 0) return false;
  for (struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
    bool is_own = entry->ifa_addr != NULL && strcmp(entry->ifa_name, name) == 0;
    if (!is_own || entry->ifa_addr->sa_family != family) continue;
    const char *text = address_text(family, octets_of(entry->ifa_addr));
    if (strcmp(text, address) != 0) continue;
    int length = prefix_length(entry->ifa_netmask);
    bool has_peer = (entry->ifa_flags & IFF_POINTOPOINT) != 0 && entry->ifa_dstaddr != NULL;
    const char *peer = has_peer ? address_text(family, octets_of(entry->ifa_dstaddr)) : text;
    /* ip(8) takes the length of the network with the other end's address where there is one. */
    snprintf(own, sizeof own, strcmp(peer, text) == 0 ? "%s/%d" : "%s", text, length);
    if (strcmp(peer, text) != 0) snprintf(other, sizeof other, "%s/%d", peer, length);
  }
  freeifaddrs(list);
  if (own[0] == 0) {
    fprintf(stderr, "ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address\n");
    return false;
  }
  const char *const alone[] = {flag, "addr", "del", own, "dev", name, NULL};
  const char *const paired[] = {flag, "addr", "del", own, "peer", other, "dev", name, NULL};
  bool done = run_ip(other[0] == 0 ? alone : paired);
  if (done && !has_address(name, family)) run_ip((const char *[]){flag, "route", "flush", "dev", name, NULL});
  return done;
}

static bool add_address(const char *name, int family, const char *address, const char *peer, bool is_alias) {
  const char *flag = family == AF_INET ? "-4" : "-6";
  char old[INET6_ADDRSTRLEN], peer_text[INET6_ADDRSTRLEN + 4];
  if (family == AF_INET && !is_alias && first_address(name, family, old, sizeof old)) {
    if (!remove_address(name, family, old)) return false;
  }
  snprintf(peer_text, sizeof peer_text, "%s/%d", peer, family == AF_INET ? 32 : 128);
  const char *const words[] = {flag, "addr", "add", address, "peer", peer_text, "dev", name,
                               family == AF_INET6 ? "nodad" : NULL, NULL};
  if (run_ip(words)) return true;
  fprintf(stderr, "ifconfig: ioctl (SIOCAIFADDR%s): Invalid argument\n", family == AF_INET ? "" : "_IN6");
  return false;
}

int ifconfig_main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "-l") == 0) return list_names();
  if (argc < 2 || argv[1][0] == '-') unknown_word("ifconfig", argv[1]);
  const char *name = argv[1];
  if (if_nametoindex(name) == 0) {
    fprintf(stderr, "ifconfig: interface %s does not exist\n", name);
    return 1;
  }
  if (argc == 2) return show(name);
  int family = 0;
  const char *address = NULL, *peer = NULL, *mtu = NULL, *length = NULL;
  bool is_up = false, is_alias = false, is_gone = false;
  for (int i = 2; i < argc; i++) {
    const char *word = argv[i];
    uint8_t octets[16];
    int bits;
    if (strcmp(word, "inet") == 0) family = AF_INET;
    else if (strcmp(word, "inet6") == 0) family = AF_INET6;
    else if (strcmp(word, "up") == 0) is_up = true;
    else if (strcmp(word, "alias") == 0) is_alias = true;
    else if (strcmp(word, "-alias") == 0) is_gone = true;
    else if (strcmp(word, "mtu") == 0 && i + 1 < argc) mtu = argv[++i];
    else if (strcmp(word, "prefixlen") == 0 && i + 1 < argc) length = argv[++i];
    else if (family == 0 || !parse_prefix(family, word, octets, &bits)) unknown_word("ifconfig", word);
    else if (address == NULL) address = word;
    else if (peer == NULL) peer = word;
    else unknown_word("ifconfig", word);
  }
  if (geteuid() != 0) {
    fprintf(stderr, "ifconfig: ioctl (SIOCDIFADDR): permission denied\n");
    return 1;
  }
  if (is_gone) {
    if (address == NULL || peer != NULL) unknown_word("ifconfig", "-alias");
    if (!remove_address(name, family, address)) return 1;
  } else if (address != NULL) {
    char own[INET6_ADDRSTRLEN + 4];
    snprintf(own, sizeof own, "%s", address);
    if (strchr(own, '/') != NULL) *strchr(own, '/') = 0;
    /* A point-to-point interface needs the other end; IPv6 takes the length apart, IPv4 behind the address. */
    bool is_whole = family == AF_INET ? strstr(address, "/32") != NULL : length != NULL && strcmp(length, "128") == 0;
    if (peer == NULL || !is_whole) unknown_word("ifconfig", address);
    if (!add_address(name, family, own, peer, is_alias)) return 1;
  }
  if (mtu != NULL) {
    /* IF_MINMTU and IF_MAXMTU, bsd/net/if_var.h */
    if (atoi(mtu) < 72 || atoi(mtu) > 65535) {
      fprintf(stderr, "ifconfig: ioctl (set mtu): Invalid argument\n");
      return 1;
    }
    if (!run_ip((const char *[]){"link", "set", name, "mtu", mtu, NULL})) return 1;
  }
  return !is_up || run_ip((const char *[]){"link", "set", name, "up", NULL}) ? 0 : 1;
}
