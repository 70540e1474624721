/* Descriptors: socket, bind, connect, options, ioctl, close, pipe. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "double.h"

/* SB_MAX (bsd/sys/socketvar.h): more than kern.ipc.maxsockbuf is clamped, see sbreserve in bsd/kern/uipc_socket2.c. */
static uint32_t buffer_ceiling = 8 << 20;
static bool refuses_large_buffers;

/* For tests: another ceiling, with ENOBUFS for more instead of the ceiling itself. */
void double_limit_buffers(uint32_t ceiling) EXPORT(double_limit_buffers);
void double_limit_buffers(uint32_t ceiling) {
  buffer_ceiling = ceiling;
  refuses_large_buffers = true;
}

enum { DESCRIPTORS = 4096 };
static struct descriptor descriptors[DESCRIPTORS];

struct descriptor *descriptor_of(int fd) {
  static struct descriptor nothing;
  if (fd >= DESCRIPTORS) complain("descriptor %d is beyond the double's table", fd);
  return fd < 0 ? &nothing : &descriptors[fd];
}

/* int socket(int domain, int type, int protocol); */
int darwin_socket(int domain, int type, int protocol) EXPORT(socket);
int darwin_socket(int domain, int type, int protocol) {
  if (enter("socket")) return -1;
  struct descriptor fresh = {.reader = 0};
  int fd;
  if (domain == DARWIN_AF_SYSTEM) {
    if (protocol != DARWIN_SYSPROTO_CONTROL) complain("socket: protocol %d of PF_SYSTEM", protocol);
    if (type != DARWIN_SOCK_DGRAM) complain("socket: type %d of SYSPROTO_CONTROL", type);
    /* Any user may create it; it gets its interface at connect. */
    fd = syscall(SYS_eventfd2, 0, 0);
    fresh.kind = KIND_CONTROL;
    /* if_utun.c: UTUN_CTL_SIZE and the socket buffers of the control. */
    fresh.send_buffer = fresh.receive_buffer = 512 * 1024;
  } else if (domain == DARWIN_AF_INET || domain == DARWIN_AF_INET6) {
    bool is_ipv4 = domain == DARWIN_AF_INET;
    bool is_icmp = type == DARWIN_SOCK_DGRAM && protocol == (is_ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    bool is_tcp = type == DARWIN_SOCK_STREAM && protocol == 0;
    if (!is_icmp && !is_tcp && (type != DARWIN_SOCK_DGRAM || protocol != 0)) {
      complain("socket: type %d protocol %d", type, protocol);
    }
    /* With SOCK_DGRAM a reply of IPv4 comes with its IP header (bsd/netinet/ip_icmp.c), as with Linux's raw sockets. */
    int own_type = is_icmp ? SOCK_RAW : is_tcp ? SOCK_STREAM : SOCK_DGRAM;
    fd = syscall(SYS_socket, is_ipv4 ? AF_INET : AF_INET6, own_type, protocol);
    fresh.kind = is_icmp ? KIND_ICMP : is_tcp ? KIND_TCP : KIND_DATAGRAM;
    fresh.family = domain;
    /* net.inet.udp.maxdgram and recvspace (bsd/netinet/udp_usrreq.c). */
    fresh.send_buffer = 9216;
    fresh.receive_buffer = 786896;
  } else if (domain == DARWIN_AF_UNIX) {
    if (type != DARWIN_SOCK_STREAM || protocol != 0) complain("socket: type %d protocol %d", type, protocol);
    fd = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    fresh.kind = KIND_STREAM;
    fresh.family = domain;
    /* PIPSIZ (bsd/kern/uipc_usrreq.c). */
    fresh.send_buffer = fresh.receive_buffer = 8192;
  } else {
    complain("socket: domain %d", domain);
  }
  if (fd < 0) return fail_as_linux(errno);
  *descriptor_of(fd) = fresh;
  return fd;
}

/* int bind(int fd, const struct sockaddr *address, socklen_t length); */
int darwin_bind(int fd, const void *address, uint32_t length) EXPORT(bind);
int darwin_bind(int fd, const void *address, uint32_t length) {
  if (enter("bind")) return -1;
  struct descriptor *own = descriptor_of(fd);
  if (own->kind != KIND_DATAGRAM) complain("bind: descriptor %d is no UDP socket", fd);
  struct sockaddr_storage to;
  uint32_t size = address_to_linux("bind", address, length, own->family, &to);
  return syscall(SYS_bind, fd, &to, size) < 0 ? fail_as_linux(errno) : 0;
}

/* int connect(int fd, const struct sockaddr *address, socklen_t length); */
int darwin_connect(int fd, const void *address, uint32_t length) EXPORT(connect);
int darwin_connect(int fd, const void *address, uint32_t length) {
  if (enter("connect")) return -1;
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_CONTROL) return utun_connect(fd, address, length);
  if (own->kind == KIND_STREAM) return stream_connect(fd, address, length);
  if (own->kind == KIND_TCP && !own->is_nonblocking) complain("connect: descriptor %d would wait", fd);
  if (own->kind != KIND_DATAGRAM && own->kind != KIND_TCP) complain("connect: descriptor %d is no socket", fd);
  struct sockaddr_storage to;
  uint32_t size = address_to_linux("connect", address, length, own->family, &to);
  if (syscall(SYS_connect, fd, &to, size) < 0) return fail_as_linux(errno);
  own->connected = true;
  return 0;
}

