/*
 * A double of macOS's libSystem for Linux: the calls that the programs make, with Darwin's numbers, structures and error
 * codes, over Linux sockets and a Linux TUN device. It is written from the description of the interface (xnu's headers and
 * sources, named where a number stands) and shares nothing with ffi/, so that a mistake there does not find its like here.
 *
 * What a real kernel would refuse is refused with its error number. What it would let pass although it cannot be meant (an
 * unknown request, a length octet that is not the structure's length, a record whose family is not its packet's) ends the
 * process with a line that says which.
 */
#ifndef DARWIN_DOUBLE_H
#define DARWIN_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The functions have names of their own here and the library's names in the object file. */
#define EXPORT(name) __asm__(#name) __attribute__((visibility("default")))

/* bsd/sys/socket.h, sys_domain.h, kern_control.h */
enum {
  DARWIN_AF_UNIX = 1,
  DARWIN_AF_INET = 2,
  DARWIN_AF_INET6 = 30,
  DARWIN_AF_SYSTEM = 32,
  DARWIN_SYSPROTO_CONTROL = 2,
  DARWIN_AF_SYS_CONTROL = 2,
  DARWIN_SOCK_STREAM = 1,
  DARWIN_SOCK_DGRAM = 2,
  DARWIN_SOL_SOCKET = 0xffff,
  DARWIN_SO_SNDBUF = 0x1001,
  DARWIN_SO_RCVBUF = 0x1002,
  DARWIN_SO_ERROR = 0x1007,
  DARWIN_SO_NOSIGPIPE = 0x1022,
  DARWIN_MSG_PEEK = 0x2,
  DARWIN_MSG_TRUNC = 0x10,
  DARWIN_MSG_DONTWAIT = 0x80,
};

/* bsd/net/if_utun.h */
#define DARWIN_UTUN_CONTROL "com.apple.net.utun_control"
enum { DARWIN_UTUN_OPT_IFNAME = 2, DARWIN_UTUN_OPT_MAX_PENDING_PACKETS = 16 };

/* bsd/sys/ioccom.h, filio.h, kern_control.h */
#define DARWIN_CTLIOCGINFO 0xc0644e03ul
#define DARWIN_FIOCLEX 0x20006601ul
#define DARWIN_FIONBIO 0x8004667eul

/* bsd/sys/errno.h: those that the double itself gives; errors.c has them all. */
enum {
  DARWIN_EPERM = 1,
  DARWIN_ENOENT = 2,
  DARWIN_EINTR = 4,
  DARWIN_EBADF = 9,
  DARWIN_ENOMEM = 12,
  DARWIN_EBUSY = 16,
  DARWIN_EINVAL = 22,
  DARWIN_ENOTTY = 25,
  DARWIN_EPIPE = 32,
  DARWIN_EAGAIN = 35,
  DARWIN_ENOTSOCK = 38,
  DARWIN_EDESTADDRREQ = 39,
  DARWIN_EMSGSIZE = 40,
  DARWIN_EPROTOTYPE = 41,
  DARWIN_EPROTONOSUPPORT = 43,
  DARWIN_EAFNOSUPPORT = 47,
  DARWIN_ENOBUFS = 55,
  DARWIN_EISCONN = 56,
  DARWIN_ENOTCONN = 57,
};

/* struct sockaddr_ctl, bsd/sys/kern_control.h */
struct darwin_sockaddr_ctl {
  uint8_t sc_len, sc_family;
  uint16_t ss_sysaddr;
  uint32_t sc_id, sc_unit, sc_reserved[5];
};
_Static_assert(sizeof(struct darwin_sockaddr_ctl) == 32, "sockaddr_ctl");

/* struct ctl_info, bsd/sys/kern_control.h */
struct darwin_ctl_info {
  uint32_t ctl_id;
  char ctl_name[96];
};
_Static_assert(sizeof(struct darwin_ctl_info) == 100, "ctl_info");

/* bsd/netinet/in.h, bsd/netinet6/in6.h */
struct darwin_sockaddr_in {
  uint8_t sin_len, sin_family;
  uint16_t sin_port;
  uint8_t sin_addr[4], sin_zero[8];
};
_Static_assert(sizeof(struct darwin_sockaddr_in) == 16, "sockaddr_in");

