import { readErrno, SystemError } from "../libc/errno.ts";
import { cString } from "../libc/libc.ts";
import { type FileStatus, statusOf } from "./file_status.ts";
import { fileCalls } from "./open_file.ts";

/** Links that are followed in one path; Linux follows as many (path_resolution(7)). */
const MAX_LINKS = 40;
/** PATH_MAX of Linux (include/uapi/linux/limits.h); macOS has 1,024. */
const MAX_LINK_LENGTH = 4096;
/** Write permission of the group and of everyone. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Whether only root can change what a path leads to. Looks at the file and at every folder on the way to it, through each link. All of them have to belong to root and to be
 * writable by no one else; a sticky bit does not help, since it lets others make what is not there yet. What has passed
 * stays so, since only root can change it.
 *
 * @param path an absolute path
 * @returns what stands against it, as "PATH belongs to user 501"; undefined when only root can change it
 * @throws {SystemError} when a state cannot be read
 */
export function objectionToRootOnly(path: string): string | undefined {
  let folder = "";
  let links = 0;
  let last = statusOf("/", "stay");
  let objection = objectionTo("/", last);
  const names = path.split("/");
  for (let name = names.shift(); name !== undefined && objection === undefined; name = names.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      folder = folder.slice(0, folder.lastIndexOf("/"));
      continue;
    }
    const next = `${folder}/${name}`;
    last = statusOf(next, "stay");
    objection = objectionTo(next, last);
    if (last?.kind !== "link") {
      folder = next;
      continue;
    }
    if (++links > MAX_LINKS) return `${next} is one link too many`;
    const target = readLink(next);
    if (target.startsWith("/")) folder = "";
    names.unshift(...target.split("/"));
  }
  return objection ?? (last?.kind === "file" ? undefined : `${path} is no regular file`);
}

function objectionTo(path: string, status: FileStatus | undefined): string | undefined {
  if (status === undefined) return `${path} is not there`;
  if (status.uid !== 0) return `${path} belongs to user ${status.uid}`;
  // A link has no permissions: it can only be replaced, which its folder decides.
  const isOpen = status.kind !== "link" && (status.mode & WRITABLE_BY_OTHERS) !== 0;
  return isOpen ? `${path} can be written by others than root` : undefined;
}

function readLink(path: string): string {
  const room = new Uint8Array(MAX_LINK_LENGTH);
  const length = fileCalls().readlink(cString(path), room, room.length);
  if (length < 0) throw new SystemError("readlink", readErrno(), path);
  return new TextDecoder().decode(room.subarray(0, length));
}
