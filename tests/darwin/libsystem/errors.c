/* errno, calls that a test lets fail, and the record of calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "double.h"

/* Darwin's number of each name (bsd/sys/errno.h) and Linux's. */
static const struct { const char *name; int darwin, linux_number; } errors[] = {
  {"EPERM", 1, EPERM}, {"ENOENT", 2, ENOENT}, {"ESRCH", 3, ESRCH}, {"EINTR", 4, EINTR}, {"EIO", 5, EIO},
  {"ENXIO", 6, ENXIO}, {"EBADF", 9, EBADF}, {"ENOMEM", 12, ENOMEM}, {"EACCES", 13, EACCES},
  {"EFAULT", 14, EFAULT}, {"EBUSY", 16, EBUSY}, {"EEXIST", 17, EEXIST}, {"ENODEV", 19, ENODEV},
  {"ENOTDIR", 20, ENOTDIR}, {"EISDIR", 21, EISDIR}, {"EINVAL", 22, EINVAL}, {"ENFILE", 23, ENFILE}, {"EMFILE", 24, EMFILE}, {"ENOTTY", 25, ENOTTY},
  {"ENOSPC", 28, ENOSPC}, {"EPIPE", 32, EPIPE}, {"ERANGE", 34, ERANGE}, {"EAGAIN", 35, EAGAIN},
  {"EINPROGRESS", 36, EINPROGRESS}, {"EALREADY", 37, EALREADY}, {"ENOTSOCK", 38, ENOTSOCK},
  {"EDESTADDRREQ", 39, EDESTADDRREQ}, {"EMSGSIZE", 40, EMSGSIZE}, {"EPROTOTYPE", 41, EPROTOTYPE},
  {"ENOPROTOOPT", 42, ENOPROTOOPT}, {"EPROTONOSUPPORT", 43, EPROTONOSUPPORT}, {"ENOTSUP", 45, -1},
  {"EAFNOSUPPORT", 47, EAFNOSUPPORT}, {"EADDRINUSE", 48, EADDRINUSE}, {"EADDRNOTAVAIL", 49, EADDRNOTAVAIL},
  {"ENETDOWN", 50, ENETDOWN}, {"ENETUNREACH", 51, ENETUNREACH}, {"ECONNRESET", 54, ECONNRESET},
  {"ENOBUFS", 55, ENOBUFS}, {"EISCONN", 56, EISCONN}, {"ENOTCONN", 57, ENOTCONN},
  {"ETIMEDOUT", 60, ETIMEDOUT}, {"ECONNREFUSED", 61, ECONNREFUSED}, {"ELOOP", 62, ELOOP},
  {"ENAMETOOLONG", 63, ENAMETOOLONG}, {"EHOSTDOWN", 64, EHOSTDOWN},
  {"EHOSTUNREACH", 65, EHOSTUNREACH}, {"ENOSYS", 78, ENOSYS}, {"EOPNOTSUPP", 102, EOPNOTSUPP},
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

static __thread int darwin_errno;

/* int *__error(void); sys/errno.h */
int *darwin_error(void) { return &darwin_errno; }

int fail(int number) {
  darwin_errno = number;
  return -1;
}

int fail_as_linux(int linux_number) {
  for (int i = 0; i < ERRORS; i++) if (errors[i].linux_number == linux_number) return fail(errors[i].darwin);
  complain("no Darwin number for Linux error %d (%s)", linux_number, strerror(linux_number));
}

void complain(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fprintf(stderr, "libSystem double: %s\n", text);
  fflush(stderr);
  abort();
}

/* For tests: the names and numbers, one after the other; NULL after the last. */
const char *double_error_name(int index) EXPORT(double_error_name);
const char *double_error_name(int index) { return index < ERRORS ? errors[index].name : NULL; }
int double_error_number(int index) EXPORT(double_error_number);
int double_error_number(int index) { return index < ERRORS ? errors[index].darwin : 0; }

/* Failures that a test has ordered. */
static struct { char call[24]; int number, times; } orders[8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* For tests: lets the next calls of this name fail. */
void double_fail(const char *call, int number, int times) EXPORT(double_fail);
void double_fail(const char *call, int number, int times) {
  pthread_mutex_lock(&lock);
  int free_place = 0;
  for (int i = 0; i < 8; i++) if (orders[i].times == 0) free_place = i;
  snprintf(orders[free_place].call, sizeof orders[0].call, "%s", call);
  orders[free_place].number = number;
  orders[free_place].times = times;
  pthread_mutex_unlock(&lock);
}

/* The record of calls: memory of the process, or the file that DARWIN_DOUBLE_CALLS names, for all processes together. */
struct record { char call[24]; uint64_t calls, messages, largest; };
enum { RECORDS = 64 };
static struct record *records;

static void open_records(void) {
  const char *path = getenv("DARWIN_DOUBLE_CALLS");
  int fd = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && ftruncate(fd, RECORDS * sizeof *records) < 0) complain("cannot size %s", path);
  int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  records = mmap(NULL, RECORDS * sizeof *records, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (records == MAP_FAILED) complain("no memory for the record of calls");
  if (fd >= 0) syscall(SYS_close, fd);
}

static struct record *record_of(const char *call) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_records);
  for (int i = 0; i < RECORDS; i++) {
    if (records[i].call[0] == 0) strncpy(records[i].call, call, sizeof records[i].call - 1);
    if (strcmp(records[i].call, call) == 0) return &records[i];
  }
  complain("too many calls to record");
}

bool enter(const char *call) {
  __atomic_fetch_add(&record_of(call)->calls, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 8; i++) {
    if (orders[i].times == 0 || strcmp(orders[i].call, call) != 0) continue;
    pthread_mutex_lock(&lock);
    bool fails = orders[i].times > 0;
    if (fails) orders[i].times--;
    pthread_mutex_unlock(&lock);
    if (fails) return fail(orders[i].number) < 0;
  }
  return false;
}

void moved(const char *call, uint64_t messages) {
  struct record *record = record_of(call);
  __atomic_fetch_add(&record->messages, messages, __ATOMIC_RELAXED);
  if (messages > record->largest) record->largest = messages;
}

/* For tests: how often a call was made, how many messages it moved, and the most at once. */
uint32_t double_calls(const char *call) EXPORT(double_calls);
uint32_t double_calls(const char *call) { return record_of(call)->calls; }
uint32_t double_largest(const char *call) EXPORT(double_largest);
uint32_t double_largest(const char *call) { return record_of(call)->largest; }