/* int getsockname(int fd, struct sockaddr *address, socklen_t *length); */
int darwin_getsockname(int fd, void *address, uint32_t *length) EXPORT(getsockname);
int darwin_getsockname(int fd, void *address, uint32_t *length) {
  if (enter("getsockname")) return -1;
  if (descriptor_of(fd)->kind != KIND_DATAGRAM) complain("getsockname: descriptor %d is no UDP socket", fd);
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  if (syscall(SYS_getsockname, fd, &from, &size) < 0) return fail_as_linux(errno);
  *length = address_from_linux(&from, address, *length);
  return 0;
}

static int set_buffer(int fd, struct descriptor *own, int option, uint32_t size) {
  if (size == 0) return fail(DARWIN_EINVAL);
  if (size > buffer_ceiling) {
    if (refuses_large_buffers) return fail(DARWIN_ENOBUFS);
    size = buffer_ceiling;
  }
  bool is_send = option == DARWIN_SO_SNDBUF;
  *(is_send ? &own->send_buffer : &own->receive_buffer) = size;
  if (own->kind == KIND_DATAGRAM || own->kind == KIND_STREAM) {
    int forced = is_send ? SO_SNDBUFFORCE : SO_RCVBUFFORCE;
    int plain = is_send ? SO_SNDBUF : SO_RCVBUF;
    if (syscall(SYS_setsockopt, fd, SOL_SOCKET, forced, &size, sizeof size) < 0) {
      syscall(SYS_setsockopt, fd, SOL_SOCKET, plain, &size, sizeof size);
    }
  }
  return 0;
}

/* int setsockopt(int fd, int level, int option, const void *value, socklen_t length); */
int darwin_setsockopt(int fd, int level, int option, const void *value, uint32_t length) EXPORT(setsockopt);
int darwin_setsockopt(int fd, int level, int option, const void *value, uint32_t length) {
  if (enter("setsockopt")) return -1;
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) return fail(DARWIN_EBADF);
  if (own->kind == KIND_PIPE) return fail(DARWIN_ENOTSOCK);
  if (length != 4) complain("setsockopt %d 0x%x: length %u is not 4", level, option, length);
  uint32_t number;
  memcpy(&number, value, 4);
  if (level == DARWIN_SOL_SOCKET) {
    if (option == DARWIN_SO_SNDBUF || option == DARWIN_SO_RCVBUF) return set_buffer(fd, own, option, number);
    if (option == DARWIN_SO_NOSIGPIPE) {
      own->has_no_sigpipe = number != 0;
      return 0;
    }
  }
  if (level == DARWIN_SYSPROTO_CONTROL && own->kind == KIND_CONTROL) {
    if (option != DARWIN_UTUN_OPT_MAX_PENDING_PACKETS) complain("setsockopt: option %d of utun", option);
    if (!own->connected) complain("setsockopt: connect would set the pending packets back to 1");
    if (number == 0) return fail(DARWIN_EINVAL);
    /* What may wait must fit into the receive buffer, or packets are dropped (ctl_enqueuembuf). */
    if ((uint64_t)number * (9000 + 4) > own->receive_buffer) {
      complain("setsockopt: %u pending packets in a receive buffer of %u octets", number, own->receive_buffer);
    }
    own->pending_packets = number;
    return 0;
  }
  complain("setsockopt: level 0x%x option 0x%x", level, option);
}

