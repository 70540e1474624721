/*
 * What another user of the desktop can do to a running server, each thing tried by the system call that would do it:
 *
 *   other_user udp ADDRESS PORT   a UDP socket bound there: `bound`, or why not; then each line `HOST PORT HEX` is sent as a
 *                                 datagram, and each datagram received is printed as such a line, until its input ends
 *   other_user try PID PORT CLIENT TUN FOLDER SOCKET...
 *                                 one line for each thing that is tried: its name, then `done` or the error's name
 *
 * PID is the server's process, PORT its UDP port, CLIENT the address of its client, TUN its interface, FOLDER has its files, and
 * each SOCKET is a unix socket.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LONGEST_DATAGRAM = 65536 };

static void tell(const char *name, int result) {
  printf("%s %s\n", name, result >= 0 ? "done" : strerrorname_np(errno));
  if (result > 2) close(result);
}

static struct sockaddr_in at(const char *address, const char *port) {
  struct sockaddr_in endpoint = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1) exit(64);
  return endpoint;
}

/* A UDP socket bound there; -1 where the system refuses. */
static int bound(struct sockaddr_in local, int option_level, int option) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
  if (option != 0 && setsockopt(descriptor, option_level, option, &on, sizeof on) < 0) return -1;
  return bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0 ? -1 : descriptor;
}

/* A datagram to the server with its client's address as the source. */
static int spoof(const char *client, const char *port) {
  int descriptor = bound(at(client, "40000"), IPPROTO_IP, IP_FREEBIND);
  if (descriptor < 0) return -1;
  struct sockaddr_in server = at("127.0.0.1", port);
  return (int)sendto(descriptor, "\0", 1, 0, (struct sockaddr *)&server, sizeof server);
}

static int take_interface(const char *name) {
  int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return ioctl(descriptor, TUNSETIFF, &request) < 0 ? -1 : descriptor;
}

/* A route to 192.0.2.0/24 through the loopback interface. */
static int add_route(void) {
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr destination_head;
    uint8_t destination[4];
    struct rtattr interface_head;
    int interface;
  } request = {
    .header = {sizeof request, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0},
    .route = {.rtm_family = AF_INET, .rtm_dst_len = 24, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
              .rtm_scope = RT_SCOPE_LINK, .rtm_type = RTN_UNICAST},
    .destination_head = {RTA_LENGTH(4), RTA_DST},
    .destination = {192, 0, 2, 0},
    .interface_head = {RTA_LENGTH(sizeof(int)), RTA_OIF},
    .interface = 1,
  };
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (send(descriptor, &request, sizeof request, 0) < 0) return -1;
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char more[512];
  } answer;
  if (recv(descriptor, &answer, sizeof answer, 0) < 0) return -1;
  errno = -answer.error.error;
  return errno == 0 ? 0 : -1;
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ? -1 : descriptor;
}

static int open_file(const char *folder, const char *name, int flags) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return open(path, flags | O_CLOEXEC, 0600);
}

static void try_all(char **words) {
  const char *pid = words[0], *port = words[1], *client = words[2], *tun = words[3], *folder = words[4];
  tell("raw-udp", socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
  tell("raw-icmp", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  tell("raw-ip", socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
  tell("packet-socket", socket(AF_PACKET, SOCK_RAW, 0));
  tell("spoofed-source", spoof(client, port));
  tell("transparent-socket", bound(at(client, "40000"), IPPROTO_IP, IP_TRANSPARENT));
  tell("port", bound(at("0.0.0.0", port), 0, 0));
  tell("port-of-loopback", bound(at("127.0.0.1", port), 0, 0));
  tell("port-by-reuseaddr", bound(at("127.0.0.1", port), SOL_SOCKET, SO_REUSEADDR));
  tell("port-by-reuseport", bound(at("127.0.0.1", port), SOL_SOCKET, SO_REUSEPORT));
  tell("interface", take_interface(tun));
  tell("new-interface", take_interface("stranger0"));
  tell("route", add_route());
  char process[64];
  snprintf(process, sizeof process, "/proc/%s", pid);
  tell("environ", open_file(process, "environ", O_RDONLY));
  tell("memory", open_file(process, "mem", O_RDONLY));
  tell("auxv", open_file(process, "auxv", O_RDONLY));
  DIR *descriptors = opendir(strcat(process, "/fd"));
  tell("descriptors", descriptors == NULL ? -1 : 0);
  tell("trace", (int)ptrace(PTRACE_ATTACH, atoi(pid), NULL, NULL));
  tell("signal", kill(atoi(pid), SIGTERM));
  tell("file", open_file(folder, "stranger", O_WRONLY | O_CREAT | O_EXCL));
  for (char **path = words + 5; *path != NULL; path++) {
    char name[64];
    snprintf(name, sizeof name, "socket-%d", (int)(path - words - 4));
    tell(name, connect_to(*path));
  }
}

static void carry(int descriptor) {
  static uint8_t bytes[LONGEST_DATAGRAM];
  struct pollfd ready[] = {{.fd = 0, .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};
  while (poll(ready, 2, -1) > 0) {
    if (ready[1].revents != 0) {
      struct sockaddr_in from;
      socklen_t length = sizeof from;
      ssize_t count = recvfrom(descriptor, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
      char host[INET_ADDRSTRLEN];
      if (count < 0) continue;
      printf("%s %d ", inet_ntop(AF_INET, &from.sin_addr, host, sizeof host), ntohs(from.sin_port));
      for (ssize_t index = 0; index < count; index++) printf("%02x", bytes[index]);
      printf("\n");
      fflush(stdout);
    }
    if (ready[0].revents == 0) continue;
    static char line[2 * LONGEST_DATAGRAM + 64];
    if (fgets(line, sizeof line, stdin) == NULL) return;
    const char *host = strtok(line, " \n"), *port = strtok(NULL, " \n"), *hex = strtok(NULL, " \n");
    if (host == NULL || port == NULL) exit(64);
    size_t count = 0;
    for (; hex != NULL && sscanf(hex + 2 * count, "%2hhx", &bytes[count]) == 1; count++) {}
    struct sockaddr_in to = at(host, port);
    (void)!sendto(descriptor, bytes, count, 0, (struct sockaddr *)&to, sizeof to);
  }
}

int main(int count, char **words) {
  setvbuf(stdin, NULL, _IONBF, 0);
  if (count == 4 && strcmp(words[1], "udp") == 0) {
    int descriptor = bound(at(words[2], words[3]), 0, 0);
    printf("%s\n", descriptor < 0 ? strerrorname_np(errno) : "bound");
    fflush(stdout);
    if (descriptor < 0) return 1;
    carry(descriptor);
    return 0;
  }
  if (count < 7 || strcmp(words[1], "try") != 0) return 64;
  try_all(words + 2);
  return 0;
}
