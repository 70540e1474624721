/*
 * Doubles of macOS's /sbin/ifconfig, /sbin/route and /usr/sbin/netstat, as far as the programs and the tests use them. The
 * table is that of the network namespace they run in: read through rtnetlink, changed by ip(8), told in macOS's words
 * (network_cmds: ifconfig.tproj, route.tproj, netstat.tproj). An argument that is not known here ends them with status 70,
 * so that nobody relies on one.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

/* A route of the main table. */
struct route {
  int family; /* AF_INET or AF_INET6 */
  uint8_t destination[16], gateway[16];
  int length; /* of the prefix, in bits */
  bool has_gateway;
  bool is_static; /* made by a program, not by the kernel */
  char interface[16];
};

/* The unicast routes of a family; the array belongs to the caller. */
int list_routes(int family, struct route **routes);

/* Prefix as text ("10.0.0.0/8", "fd00::1") to octets; host bits are cleared. False when it is none. */
bool parse_prefix(int family, const char *text, uint8_t *octets, int *length);
/* Octets of an address of the family. */
int address_size(int family);
/* Whether the first bits are equal. */
bool has_prefix(const uint8_t *address, const uint8_t *prefix, int length);
/* The address as text, in one of a few buffers that take turns. */
const char *address_text(int family, const void *octets);

/* Whether the interface has an address of the family. */
bool has_address(const char *interface, int family);

/* Runs ip(8) with these words, NULL after the last; true when it succeeded. Its complaint goes to standard error. */
bool run_ip(const char *const *words);

/* Ends with status 70 and says which word is not known. */
__attribute__((noreturn)) void unknown_word(const char *program, const char *word);

int ifconfig_main(int argc, char **argv);
int route_main(int argc, char **argv);
int netstat_main(int argc, char **argv);
/* `route -n monitor` */
int monitor_main(void);

#endif