struct darwin_sockaddr_in6 {
  uint8_t sin6_len, sin6_family;
  uint16_t sin6_port;
  uint32_t sin6_flowinfo;
  uint8_t sin6_addr[16];
  uint32_t sin6_scope_id;
};
_Static_assert(sizeof(struct darwin_sockaddr_in6) == 28, "sockaddr_in6");

/* bsd/sys/un.h */
struct darwin_sockaddr_un {
  uint8_t sun_len, sun_family;
  char sun_path[104];
};
_Static_assert(sizeof(struct darwin_sockaddr_un) == 106, "sockaddr_un");

/* bsd/sys/_types/_iovec_t.h */
struct darwin_iovec {
  void *iov_base;
  uint64_t iov_len;
};

/* struct msghdr_x, bsd/sys/socket_private.h; without its last field it is struct msghdr, bsd/sys/socket.h. */
struct darwin_msghdr_x {
  void *msg_name;
  uint32_t msg_namelen;
  uint32_t padding1;
  struct darwin_iovec *msg_iov;
  int32_t msg_iovlen;
  uint32_t padding2;
  void *msg_control;
  uint32_t msg_controllen;
  int32_t msg_flags;
  uint64_t msg_datalen;
};
_Static_assert(sizeof(struct darwin_msghdr_x) == 56, "msghdr_x");
_Static_assert(offsetof(struct darwin_msghdr_x, msg_iov) == 16, "msg_iov");
_Static_assert(offsetof(struct darwin_msghdr_x, msg_control) == 32, "msg_control");
_Static_assert(offsetof(struct darwin_msghdr_x, msg_datalen) == 48, "msg_datalen");

enum kind { KIND_NONE, KIND_CONTROL, KIND_DATAGRAM, KIND_ICMP, KIND_TCP, KIND_STREAM, KIND_PIPE, KIND_FILE };

/* What a receive leaves in fields that are not to be relied on, and that the next one wants to be 0. */
enum { LEFT_BEHIND = 8 };

/* What the double remembers of a descriptor. */
struct descriptor {
  enum kind kind;
  bool connected, closes_on_exec, is_nonblocking, has_no_sigpipe;
  int family;
  uint32_t send_buffer, receive_buffer, pending_packets;
  int reader; /* thread that receives */
  char name[16];
};

/* The descriptor's entry; ends the process for one that the double cannot hold. */
struct descriptor *descriptor_of(int fd);

/* Ends the process: the caller passed what cannot be meant. */
__attribute__((format(printf, 1, 2), noreturn)) void complain(const char *format, ...);

/* errno of the calling thread. */
int *darwin_error(void) EXPORT(__error);
/* Sets errno to Darwin's number; -1. */
int fail(int number);
/* Sets errno to Darwin's number of the Linux error; -1. */
int fail_as_linux(int linux_number);

/* Notes a call; true when a test wants it to fail, errno being set then. */
bool enter(const char *call);
/* Notes how many messages a call moved. */
void moved(const char *call, uint64_t messages);

/* Major and minor number of the Darwin release that the double plays. */
int darwin_release(void);

/* Connects a control socket to a utun unit. */
int utun_connect(int fd, const struct darwin_sockaddr_ctl *address, uint32_t length);
/* The id under which the utun control is known in this process. */
uint32_t utun_control_id(void);
/* Receives one record, family and packet: its length, -1 with errno. */
ssize_t utun_receive(int fd, struct darwin_msghdr_x *message, bool may_wait);
/* Sends one record: its length, -1 with errno. */
ssize_t utun_send(int fd, const struct darwin_msghdr_x *message);

/* The same for datagrams. */
ssize_t datagram_receive(int fd, struct darwin_msghdr_x *message, bool may_wait);
ssize_t datagram_send(int fd, const struct darwin_msghdr_x *message);

/* Connects a stream socket to the socket that is at a path. */
int stream_connect(int fd, const struct darwin_sockaddr_un *address, uint32_t length);

/* Translates socket addresses; complains about one whose octets contradict each other. */
uint32_t address_to_linux(const char *call, const void *address, uint32_t length, int family, void *linux_address);
uint32_t address_from_linux(const void *linux_address, void *address, uint32_t room);

/* The number of octets of the message's iovecs; complains about what is no message. */
uint64_t message_room(const char *call, const struct darwin_msghdr_x *message);

#endif
