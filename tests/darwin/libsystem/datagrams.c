/* Socket addresses, UDP datagrams, and the calls that move messages of either kind of socket. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "double.h"

uint32_t address_to_linux(const char *call, const void *address, uint32_t length, int family, void *linux_address) {
  const uint8_t *octets = address;
  uint32_t size = family == DARWIN_AF_INET ? sizeof(struct darwin_sockaddr_in) : sizeof(struct darwin_sockaddr_in6);
  if (length != size) complain("%s: address of %u octets on a socket of family %d", call, length, family);
  if (octets[0] != size) complain("%s: length octet %u in an address of %u octets", call, octets[0], size);
  if (octets[1] != family) complain("%s: family %u on a socket of family %d", call, octets[1], family);
  if (family == DARWIN_AF_INET) {
    struct darwin_sockaddr_in from;
    memcpy(&from, address, sizeof from);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = from.sin_port};
    memcpy(&to.sin_addr, from.sin_addr, 4);
    memcpy(linux_address, &to, sizeof to);
    return sizeof to;
  }
  struct darwin_sockaddr_in6 from;
  memcpy(&from, address, sizeof from);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = from.sin6_port, .sin6_flowinfo = from.sin6_flowinfo};
  memcpy(&to.sin6_addr, from.sin6_addr, 16);
  to.sin6_scope_id = from.sin6_scope_id;
  memcpy(linux_address, &to, sizeof to);
  return sizeof to;
}

uint32_t address_from_linux(const void *linux_address, void *address, uint32_t room) {
  const struct sockaddr *any = linux_address;
  if (any->sa_family == AF_INET) {
    const struct sockaddr_in *from = linux_address;
    struct darwin_sockaddr_in to = {sizeof to, DARWIN_AF_INET, from->sin_port, {0}, {0}};
    memcpy(to.sin_addr, &from->sin_addr, 4);
    memcpy(address, &to, room < sizeof to ? room : sizeof to);
    return sizeof to;
  }
  const struct sockaddr_in6 *from = linux_address;
  struct darwin_sockaddr_in6 to = {.sin6_len = sizeof to, .sin6_family = DARWIN_AF_INET6, .sin6_port = from->sin6_port};
  memcpy(to.sin6_addr, &from->sin6_addr, 16);
  to.sin6_scope_id = from->sin6_scope_id;
  memcpy(address, &to, room < sizeof to ? room : sizeof to);
  return sizeof to;
}

uint64_t message_room(const char *call, const struct darwin_msghdr_x *message) {
  if (message->msg_iovlen < 1 || message->msg_iovlen > 16) complain("%s: msg_iovlen %d", call, message->msg_iovlen);
  if (message->msg_control != NULL || message->msg_controllen != 0) complain("%s: control data", call);
  uint64_t room = 0;
  for (int i = 0; i < message->msg_iovlen; i++) {
    if (message->msg_iov[i].iov_len > 65536 + 4) {
      complain("%s: iov_len %llu", call, (unsigned long long)message->msg_iov[i].iov_len);
    }
    room += message->msg_iov[i].iov_len;
  }
  return room;
}

ssize_t datagram_receive(int fd, struct darwin_msghdr_x *message, bool may_wait) {
  message_room("recvmsg", message);
  struct sockaddr_storage from;
  struct iovec iovecs[16];
  for (int i = 0; i < message->msg_iovlen; i++) {
    iovecs[i] = (struct iovec){message->msg_iov[i].iov_base, message->msg_iov[i].iov_len};
  }
  struct msghdr own = {
    .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = iovecs, .msg_iovlen = message->msg_iovlen};
  ssize_t length = syscall(SYS_recvmsg, fd, &own, may_wait ? 0 : MSG_DONTWAIT);
  if (length < 0) return fail_as_linux(errno);
  if (message->msg_name != NULL) {
    uint32_t size = address_from_linux(&from, message->msg_name, message->msg_namelen);
    if (message->msg_namelen < size) complain("recvmsg: room for %u octets of an address of %u", message->msg_namelen, size);
    message->msg_namelen = size;
  }
  message->msg_controllen = LEFT_BEHIND;
  /* No datagram is longer than the programs' buffers; a test may have one count as such. */
  message->msg_flags = own.msg_flags & MSG_TRUNC || enter("cut datagram") ? DARWIN_MSG_TRUNC : 0;
  return length;
}

