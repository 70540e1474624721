/* Stream sockets of AF_UNIX: connect, send, recv, readv, writev, shutdown. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "double.h"

int stream_connect(int fd, const struct darwin_sockaddr_un *address, uint32_t length) {
  if (length > sizeof *address) complain("connect: address of %u octets on a socket of AF_UNIX", length);
  struct darwin_sockaddr_un from = {0};
  memcpy(&from, address, length);
  if (from.sun_len != length) complain("connect: length octet %u in an address of %u octets", from.sun_len, length);
  if (from.sun_family != DARWIN_AF_UNIX) complain("connect: family %u on a socket of AF_UNIX", from.sun_family);
  if (memchr(from.sun_path, 0, sizeof from.sun_path) == NULL) complain("connect: a path without its end");
  if (from.sun_path[0] == 0) return fail(DARWIN_ENOENT);
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strcpy(to.sun_path, from.sun_path);
  if (syscall(SYS_connect, fd, &to, sizeof to) < 0) return fail_as_linux(errno);
  descriptor_of(fd)->connected = true;
  return 0;
}

static struct descriptor *stream_of(const char *call, int fd) {
  struct descriptor *own = descriptor_of(fd);
  if (own->kind != KIND_STREAM) complain("%s: descriptor %d is no stream socket", call, fd);
  if (!own->connected) complain("%s: descriptor %d is not connected", call, fd);
  if (!own->is_nonblocking) complain("%s: descriptor %d would wait", call, fd);
  return own;
}

/* ssize_t send(int fd, const void *data, size_t length, int flags); */
ssize_t darwin_send(int fd, const void *data, size_t length, int flags) EXPORT(send);
ssize_t darwin_send(int fd, const void *data, size_t length, int flags) {
  if (enter("send")) return -1;
  if (!stream_of("send", fd)->has_no_sigpipe) complain("send: SIGPIPE would end the process");
  if (flags != 0) complain("send: flags 0x%x", flags);
  ssize_t sent = syscall(SYS_sendto, fd, data, length, MSG_NOSIGNAL, NULL, 0);
  return sent < 0 ? fail_as_linux(errno) : sent;
}

/* ssize_t recv(int fd, void *data, size_t length, int flags); */
ssize_t darwin_recv(int fd, void *data, size_t length, int flags) EXPORT(recv);
ssize_t darwin_recv(int fd, void *data, size_t length, int flags) {
  if (enter("recv")) return -1;
  if (descriptor_of(fd)->kind == KIND_ICMP) {
    if (flags != DARWIN_MSG_DONTWAIT) complain("recv: flags 0x%x", flags);
    ssize_t length_of_message = syscall(SYS_recvfrom, fd, data, length, MSG_DONTWAIT, NULL, NULL);
    return length_of_message < 0 ? fail_as_linux(errno) : length_of_message;
  }
  stream_of("recv", fd);
  if ((flags & ~DARWIN_MSG_PEEK) != 0) complain("recv: flags 0x%x", flags);
  ssize_t received = syscall(SYS_recvfrom, fd, data, length, flags != 0 ? MSG_PEEK : 0, NULL, NULL);
  return received < 0 ? fail_as_linux(errno) : received;
}

/* IOV_MAX, bsd/sys/syslimits.h */
enum { DARWIN_IOV_MAX = 1024 };

/* ssize_t readv(int fd, const struct iovec *pieces, int count); the structure is Linux's */
ssize_t darwin_readv(int fd, const struct darwin_iovec *pieces, int count) EXPORT(readv);
ssize_t darwin_readv(int fd, const struct darwin_iovec *pieces, int count) {
  if (enter("readv")) return -1;
  stream_of("readv", fd);
  if (count < 1 || count > DARWIN_IOV_MAX) return fail(DARWIN_EINVAL);
  ssize_t received = syscall(SYS_readv, fd, pieces, count);
  return received < 0 ? fail_as_linux(errno) : received;
}

/* ssize_t writev(int fd, const struct iovec *pieces, int count); */
ssize_t darwin_writev(int fd, const struct darwin_iovec *pieces, int count) EXPORT(writev);
ssize_t darwin_writev(int fd, const struct darwin_iovec *pieces, int count) {
  if (enter("writev")) return -1;
  if (!stream_of("writev", fd)->has_no_sigpipe) complain("writev: SIGPIPE would end the process");
  if (count < 1 || count > DARWIN_IOV_MAX) return fail(DARWIN_EINVAL);
  struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
  ssize_t sent = syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
  return sent < 0 ? fail_as_linux(errno) : sent;
}

/* int shutdown(int fd, int how); */
int darwin_shutdown(int fd, int how) EXPORT(shutdown);
int darwin_shutdown(int fd, int how) {
  if (enter("shutdown")) return -1;
  /* SHUT_RDWR (bsd/sys/socket.h). */
  if (how != 2) complain("shutdown: how %d", how);
  if (!descriptor_of(fd)->connected) return fail(DARWIN_ENOTCONN);
  return syscall(SYS_shutdown, fd, SHUT_RDWR) < 0 ? fail_as_linux(errno) : 0;
}
