/**
 * Owner and mode of a file that this program made in a folder that another user can write.
 *
 * @module
 */
import { readErrno } from "../libc/errno.ts";
import { fileCalls, openFlags } from "./file_calls.ts";
import { cString } from "../libc/libc.ts";
import { statusOfDescriptor } from "./file_status.ts";
import { SystemError } from "../libc/system_error.ts";

/** What the file is to have. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  /** 0 to 0o7777. */
  readonly mode: number;
}

/**
 * Gives a file an owner, a group and a mode by its descriptor: by its name, anyone who can write the folder could put a link to
 * another file there and have that one given away.
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