ssize_t datagram_send(int fd, const struct darwin_msghdr_x *message) {
  struct descriptor *own = descriptor_of(fd);
  uint64_t size = message_room("sendmsg", message);
  if (size > own->send_buffer) return fail(DARWIN_EMSGSIZE);
  struct sockaddr_storage to;
  struct iovec iovecs[16];
  for (int i = 0; i < message->msg_iovlen; i++) {
    iovecs[i] = (struct iovec){message->msg_iov[i].iov_base, message->msg_iov[i].iov_len};
  }
  struct msghdr linux_message = {.msg_iov = iovecs, .msg_iovlen = message->msg_iovlen};
  if (message->msg_name != NULL) {
    if (own->connected) return fail(DARWIN_EISCONN);
    linux_message.msg_name = &to;
    linux_message.msg_namelen =
      address_to_linux("sendmsg", message->msg_name, message->msg_namelen, own->family, &to);
  } else if (!own->connected) {
    return fail(DARWIN_EDESTADDRREQ);
  }
  ssize_t length = syscall(SYS_sendmsg, fd, &linux_message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return length < 0 ? fail_as_linux(errno) : length;
}

/* Whether the call may wait; complains about flags that the calls here have no use for. */
static bool may_wait(const char *call, int fd, int flags) {
  if (flags & ~DARWIN_MSG_DONTWAIT) complain("%s: flags 0x%x", call, flags);
  return (flags & DARWIN_MSG_DONTWAIT) == 0 && !descriptor_of(fd)->is_nonblocking;
}

static ssize_t receive_one(int fd, struct darwin_msghdr_x *message, bool wait) {
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) return fail(DARWIN_EBADF);
  if (own->kind == KIND_PIPE) return fail(DARWIN_ENOTSOCK);
  int thread = syscall(SYS_gettid);
  if (own->reader != 0 && own->reader != thread) complain("receive: a second thread reads descriptor %d", fd);
  own->reader = thread;
  return own->kind == KIND_CONTROL ? utun_receive(fd, message, wait) : datagram_receive(fd, message, wait);
}

static ssize_t send_one(int fd, const struct darwin_msghdr_x *message) {
  struct descriptor *own = descriptor_of(fd);
  if (own->kind == KIND_NONE) return fail(DARWIN_EBADF);
  if (own->kind == KIND_PIPE) return fail(DARWIN_ENOTSOCK);
  return own->kind == KIND_CONTROL ? utun_send(fd, message) : datagram_send(fd, message);
}

/* What sosendcheck (bsd/kern/uipc_socket.c) finds before a send: 0, or the error that a test has ordered. */
static int check_send(void) { return enter("sosendcheck") ? *darwin_error() : 0; }

/* ssize_t recvmsg(int fd, struct msghdr *message, int flags); */
ssize_t darwin_recvmsg(int fd, struct darwin_msghdr_x *message, int flags) EXPORT(recvmsg);
ssize_t darwin_recvmsg(int fd, struct darwin_msghdr_x *message, int flags) {
  if (enter("recvmsg")) return -1;
  ssize_t length = receive_one(fd, message, may_wait("recvmsg", fd, flags));
  if (length >= 0) moved("recvmsg", 1);
  return length;
}

/* ssize_t sendmsg(int fd, const struct msghdr *message, int flags); */
ssize_t darwin_sendmsg(int fd, const struct darwin_msghdr_x *message, int flags) EXPORT(sendmsg);
ssize_t darwin_sendmsg(int fd, const struct darwin_msghdr_x *message, int flags) {
  if (enter("sendmsg")) return -1;
  may_wait("sendmsg", fd, flags);
  if (check_send() != 0) return -1;
  ssize_t length = send_one(fd, message);
  if (length >= 0) moved("sendmsg", 1);
  return length;
}

/* A batch of messages: the same number of iovecs in each, or the kernel's reuse of its own state goes wrong. */
static bool is_batch(const char *call, const struct darwin_msghdr_x *messages, uint32_t count) {
  /* bsd/kern/uipc_syscalls.c: SO_MAX_MSG_X */
  if (count == 0 || count > 1024) {
    fail(DARWIN_EINVAL);
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (messages[i].msg_flags != 0) complain("%s: msg_flags 0x%x in message %u", call, messages[i].msg_flags, i);
    if (messages[i].msg_iovlen != messages[0].msg_iovlen) complain("%s: msg_iovlen differs in message %u", call, i);
  }
  return true;
}

