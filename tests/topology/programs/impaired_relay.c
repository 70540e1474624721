/*
 * A UDP relay that treats datagrams as a bad network does: `impaired_relay PORT HOST SERVERPORT SEED`. Of a hundred
 * datagrams of either direction it loses one, delivers one twice and five behind some later ones; of a thousand it
 * changes one by a byte. What it sends carries a UDP checksum of its own, so only the packets' own sums can tell.
 *
 * It shares no code with the programs that it stands between. Neighbours of equal length go out as one message that the
 * kernel cuts (udp(7), UDP_SEGMENT), so that the receivers get such runs too. A line on standard input is answered by the
 * counts so far, as JSON; the end of standard input ends it, after the last counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double LOST = 0.01, REORDERED = 0.05, DUPLICATED = 0.01, CORRUPTED = 0.001;

enum {
  /* A late datagram goes after one to this many later ones. */
  LATEST = 8,
  /* Datagrams that are received in one go. */
  BATCH = 64,
  /* Late datagrams whose bytes are kept: those that wait, and those of a batch that is not sent yet. */
  KEPT = 256,
  /* All datagrams of a batch twice, and all that were late. */
  OUTGOING = 2 * BATCH + KEPT,
  DATAGRAM_ROOM = 65536,
  SOCKET_ROOM = 8 << 20,
  /* What one message may hold for the kernel to cut: UDP_MAX_SEGMENTS (linux/udp.h), and what fits a packet. */
  SEGMENTS = 64,
  MESSAGE_ROOM = 65000,
};

struct direction {
  int from, to;
  /* Where to send; of length 0 on a connected socket. */
  struct sockaddr_in target;
  socklen_t target_length;
  uint8_t received[BATCH][DATAGRAM_ROOM], kept[KEPT][DATAGRAM_ROOM];
  size_t kept_length[KEPT];
  /* How many datagrams have been seen when a kept one goes. */
  uint64_t due[KEPT];
  uint64_t first, end, seen;
  struct iovec out[OUTGOING];
  size_t out_count;
};

static struct { uint64_t passed, lost, reordered, duplicated, corrupted; } counts;
static struct direction to_server, to_client;
static uint64_t state;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* xorshift64 with the triple 13, 7, 17 (Marsaglia, Xorshift RNGs, 2003). */
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static int chance(double share) { return (double)(next() >> 11) / 9007199254740992.0 < share; }

static uint64_t below(uint64_t limit) { return (next() >> 11) % limit; }

static void send_message(struct direction *d, struct iovec *parts, size_t count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(uint16_t))];
  } control = {0};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  if (d->target_length > 0) {
    message.msg_name = &d->target;
    message.msg_namelen = d->target_length;
  }
  if (count > 1) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.room;
    control.header.cmsg_level = SOL_UDP;
    control.header.cmsg_type = UDP_SEGMENT;
    control.header.cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t size = (uint16_t)parts[0].iov_len;
    memcpy(CMSG_DATA(&control.header), &size, sizeof size);
  }
  /* An error that an earlier datagram left is told once; what the network refuses is lost, as on any network. */
  for (int tries = 0; tries < 2 && sendmsg(d->to, &message, 0) < 0; tries++) {}
}

/* Sends what lies in `out`. */
static void flush(struct direction *d) {
  for (size_t start = 0; start < d->out_count;) {
    size_t size = d->out[start].iov_len, end = start + 1, total = size;
    while (end < d->out_count && end - start < SEGMENTS && d->out[end].iov_len <= size && size > 0 &&
           d->out[end].iov_len > 0 && total + d->out[end].iov_len <= MESSAGE_ROOM) {
      total += d->out[end].iov_len;
      /* A shorter one can only be the last of its message. */
      if (d->out[end++].iov_len < size) break;
    }
    send_message(d, d->out + start, end - start);
    start = end;
  }
  d->out_count = 0;
}

static void push(struct direction *d, void *bytes, size_t length) {
  /* Nobody has been heard from to whom it could go. */
  if (d->target_length == 0 && d == &to_client) return;
  counts.passed++;
  d->out[d->out_count++] = (struct iovec){bytes, length};
}

