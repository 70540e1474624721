/* Files by path and by descriptor. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "double.h"

/* bsd/sys/fcntl.h */
enum {
  DARWIN_O_NONBLOCK = 0x4,
  DARWIN_O_NOFOLLOW = 0x100,
  DARWIN_O_DIRECTORY = 0x100000,
  DARWIN_O_CLOEXEC = 0x1000000,
};

/* struct stat with 64-bit inode numbers, bsd/sys/stat.h */
struct darwin_stat {
  int32_t st_dev;
  uint16_t st_mode, st_nlink;
  uint64_t st_ino;
  uint32_t st_uid, st_gid;
  int32_t st_rdev;
  struct { int64_t seconds, nanoseconds; } st_times[4]; /* access, modification, change, birth */
  int64_t st_size, st_blocks;
  int32_t st_blksize;
  uint32_t st_flags, st_gen;
  int32_t st_lspare;
  int64_t st_qspare[2];
};
_Static_assert(sizeof(struct darwin_stat) == 144, "stat");
_Static_assert(offsetof(struct darwin_stat, st_size) == 96, "st_size");

static int linux_flags(const char *call, int flags) {
  int known = DARWIN_O_NONBLOCK | DARWIN_O_NOFOLLOW | DARWIN_O_DIRECTORY | DARWIN_O_CLOEXEC;
  if ((flags & ~known) != 0) complain("%s: flags 0x%x", call, flags);
  return (flags & DARWIN_O_NONBLOCK ? O_NONBLOCK : 0) | (flags & DARWIN_O_NOFOLLOW ? O_NOFOLLOW : 0) |
    (flags & DARWIN_O_DIRECTORY ? O_DIRECTORY : 0) | (flags & DARWIN_O_CLOEXEC ? O_CLOEXEC : 0);
}

static int open_at(const char *call, int folder, const char *path, int flags) {
  if (enter(call)) return -1;
  int fd = syscall(SYS_openat, folder, path, linux_flags(call, flags));
  if (fd < 0) return fail_as_linux(errno);
  *descriptor_of(fd) = (struct descriptor){.kind = KIND_FILE, .closes_on_exec = (flags & DARWIN_O_CLOEXEC) != 0};
  return fd;
}

/* int open(const char *path, int flags, ...); without O_CREAT it takes no third argument */
int darwin_open(const char *path, int flags) EXPORT(open);
int darwin_open(const char *path, int flags) { return open_at("open", AT_FDCWD, path, flags); }

/* int openat(int folder, const char *path, int flags, ...); */
int darwin_openat(int folder, const char *path, int flags) EXPORT(openat);
int darwin_openat(int folder, const char *path, int flags) {
  if (descriptor_of(folder)->kind != KIND_FILE) complain("openat: descriptor %d is no folder", folder);
  return open_at("openat", folder, path, flags);
}

static int file_of(const char *call, int fd) {
  if (descriptor_of(fd)->kind != KIND_FILE) complain("%s: descriptor %d is no file", call, fd);
  return fd;
}

static int give_status(const struct stat *found, struct darwin_stat *status) {
  *status = (struct darwin_stat){
    .st_dev = found->st_dev, .st_mode = found->st_mode, .st_nlink = found->st_nlink, .st_ino = found->st_ino,
    .st_uid = found->st_uid, .st_gid = found->st_gid, .st_size = found->st_size, .st_blocks = found->st_blocks,
    .st_blksize = found->st_blksize,
  };
  return 0;
}

static int stat_path(const char *call, const char *path, struct darwin_stat *status, int flags) {
  if (enter(call)) return -1;
  struct stat found;
  /* The console belongs to whoever is logged in at the screen; DARWIN_DOUBLE_CONSOLE is that user's id. */
  const char *console = getenv("DARWIN_DOUBLE_CONSOLE");
  if (console != NULL && strcmp(path, "/dev/console") == 0) {
    found = (struct stat){.st_mode = S_IFCHR | 0600, .st_nlink = 1, .st_uid = strtoul(console, NULL, 10)};
    return give_status(&found, status);
  }
  if (syscall(SYS_newfstatat, AT_FDCWD, path, &found, flags) < 0) return fail_as_linux(errno);
  return give_status(&found, status);
}

/* x86_64 has the calls with this structure under these names, arm64 has no others (sys/stat.h, __DARWIN_INODE64). */
#ifdef APPLE_ARM64_VARIADICS
#define EXPORT_STAT(name) EXPORT(name)
#else
#define EXPORT_STAT(name) __asm__(#name "$INODE64") __attribute__((visibility("default")))
#endif

/* int stat(const char *path, struct stat *status); */
int darwin_stat(const char *path, struct darwin_stat *status) EXPORT_STAT(stat);
int darwin_stat(const char *path, struct darwin_stat *status) { return stat_path("stat", path, status, 0); }

/* int lstat(const char *path, struct stat *status); */
int darwin_lstat(const char *path, struct darwin_stat *status) EXPORT_STAT(lstat);
int darwin_lstat(const char *path, struct darwin_stat *status) {
  return stat_path("lstat", path, status, AT_SYMLINK_NOFOLLOW);
}

/* int fstat(int fd, struct stat *status); */
int darwin_fstat(int fd, struct darwin_stat *status) EXPORT_STAT(fstat);
int darwin_fstat(int fd, struct darwin_stat *status) {
  if (enter("fstat")) return -1;
  struct stat found;
  if (syscall(SYS_fstat, file_of("fstat", fd), &found) < 0) return fail_as_linux(errno);
  return give_status(&found, status);
}

/* ssize_t readlink(const char *path, char *text, size_t length); */
ssize_t darwin_readlink(const char *path, char *text, size_t length) EXPORT(readlink);
ssize_t darwin_readlink(const char *path, char *text, size_t length) {
  if (enter("readlink")) return -1;
  ssize_t taken = syscall(SYS_readlinkat, AT_FDCWD, path, text, length);
  return taken < 0 ? fail_as_linux(errno) : taken;
}

/* int fchown(int fd, uid_t owner, gid_t group); */
int darwin_fchown(int fd, uint32_t owner, uint32_t group) EXPORT(fchown);
int darwin_fchown(int fd, uint32_t owner, uint32_t group) {
  if (enter("fchown")) return -1;
  return syscall(SYS_fchown, file_of("fchown", fd), owner, group) < 0 ? fail_as_linux(errno) : 0;
}

/* int flock(int fd, int operation); the operations have Linux's numbers (bsd/sys/fcntl.h) */
int darwin_flock(int fd, int operation) EXPORT(flock);
int darwin_flock(int fd, int operation) {
  if (enter("flock")) return -1;
  return syscall(SYS_flock, file_of("flock", fd), operation) < 0 ? fail_as_linux(errno) : 0;
}

/* int fchmod(int fd, mode_t mode); mode_t has 16 bits */
int darwin_fchmod(int fd, uint16_t mode) EXPORT(fchmod);
int darwin_fchmod(int fd, uint16_t mode) {
  if (enter("fchmod")) return -1;
  return syscall(SYS_fchmod, file_of("fchmod", fd), mode) < 0 ? fail_as_linux(errno) : 0;
}