/* int getsockopt(int fd, int level, int option, void *value, socklen_t *length); */
int darwin_getsockopt(int fd, int level, int option, void *value, uint32_t *length) EXPORT(getsockopt);
int darwin_getsockopt(int fd, int level, int option, void *value, uint32_t *length) {
  if (enter("getsockopt")) return -1;
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) return fail(DARWIN_EBADF);
  if (level == DARWIN_SOL_SOCKET && (option == DARWIN_SO_SNDBUF || option == DARWIN_SO_RCVBUF)) {
    if (*length != 4) complain("getsockopt: length %u is not 4", *length);
    memcpy(value, option == DARWIN_SO_SNDBUF ? &own->send_buffer : &own->receive_buffer, 4);
    return 0;
  }
  if (level == DARWIN_SOL_SOCKET && option == DARWIN_SO_ERROR && own->kind == KIND_TCP) {
    int error = 0;
    socklen_t size = sizeof error;
    if (*length != 4) complain("getsockopt: length %u is not 4", *length);
    if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return fail_as_linux(errno);
    if (error != 0) {
      fail_as_linux(error);
      error = *darwin_error();
    }
    memcpy(value, &error, 4);
    return 0;
  }
  if (level == DARWIN_SYSPROTO_CONTROL && option == DARWIN_UTUN_OPT_IFNAME && own->kind == KIND_CONTROL) {
    if (!own->connected) return fail(DARWIN_EINVAL);
    uint32_t size = strlen(own->name) + 1;
    if (*length < size) return fail(DARWIN_EMSGSIZE);
    memcpy(value, own->name, size);
    *length = size;
    return 0;
  }
  complain("getsockopt: level 0x%x option 0x%x", level, option);
}

static int control(int fd, unsigned long request, void *argument) {
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) return fail(DARWIN_EBADF);
  if (request == DARWIN_FIOCLEX) {
    if (argument != NULL) complain("ioctl FIOCLEX: it takes no argument");
    own->closes_on_exec = true;
    return syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC) < 0 ? fail_as_linux(errno) : 0;
  }
  if (request == DARWIN_FIONBIO) {
    int value;
    memcpy(&value, argument, sizeof value);
    if (value != 1) complain("ioctl FIONBIO: %d", value);
    own->is_nonblocking = true;
    int flags = syscall(SYS_fcntl, fd, F_GETFL);
    return syscall(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK) < 0 ? fail_as_linux(errno) : 0;
  }
  if (request == DARWIN_CTLIOCGINFO) {
    if (own->kind != KIND_CONTROL) complain("ioctl CTLIOCGINFO: descriptor %d is no kernel control", fd);
    struct darwin_ctl_info info;
    memcpy(&info, argument, sizeof info);
    if (memchr(info.ctl_name, 0, sizeof info.ctl_name) == NULL || info.ctl_name[0] == 0) return fail(DARWIN_EINVAL);
    if (strcmp(info.ctl_name, DARWIN_UTUN_CONTROL) != 0) return fail(DARWIN_ENOENT);
    info.ctl_id = utun_control_id();
    memcpy(argument, &info, sizeof info);
    return 0;
  }
  complain("ioctl: request 0x%lx", request);
}

#ifndef WITHOUT_IOCTL_STUB
/* int __ioctl(int fd, unsigned long request, void *argument); the stub below ioctl, without variadic arguments */
int darwin_ioctl_stub(int fd, unsigned long request, void *argument) EXPORT(__ioctl);
int darwin_ioctl_stub(int fd, unsigned long request, void *argument) {
  return enter("__ioctl") ? -1 : control(fd, request, argument);
}
#endif

#ifdef APPLE_ARM64_VARIADICS
/*
 * int ioctl(int fd, unsigned long request, ...); as a caller of Apple's arm64 has to place the arguments: the fixed ones and
 * whatever fills the registers x2 to x7 come first, the variadic one lies on the stack, as a ninth argument would.
 */
int darwin_ioctl(int fd, unsigned long request, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t x6,
                 uint64_t x7, void *argument) EXPORT(ioctl);
int darwin_ioctl(int fd, unsigned long request, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t x6,
                 uint64_t x7, void *argument) {
  if (x2 | x3 | x4 | x5 | x6 | x7) complain("ioctl: the argument is in a register");
  return enter("ioctl") ? -1 : control(fd, request, argument);
}
#else
/* int ioctl(int fd, unsigned long request, ...); */
int darwin_ioctl(int fd, unsigned long request, ...) EXPORT(ioctl);
int darwin_ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  return enter("ioctl") ? -1 : control(fd, request, argument);
}
#endif

/* int close(int fd); */
int darwin_close(int fd) EXPORT(close);
int darwin_close(int fd) {
  if (enter("close")) return -1;
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) complain("close: descriptor %d is not open", fd);
  own->kind = KIND_NONE;
  return syscall(SYS_close, fd) < 0 ? fail_as_linux(errno) : 0;
}

/* int pipe(int descriptors[2]); */
int darwin_pipe(int *ends) EXPORT(pipe);
int darwin_pipe(int *ends) {
  if (enter("pipe")) return -1;
  if (syscall(SYS_pipe2, ends, 0) < 0) return fail_as_linux(errno);
  for (int i = 0; i < 2; i++) *descriptor_of(ends[i]) = (struct descriptor){.kind = KIND_PIPE};
  return 0;
}
