/**
 * Files by descriptor, through the C library: what Deno cannot do (follow no link, owner and mode of an open file), or does not
 * allow (2.9 refuses to look at anything below /dev and /proc).
 *
 * @module
 */
import * as linux from "../libc/constants_linux.ts";
import { errno, readErrno, SystemError } from "../libc/errno.ts";
import { cString, type FILE_SYMBOLS } from "../libc/libc.ts";
import { darwinFileCalls } from "../libc/libc_darwin.ts";
import { linuxFileCalls } from "../libc/libc_linux.ts";
import { platform } from "../platform.ts";
import { type FileStatus, statusOfDescriptor } from "./file_status.ts";

/** The functions that both systems have, by name, of the running one. */
export function fileCalls(): Deno.DynamicLibrary<typeof FILE_SYMBOLS>["symbols"] {
  return platform.os === "darwin" ? darwinFileCalls() : linuxFileCalls();
}

/** bsd/sys/fcntl.h of xnu. */
const DARWIN_FLAGS = {
  O_NONBLOCK: 0x4,
  O_NOFOLLOW: 0x100,
  O_DIRECTORY: 0x10_0000,
  O_CLOEXEC: 0x100_0000,
};

/** Two differ on arm64 (arch/arm64/include/uapi/asm/fcntl.h). */
const LINUX_FLAGS = {
  O_NONBLOCK: linux.O_NONBLOCK,
  O_NOFOLLOW: platform.arch === "aarch64" ? 0o10_0000 : 0o40_0000,
  O_DIRECTORY: platform.arch === "aarch64" ? 0o4_0000 : 0o20_0000,
  O_CLOEXEC: linux.O_CLOEXEC,
};

/** The flags of `open` on the running system; O_RDONLY is 0 on both. */
export const openFlags: Readonly<typeof LINUX_FLAGS> = platform.os === "darwin" ? DARWIN_FLAGS : LINUX_FLAGS;

/** LOCK_EX | LOCK_NB: one holder, and no waiting (include/uapi/asm-generic/fcntl.h; bsd/sys/fcntl.h of xnu). */
const EXCLUSIVE_AT_ONCE = 2 | 4;

/**
 * A file or folder that is open to be locked by flock(2): the kernel gives the lock back when its holder ends, and disposing this
 * does so too.
 */
export class FileLock implements Disposable {
  private constructor(readonly descriptor: number) {}

  /** Opens what is at a path, for reading; undefined where it is not there or may not be read. */
  static open(path: string): FileLock | undefined {
    const descriptor = fileCalls().open(cString(path), openFlags.O_CLOEXEC | openFlags.O_NONBLOCK);
    return descriptor < 0 ? undefined : new FileLock(descriptor);
  }

  /** Takes the lock; false while another program has it. A file system without locks always gives it. */
  take(): boolean {
    // EWOULDBLOCK is EAGAIN on both systems.
    return fileCalls().flock(this.descriptor, EXCLUSIVE_AT_ONCE) === 0 || readErrno() !== errno.EAGAIN;
  }

  [Symbol.dispose](): void {
    fileCalls().close(this.descriptor);
  }
}

/** What a file is to have. */
type Ownership = Pick<FileStatus, "uid" | "gid" | "mode">;

/**
 * Gives a file that this program made an owner, a group and a mode by its descriptor: by its name, anyone who can write the folder
 * could put a link to another file there and have that one given away.
 *
 * @param path of a regular file; no link is followed
 * @param inode the number that the file had when it was made
 * @throws {SystemError} when the system refuses; {Error} when another file is there by now
 */
export function setOwnership(path: string, inode: number, { uid, gid, mode }: Ownership): void {
  const { open, fchown, fchmod, close } = fileCalls();
  const { O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC } = openFlags;
  const descriptor = open(cString(path), O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) throw new SystemError("open", readErrno(), path);
  try {
    const made = statusOfDescriptor(descriptor);
    // Deno's numbers are rounded above 2^53.
    if (made.kind !== "file" || Number(made.inode) !== inode) {
      throw new Error(`another file is at ${path} now`);
    }
    // The owner goes first: changing it may clear bits of the mode (chown(2)).
    const isOwned = made.uid === uid && made.gid === gid;
    if (!isOwned && fchown(descriptor, uid, gid) !== 0) throw new SystemError("fchown", readErrno(), path);
    if (fchmod(descriptor, mode) !== 0) throw new SystemError("fchmod", readErrno(), path);
  } finally {
    close(descriptor);
  }
}
