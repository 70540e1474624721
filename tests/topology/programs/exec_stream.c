/*
 * exec_stream SOCKET EXEC to|from|echo SECONDS: the raw stream of `docker exec` over the Engine's unix socket, as the Docker API
 * has it: POST /exec/ID/start with an upgrade of the connection. Towards the container go bare octets; from it come frames of 8
 * octets (stream number, three zeros, length in big-endian order) and as many octets as they say.
 *
 * to:   writes zeros for SECONDS, ends its side and waits until the container's program has read all of it and ended.
 * from: reads for SECONDS from the first octet on, then to the end.
 * echo: sends 64 octets and waits until they are back, again and again for SECONDS, at most 20,000 times.
 *
 * Prints {"bytes":N,"seconds":S}, or {"microseconds":[...]}.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, HEADER = 8, ECHO = 64, MAX_ECHOES = 20000, SILENCE_MS = 15000 };

static int fd;
static unsigned char chunk[CHUNK];
static uint32_t left_in_frame;
static unsigned char header[HEADER];
static int header_length;

static void give_up(const char *what) {
  fprintf(stderr, "exec_stream: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* 0 at the end of the stream; a stream that is silent for long is given up. */
static ssize_t receive(void *buffer, size_t length) {
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  int ready = poll(&wait, 1, SILENCE_MS);
  if (ready == 0) errno = ETIMEDOUT;
  ssize_t got = ready <= 0 ? -1 : read(fd, buffer, length);
  if (got < 0) give_up("read the stream");
  return got;
}

static void send_all(const void *data, size_t length) {
  for (const char *at = data; length > 0;) {
    ssize_t sent = write(fd, at, length);
    if (sent < 0) give_up("write the stream");
    at += sent;
    length -= sent;
  }
}

/* Octets of the container's program among those received: frames without their headers. */
static size_t payload(const unsigned char *data, size_t length) {
  size_t total = 0;
  while (length > 0) {
    if (left_in_frame > 0) {
      size_t part = length < left_in_frame ? length : left_in_frame;
      left_in_frame -= part;
      total += part;
      data += part;
      length -= part;
      continue;
    }
    header[header_length++] = *data++;
    length--;
    if (header_length < HEADER) continue;
    header_length = 0;
    if (header[0] != 1) {
      errno = EPROTO;
      give_up("use a frame that is not of the standard output");
    }
    left_in_frame = (uint32_t)header[4] << 24 | header[5] << 16 | header[6] << 8 | header[7];
  }
  return total;
}

static void start(const char *path, const char *exec) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) give_up("connect");
  static const char body[] = "{\"Detach\":false,\"Tty\":false}";
  char request[512];
  int length = snprintf(
      request, sizeof request,
      "POST /exec/%s/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\n"
      "Upgrade: tcp\r\nContent-Length: %zu\r\n\r\n%s",
      exec, sizeof body - 1, body);
  send_all(request, length);
  /* One octet at a time, so that nothing of the stream behind the head is taken. */
  char head[4096];
  size_t got = 0;
  while (got < sizeof head - 1 && (got < 4 || memcmp(head + got - 4, "\r\n\r\n", 4) != 0)) {
    if (receive(head + got, 1) == 0) break;
    got++;
  }
  head[got] = 0;
  if (strncmp(head, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "exec_stream: the Engine answers %s\n", head);
    exit(1);
  }
}

static void report(double bytes, double seconds) { printf("{\"bytes\":%.0f,\"seconds\":%.6f}\n", bytes, seconds); }

static void send_for(double seconds) {
  double begin = now(), bytes = 0;
  while (now() - begin < seconds) {
    send_all(chunk, CHUNK);
    bytes += CHUNK;
  }
  shutdown(fd, SHUT_WR);
  while (receive(chunk, CHUNK) > 0) continue;
  report(bytes, now() - begin);
}

static void receive_for(double seconds) {
  double begin = 0, bytes = 0;
  for (;;) {
    ssize_t got = receive(chunk, CHUNK);
    if (begin == 0) begin = now();
    bytes += payload(chunk, got);
    if (got == 0 || now() - begin >= seconds) break;
  }
  report(bytes, now() - begin);
  fflush(stdout);
  while (receive(chunk, CHUNK) > 0) continue;
}

static void echo_for(double seconds) {
  double begin = now();
  printf("{\"microseconds\":[");
  for (int count = 0; count < MAX_ECHOES && now() - begin < seconds; count++) {
    double sent = now();
    send_all(chunk, ECHO);
    for (size_t back = 0; back < ECHO;) {
      ssize_t got = receive(chunk, CHUNK);
      if (got == 0) give_up("get an echo back");
      back += payload(chunk, got);
    }
    printf("%s%.1f", count == 0 ? "" : ",", (now() - sent) * 1e6);
  }
  printf("]}\n");
}

int main(int argc, char **argv) {
  if (argc != 5) return 64;
  double seconds = atof(argv[4]);
  if (!(seconds > 0 && seconds <= 60)) return 64;
  start(argv[1], argv[2]);
  if (strcmp(argv[3], "to") == 0) send_for(seconds);
  else if (strcmp(argv[3], "from") == 0) receive_for(seconds);
  else if (strcmp(argv[3], "echo") == 0) echo_for(seconds);
  else return 64;
  return 0;
}