/* ssize_t recvmsg_x(int fd, const struct msghdr_x *messages, u_int count, int flags); */
ssize_t darwin_recvmsg_x(int fd, struct darwin_msghdr_x *messages, uint32_t count, int flags) EXPORT(recvmsg_x);
ssize_t darwin_recvmsg_x(int fd, struct darwin_msghdr_x *messages, uint32_t count, int flags) {
  if (enter("recvmsg_x")) return -1;
  int release = darwin_release();
  /* soreceive_m_list before xnu-11417.140.69: a contended call with MSG_DONTWAIT leaves the socket locked for good. */
  if (release < 2406 && flags != 0) complain("recvmsg_x: flags 0x%x before Darwin 24.6", flags);
  if (release < 2406 && !descriptor_of(fd)->is_nonblocking) complain("recvmsg_x: the socket may wait");
  bool wait = may_wait("recvmsg_x", fd, flags);
  if (!is_batch("recvmsg_x", messages, count)) return -1;
  struct descriptor *own = descriptor_of(fd);
  /* No more is there than the interface lets wait on the socket. */
  uint32_t limit = own->kind == KIND_CONTROL ? own->pending_packets : 256;
  uint32_t taken = 0;
  for (; taken < count && taken < limit; taken++) {
    ssize_t length = receive_one(fd, &messages[taken], wait && taken == 0);
    if (length < 0 && taken == 0) return -1;
    if (length < 0 || (length == 0 && own->kind == KIND_CONTROL)) break;
    messages[taken].msg_datalen = length;
    /* Batches do not tell of what was cut off. */
    messages[taken].msg_flags = LEFT_BEHIND;
  }
  moved("recvmsg_x", taken);
  return taken;
}

/*
 * Whether an error after the first message becomes the number of those before it (bsd/kern/uipc_syscalls.c, sendmsg_x of
 * xnu-11417.101.15; ERESTART is never seen outside of the kernel). With any other the call fails, and tells nothing of them.
 */
static bool becomes_count(int number) {
  return number == DARWIN_EINTR || number == DARWIN_EAGAIN || number == DARWIN_ENOBUFS || number == DARWIN_EMSGSIZE;
}

/* ssize_t sendmsg_x(int fd, const struct msghdr_x *messages, u_int count, int flags); */
ssize_t darwin_sendmsg_x(int fd, const struct darwin_msghdr_x *messages, uint32_t count, int flags) EXPORT(sendmsg_x);
ssize_t darwin_sendmsg_x(int fd, const struct darwin_msghdr_x *messages, uint32_t count, int flags) {
  if (enter("sendmsg_x")) return -1;
  may_wait("sendmsg_x", fd, flags);
  if (!is_batch("sendmsg_x", messages, count)) return -1;
  uint32_t sent = 0;
  int number = 0;
  /*
   * A connected socket is looked at once, before the first message (sosend_list in bsd/kern/uipc_socket.c, which leaves the
   * count of all messages as it is when sosendcheck fails), any other before each.
   */
  bool is_connected = descriptor_of(fd)->connected;
  if (is_connected && (number = check_send()) != 0) sent = count;
  while (number == 0 && sent < count && sent < 256) {
    if (!is_connected && (number = check_send()) != 0) break;
    if (send_one(fd, &messages[sent]) < 0) number = *darwin_error();
    else sent++;
  }
  if (number != 0 && (sent == 0 || !becomes_count(number))) return fail(number);
  moved("sendmsg_x", sent);
  return sent;
}

/* ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t toLength); */
ssize_t darwin_sendto(int fd, void *data, size_t length, int flags, void *to, uint32_t to_length) EXPORT(sendto);
ssize_t darwin_sendto(int fd, void *data, size_t length, int flags, void *to, uint32_t to_length) {
  if (enter("sendto")) return -1;
  may_wait("sendto", fd, flags);
  if ((to == NULL) != (to_length == 0)) complain("sendto: address of %u octets", to_length);
  struct darwin_iovec iovec = {data, length};
  struct darwin_msghdr_x message = {.msg_name = to, .msg_namelen = to_length, .msg_iov = &iovec, .msg_iovlen = 1};
  return send_one(fd, &message);
}