/* Passes on the late ones whose time has come. */
static void release(struct direction *d, uint64_t seen) {
  for (; d->first < d->end; d->first++) {
    size_t slot = d->first % KEPT;
    if (d->due[slot] > seen) return;
    push(d, d->kept[slot], d->kept_length[slot]);
  }
}

static void take(struct direction *d, uint8_t *bytes, size_t length) {
  d->seen++;
  if (chance(LOST)) {
    counts.lost++;
  } else {
    if (length > 0 && chance(CORRUPTED)) {
      bytes[below(length)] ^= (uint8_t)(1 + below(255));
      counts.corrupted++;
    }
    if (chance(REORDERED)) {
      size_t slot = d->end++ % KEPT;
      memcpy(d->kept[slot], bytes, length);
      d->kept_length[slot] = length;
      d->due[slot] = d->seen + 1 + below(LATEST);
      counts.reordered++;
    } else {
      push(d, bytes, length);
      if (chance(DUPLICATED)) {
        push(d, bytes, length);
        counts.duplicated++;
      }
    }
  }
  release(d, d->seen);
}

/* Moves what there is, up to a batch. */
static void drain(struct direction *d, struct direction *back) {
  struct mmsghdr messages[BATCH] = {0};
  struct iovec parts[BATCH];
  struct sockaddr_in sources[BATCH];
  for (int index = 0; index < BATCH; index++) {
    parts[index] = (struct iovec){d->received[index], DATAGRAM_ROOM};
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
    messages[index].msg_hdr.msg_name = &sources[index];
    messages[index].msg_hdr.msg_namelen = sizeof sources[index];
  }
  int count = recvmmsg(d->from, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int index = 0; index < count; index++) {
    if (back == &to_client) {
      back->target = sources[index];
      back->target_length = sizeof sources[index];
    }
    take(d, d->received[index], messages[index].msg_len);
  }
  flush(d);
}

static int open_socket(uint16_t port) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  int room = SOCKET_ROOM;
  /* The tests run as root; elsewhere the kernel's own bound holds. */
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) fail("bind");
  return descriptor;
}

static void tell(void) {
  printf("{\"passed\":%lu,\"lost\":%lu,\"reordered\":%lu,\"duplicated\":%lu,\"corrupted\":%lu}\n", counts.passed,
         counts.lost, counts.reordered, counts.duplicated, counts.corrupted);
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct sockaddr_in server = {.sin_family = AF_INET};
  if (argc != 5 || inet_pton(AF_INET, argv[2], &server.sin_addr) != 1 || (state = strtoul(argv[4], NULL, 10)) == 0) {
    fprintf(stderr, "usage: impaired_relay PORT HOST SERVERPORT SEED, the seed not 0\n");
    return 2;
  }
  server.sin_port = htons((uint16_t)atoi(argv[3]));
  int downstream = open_socket((uint16_t)atoi(argv[1])), upstream = open_socket(0);
  if (connect(upstream, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
  to_server.from = to_client.to = downstream;
  to_server.to = to_client.from = upstream;
  printf("{\"listening\":%s}\n", argv[1]);
  fflush(stdout);

  struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = downstream, .events = POLLIN},
                           {.fd = upstream, .events = POLLIN}};
  for (;;) {
    int is_late = to_server.first < to_server.end || to_client.first < to_client.end;
    int count = poll(ready, 3, is_late ? 1 : -1);
    if (count < 0 && errno != EINTR) fail("poll");
    if (count == 0) {
      /* No later one has come: they wait no longer. */
      for (int index = 0; index < 2; index++) {
        struct direction *d = index == 0 ? &to_server : &to_client;
        release(d, UINT64_MAX);
        flush(d);
      }
      continue;
    }
    if (ready[1].revents != 0) drain(&to_server, &to_client);
    if (ready[2].revents != 0) drain(&to_client, &to_server);
    if (ready[0].revents == 0) continue;
    char line[256];
    ssize_t length = read(STDIN_FILENO, line, sizeof line);
    tell();
    if (length <= 0) return 0;
  }
}
