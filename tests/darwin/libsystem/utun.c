/* The utun kernel control (bsd/net/if_utun.c, bsd/kern/kern_control.c) over a Linux TUN device. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "double.h"

/* Ids are given out at boot, so no two processes need agree. */
uint32_t utun_control_id(void) { return 5 + getpid() % 40; }

static int linux_ioctl(int fd, unsigned long request, void *argument) {
  return syscall(SYS_ioctl, fd, request, argument);
}

/* Without addresses of its own making: a utun gets no link-local address by itself (IFEF_NOAUTOIPV6LL). */
static void bring_up(const char *name) {
  char path[96];
  snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/addr_gen_mode", name);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    if (syscall(SYS_write, file, "1", 1) < 0) complain("%s cannot be written", path);
    syscall(SYS_close, file);
  }
  int socket = syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (linux_ioctl(socket, SIOCSIFFLAGS, &request) < 0) complain("%s does not come up", name);
  syscall(SYS_close, socket);
}

/* 0, or the Linux error number. */
static int attach(int tun, uint32_t unit, char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL};
  snprintf(request.ifr_name, sizeof request.ifr_name, "utun%u", unit);
  if (linux_ioctl(tun, TUNSETIFF, &request) < 0) return errno;
  memcpy(name, request.ifr_name, IFNAMSIZ);
  return 0;
}

int utun_connect(int fd, const struct darwin_sockaddr_ctl *address, uint32_t length) {
  struct descriptor *own = descriptor_of(fd);
  if (length != sizeof *address) return fail(DARWIN_EINVAL);
  if (address->sc_len != sizeof *address) complain("connect utun: sc_len %u", address->sc_len);
  if (address->sc_family != DARWIN_AF_SYSTEM) complain("connect utun: sc_family %u", address->sc_family);
  if (address->ss_sysaddr != DARWIN_AF_SYS_CONTROL) complain("connect utun: ss_sysaddr %u", address->ss_sysaddr);
  for (int i = 0; i < 5; i++) if (address->sc_reserved[i] != 0) complain("connect utun: sc_reserved is not 0");
  if (address->sc_id != utun_control_id()) complain("connect utun: sc_id %u", address->sc_id);
  if (own->connected) return fail(DARWIN_EISCONN);

  int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (tun < 0 && errno != EACCES) complain("connect utun: the double needs /dev/net/tun (%s)", strerror(errno));
  int error = tun < 0 ? EPERM : EBUSY;
  uint32_t first = address->sc_unit == 0 ? 0 : address->sc_unit - 1;
  uint32_t last = address->sc_unit == 0 ? 255 : first;
  for (uint32_t unit = first; unit <= last && error == EBUSY; unit++) {
    error = attach(tun, unit, own->name);
    /* A name of another kind of interface. */
    if (error == EINVAL) error = EBUSY;
  }
  if (error == 0) {
    /* The descriptor keeps its number and what was set for it. */
    int flags = own->is_nonblocking ? O_NONBLOCK : 0;
    if (syscall(SYS_fcntl, tun, F_SETFL, O_RDWR | flags) < 0 ||
        syscall(SYS_dup3, tun, fd, own->closes_on_exec ? O_CLOEXEC : 0) < 0) {
      complain("connect utun: %s", strerror(errno));
    }
    bring_up(own->name);
    own->connected = true;
    own->pending_packets = 1;
  }
  if (tun >= 0) syscall(SYS_close, tun);
  return error == 0 ? 0 : fail_as_linux(error);
}

static int mtu_of(const char *name) {
  int socket = syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
  int result = linux_ioctl(socket, SIOCGIFMTU, &request);
  syscall(SYS_close, socket);
  return result < 0 ? 0 : request.ifr_mtu;
}

ssize_t utun_receive(int fd, struct darwin_msghdr_x *message, bool may_wait) {
  static __thread uint8_t record[4 + 65536];
  struct descriptor *own = descriptor_of(fd);
  if (!own->connected) return fail(DARWIN_ENOTCONN);
  uint64_t room = message_room("utun receive", message);
  ssize_t length;
  while ((length = syscall(SYS_read, fd, record + 4, sizeof record - 4)) < 0) {
    if (errno == EBADFD || errno == EIO) {
      /* The interface was taken away: the end of the stream. */
      message->msg_flags = 0;
      return 0;
    }
    if (errno != EAGAIN || !may_wait) return fail_as_linux(errno);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    syscall(SYS_poll, &wait, 1, -1);
  }
  /* utun_output: the protocol family, big-endian, before the packet. */
  uint32_t family = record[4] >> 4 == 4 ? DARWIN_AF_INET : DARWIN_AF_INET6;
  memcpy(record, (uint8_t[]){0, 0, 0, (uint8_t)family}, 4);
  uint64_t size = 4 + (uint64_t)length;
  int mtu = mtu_of(own->name);
  if (mtu > 0 && room < (uint64_t)mtu + 4) {
    complain("utun receive: room for %llu octets, the interface's MTU is %d: a longer packet is cut silently",
             (unsigned long long)room, mtu);
  }
  uint64_t done = 0;
  for (int i = 0; i < message->msg_iovlen && done < size; i++) {
    uint64_t part = message->msg_iov[i].iov_len < size - done ? message->msg_iov[i].iov_len : size - done;
    memcpy(message->msg_iov[i].iov_base, record + done, part);
    done += part;
  }
  message->msg_namelen = 0;
  message->msg_controllen = LEFT_BEHIND;
  message->msg_flags = 0;
  return done;
}

ssize_t utun_send(int fd, const struct darwin_msghdr_x *message) {
  static __thread uint8_t record[4 + 65536];
  struct descriptor *own = descriptor_of(fd);
  if (!own->connected) return fail(DARWIN_ENOTCONN);
  if (message->msg_name != NULL) complain("utun send: a socket address");
  uint64_t size = message_room("utun send", message);
  if (size > own->send_buffer) return fail(DARWIN_EMSGSIZE);
  if (size > sizeof record || size < 4 + 20) complain("utun send: %llu octets", (unsigned long long)size);
  uint64_t done = 0;
  for (int i = 0; i < message->msg_iovlen; i++) {
    memcpy(record + done, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    done += message->msg_iov[i].iov_len;
  }
  uint32_t family = (uint32_t)record[0] << 24 | record[1] << 16 | record[2] << 8 | record[3];
  uint32_t wanted = record[4] >> 4 == 4 ? DARWIN_AF_INET : record[4] >> 4 == 6 ? DARWIN_AF_INET6 : 0;
  if (family != wanted) complain("utun send: family 0x%08x before a packet of IP version %d", family, record[4] >> 4);
  /* utun_pkt_input always returns 0: what the stack refuses is only counted. */
  if (syscall(SYS_write, fd, record + 4, size - 4) < 0 && errno == EBADFD) return fail(DARWIN_EPIPE);
  return size;
}
