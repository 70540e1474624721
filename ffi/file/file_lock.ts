/**
 * flock(2): a lock that the kernel gives back when its holder ends.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { readErrno } from "../libc/errno.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { fileCalls, openFlags } from "./file_calls.ts";
import { cString } from "../libc/libc.ts";

/** LOCK_EX | LOCK_NB: one holder, and no waiting (include/uapi/asm-generic/fcntl.h; bsd/sys/fcntl.h of xnu). */
const EXCLUSIVE_AT_ONCE = 2 | 4;
/** EWOULDBLOCK, which is EAGAIN on both systems. */
const HELD = platform.os === "darwin" ? darwinErrno.EAGAIN : linuxErrno.EAGAIN;

/** A file or folder that is open to be locked. Disposing it gives the lock back. */
export class FileLock implements Disposable {
  private constructor(readonly descriptor: number) {}

  /** Opens what is at a path, for reading; undefined where it is not there or may not be read. */
  static open(path: string): FileLock | undefined {
    const descriptor = fileCalls().open(cString(path), openFlags.O_CLOEXEC | openFlags.O_NONBLOCK);
    return descriptor < 0 ? undefined : new FileLock(descriptor);
  }

  /** Takes the lock; false while another program has it. A file system without locks always gives it. */
  take(): boolean {
    return fileCalls().flock(this.descriptor, EXCLUSIVE_AT_ONCE) === 0 || readErrno() !== HELD;
  }

  [Symbol.dispose](): void {
    fileCalls().close(this.descriptor);
  }
}
