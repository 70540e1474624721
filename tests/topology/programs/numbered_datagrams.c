/*
 * What a network does to datagrams: `numbered_datagrams receive PORT COUNT` counts those that `numbered_datagrams send HOST PORT
 * COUNT` sends, by the numbers in them, and prints what came, as JSON. After them come some that mark the end and do not count.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  /* So many datagrams go at once: a network that delays some of them changes their order. */
  BURST = 10,
  /* Microseconds between two bursts. */
  PAUSE = 2000,
  /* Datagrams that mark the end, and how many of them have come when nothing before them is under way any more. */
  MARKS = 60,
  ENOUGH_MARKS = 30,
  DATAGRAM = 100,
  SOCKET_ROOM = 8 << 20,
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void receive(int descriptor, struct sockaddr_in local, uint32_t count) {
  int room = SOCKET_ROOM;
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) fail("setsockopt");
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) fail("bind");
  printf("{\"listening\":%u}\n", ntohs(local.sin_port));
  fflush(stdout);
  uint8_t *seen = calloc((size_t)count + MARKS, 1);
  if (seen == NULL) fail("calloc");
  uint32_t received = 0, duplicated = 0, reordered = 0, highest = 0;
  for (int marks = 0; marks < ENOUGH_MARKS;) {
    uint32_t number;
    if (recv(descriptor, &number, sizeof number, 0) < (ssize_t)sizeof number) fail("recv");
    number = ntohl(number);
    if (number >= count + MARKS) continue;
    int is_new = !seen[number];
    seen[number] = 1;
    if (number >= count) {
      marks += is_new;
    } else if (is_new) {
      received++;
      if (number < highest) reordered++;
      else highest = number;
    } else {
      duplicated++;
    }
  }
  printf("{\"received\":%u,\"duplicated\":%u,\"reordered\":%u}\n", received, duplicated, reordered);
}

static void send_all(int descriptor, struct sockaddr_in target, uint32_t count) {
  for (uint32_t number = 0; number < count + MARKS; number++) {
    uint32_t bytes[DATAGRAM / sizeof(uint32_t)] = {htonl(number)};
    if (sendto(descriptor, bytes, sizeof bytes, 0, (struct sockaddr *)&target, sizeof target) < 0) fail("sendto");
    if (number % BURST == 0) usleep(PAUSE);
  }
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  if (argc == 4 && strcmp(argv[1], "receive") == 0) {
    address.sin_port = htons((uint16_t)atoi(argv[2]));
    receive(descriptor, address, (uint32_t)atoi(argv[3]));
  } else if (argc == 5 && strcmp(argv[1], "send") == 0 && inet_pton(AF_INET, argv[2], &address.sin_addr) == 1) {
    address.sin_port = htons((uint16_t)atoi(argv[3]));
    send_all(descriptor, address, (uint32_t)atoi(argv[4]));
  } else {
    fprintf(stderr, "usage: numbered_datagrams receive PORT COUNT | send HOST PORT COUNT\n");
    return 2;
  }
  return 0;
}
