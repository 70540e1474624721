import { errno, readErrno, SystemError } from "../libc/errno.ts";
import { cString } from "../libc/libc.ts";
import { darwinFileCalls } from "../libc/libc_darwin.ts";
import { linuxFileCalls } from "../libc/libc_linux.ts";
import { platform } from "../platform.ts";

/** Kind, owner and mode of a file, from the C library. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "link" | "socket" | "other";
  /** Permission bits and those beside them, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly inode: bigint;
}

/** Where a status has what, by byte offset, and its own size. */
type Layout = Readonly<Record<"size" | "mode" | "uid" | "gid" | "inode" | "length", number>>;

/**
 * `struct stat` of macOS with 64-bit inode numbers: st_dev i32, st_mode u16, st_nlink u16, st_ino u64, st_uid u32, st_gid
 * u32, st_rdev i32, four times of 16 bytes, st_size i64, and more (`__DARWIN_STRUCT_STAT64`, bsd/sys/stat.h).
 */
const DARWIN_STAT: Layout = { size: 144, mode: 4, inode: 8, uid: 16, gid: 20, length: 96 };

/**
 * `struct statx` of Linux, the same on every processor: stx_mask u32, stx_blksize u32, stx_attributes u64, stx_nlink u32,
 * stx_uid u32, stx_gid u32, stx_mode u16, stx_ino u64, stx_size u64, and more (include/uapi/linux/stat.h).
 */
const LINUX_STATX: Layout = { size: 256, uid: 20, gid: 24, mode: 28, inode: 32, length: 40 };

/** AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH (include/uapi/linux/fcntl.h), STATX_BASIC_STATS (stat.h). */
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

const isDarwin = platform.os === "darwin";
const layout = isDarwin ? DARWIN_STAT : LINUX_STATX;
const NO_PATH = cString("");

/**
 * The state of the file that a path leads to.
 *
 * @param links whether a link that the path ends with is followed
 * @returns undefined where there is nothing
 * @throws {SystemError} when the state cannot be read, such as EACCES and ELOOP
 */
export function statusOf(path: string, links: "follow" | "stay"): FileStatus | undefined {
  const room = new Uint8Array(layout.size);
  const flags = links === "follow" ? 0 : AT_SYMLINK_NOFOLLOW;
  const result = isDarwin
    ? darwinFileCalls()[links === "follow" ? "stat" : "lstat"](cString(path), room)
    : linuxFileCalls().statx(AT_FDCWD, cString(path), flags, STATX_BASIC_STATS, room);
  if (result === 0) return parseStatus(room);
  const number = readErrno();
  if (number === errno.ENOENT || number === errno.ENOTDIR) return undefined;
  throw new SystemError("stat", number, path);
}

/**
 * The state of an open file.
 *
 * @throws {SystemError} when the state cannot be read
 */
export function statusOfDescriptor(descriptor: number): FileStatus {
  const room = new Uint8Array(layout.size);
  const result = isDarwin
    ? darwinFileCalls().fstat(descriptor, room)
    : linuxFileCalls().statx(descriptor, NO_PATH, AT_EMPTY_PATH, STATX_BASIC_STATS, room);
  if (result !== 0) throw new SystemError("fstat", readErrno());
  return parseStatus(room);
}

/** The same on another thread, for a file system that may not answer; undefined on failure. */
export async function statusOfDescriptorLater(descriptor: number): Promise<FileStatus | undefined> {
  const room = new Uint8Array(layout.size);
  const result = isDarwin
    ? await darwinFileCalls().fstatLater(descriptor, room)
    : await linuxFileCalls().statxLater(descriptor, NO_PATH, AT_EMPTY_PATH, STATX_BASIC_STATS, room);
  return result === 0 ? parseStatus(room) : undefined;
}

/** S_IFMT and the kinds (sys/stat.h of both systems). */
const KIND_MASK = 0o170000;
const KINDS: ReadonlyMap<number, FileStatus["kind"]> = new Map([
  [0o100000, "file"],
  [0o040000, "folder"],
  [0o120000, "link"],
  [0o140000, "socket"],
]);

function parseStatus(room: Uint8Array<ArrayBuffer>): FileStatus {
  const view = new DataView(room.buffer);
  const mode = view.getUint16(layout.mode, true);
  return {
    kind: KINDS.get(mode & KIND_MASK) ?? "other",
    mode: mode & 0o7777,
    uid: view.getUint32(layout.uid, true),
    gid: view.getUint32(layout.gid, true),
    size: view.getBigUint64(layout.length, true),
    inode: view.getBigUint64(layout.inode, true),
  };
}
