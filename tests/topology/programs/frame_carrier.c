/*
 * The network card of a virtual machine whose network is a program: `frame_carrier DEVICE SOCKET`. It makes the TAP device
 * DEVICE and carries its Ethernet frames, one by one, over the SOCK_SEQPACKET socket SOCKET, as QEMU and BESS do.
 *
 * A line on standard input changes what happens to UDP over IPv4, and is answered by `done`:
 *   udp pass          all of it passes; ports that died stay dead
 *   udp drop          none passes
 *   udp idle SECONDS  a port of the machine that was silent both ways for so long is dead for good, as in Docker Desktop's
 *                     network (docker/for-mac issue 7555); 0: none dies any more
 * The end of standard input ends it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  /* More than an Ethernet frame of any MTU. */
  FRAME_ROOM = 65536 + 64,
  /* Ethernet II: two addresses, the type. */
  ETHERNET_HEADER = 14,
  ETHERTYPE_IPV4 = 0x0800,
};

struct way {
  int from, to;
  /* Where in a UDP header the machine's own port is: 0 on the way out, 2 on the way in. */
  int own_port;
};

static atomic_bool drops_udp;
static _Atomic int64_t idle_limit;
/* By port of the machine: milliseconds of its last datagram, 0 before the first, -1 once it is dead. */
static _Atomic int64_t last_seen[65536];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

static bool passes(const uint8_t *frame, ssize_t length, int own_port) {
  if (length < ETHERNET_HEADER + 20 || (frame[12] << 8 | frame[13]) != ETHERTYPE_IPV4) return true;
  const uint8_t *ip = frame + ETHERNET_HEADER;
  int header = (ip[0] & 15) * 4;
  if (ip[9] != IPPROTO_UDP || length < ETHERNET_HEADER + header + 8) return true;
  if (drops_udp) return false;
  const uint8_t *udp = ip + header;
  int port = udp[own_port] << 8 | udp[own_port + 1];
  int64_t now = milliseconds(), before = last_seen[port], limit = idle_limit;
  if (before == -1) return false;
  bool dies = limit > 0 && before > 0 && now - before > limit;
  last_seen[port] = dies ? -1 : now;
  return !dies;
}

static void *carry(void *argument) {
  const struct way *way = argument;
  uint8_t *frame = malloc(FRAME_ROOM);
  for (;;) {
    ssize_t length = read(way->from, frame, FRAME_ROOM);
    if (length <= 0) exit(0);
    /* A frame that the other side does not take is lost, as on any card. */
    if (passes(frame, length, way->own_port) && write(way->to, frame, length) < 0) continue;
  }
}

static int open_tap(const char *name) {
  int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (tap < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  if (ioctl(tap, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return tap;
}

static int join(const char *path) {
  int socket_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connect(socket_, (struct sockaddr *)&address, sizeof address) < 0) fail(path);
  return socket_;
}

int main(int count, char **words) {
  if (count != 3) return 64;
  int tap = open_tap(words[1]), network = join(words[2]);
  static struct way out, in;
  out = (struct way){.from = tap, .to = network, .own_port = 0};
  in = (struct way){.from = network, .to = tap, .own_port = 2};
  pthread_t thread;
  if (pthread_create(&thread, NULL, carry, &out) != 0 || pthread_create(&thread, NULL, carry, &in) != 0) return 1;
  puts("carrying");
  fflush(stdout);
  char line[64];
  int seconds;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, "udp pass\n") == 0) drops_udp = false;
    else if (strcmp(line, "udp drop\n") == 0) drops_udp = true;
    else if (sscanf(line, "udp idle %d", &seconds) == 1) idle_limit = (int64_t)seconds * 1000;
    else {
      printf("cannot: %s", line);
      fflush(stdout);
      continue;
    }
    puts("done");
    fflush(stdout);
  }
  return 0;
}
