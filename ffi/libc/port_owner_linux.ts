import { cString, openLibc, pick, POSIX } from "./libc.ts";
import { readProcFile } from "./proc_linux.ts";

/** A process that holds a socket. */
export interface PortOwner {
  readonly pid: number;
  /** The name of its program, at most 15 bytes. */
  readonly name: string;
}

/** Bytes of the list of sockets that are read: some 20,000 sockets. */
const MAX_LIST = 4 << 20;
const MAX_NAME = 64;
/** `struct dirent` of glibc on LP64: d_name @19 (bits/dirent.h). */
const NAME_OFFSET = 19;
/** Looks no further than so many processes, and descriptors of each. */
const MAX_ENTRIES = 100_000;

/**
 * Finds a process that has a UDP socket bound to a port, in the network namespace that the calling thread is in: by the list of
 * sockets and the descriptors of all processes (proc(5)), of which only root sees those of others.
 */
export function udpPortOwner(port: number): PortOwner | undefined {
  const lists = ["udp", "udp6"].map((name) => readProcFile(`/proc/net/${name}`, MAX_LIST) ?? "");
  const links = new Set(lists.flatMap((list) => socketsOn(list, port)).map((inode) => `socket:[${inode}]`));
  if (links.size === 0) return undefined;
  using library = openLibc({
    ...pick(POSIX, "readlink"),
    // DIR *opendir(const char *name);
    opendir: { parameters: ["buffer"], result: "pointer" },
    // struct dirent *readdir(DIR *folder);
    readdir: { parameters: ["pointer"], result: "pointer" },
    // int closedir(DIR *folder);
    closedir: { parameters: ["pointer"], result: "i32" },
  });
  const { readlink, opendir, readdir, closedir } = library.symbols;
  const namesIn = (path: string): string[] => {
    const folder = opendir(cString(path));
    if (folder === null) return [];
    const names: string[] = [];
    for (let entry = readdir(folder); entry !== null && names.length < MAX_ENTRIES; entry = readdir(folder)) {
      names.push(new Deno.UnsafePointerView(entry).getCString(NAME_OFFSET));
    }
    closedir(folder);
    return names.filter((name) => /^\d+$/.test(name));
  };
  const room = new Uint8Array(MAX_NAME);
  const linkOf = (path: string) => {
    const length = readlink(cString(path), room, room.length);
    return length <= 0 ? "" : new TextDecoder().decode(room.subarray(0, length));
  };
  for (const pid of namesIn("/proc")) {
    if (!namesIn(`/proc/${pid}/fd`).some((fd) => links.has(linkOf(`/proc/${pid}/fd/${fd}`)))) continue;
    const name = readProcFile(`/proc/${pid}/comm`, MAX_NAME)?.trim() ?? "unknown";
    return { pid: Number(pid), name };
  }
  return undefined;
}

/**
 * The inodes of the sockets in the text of /proc/net/udp that are bound to a port. Ports are hexadecimal there.
 *
 * @internal
 */
export function socketsOn(list: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return list.split("\n").slice(1).flatMap((line) => {
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
    const [, local, , , , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(suffix) === true && inode !== undefined ? [inode] : [];
  });
}
