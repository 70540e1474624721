/**
 * Kernel settings and lists of Linux. Deno lets nothing but an all-powerful program read /proc, so this goes through the C library.
 *
 * @module
 */
import { libcPath } from "./libc_path.ts";

const symbols = {
  // int open(const char *path, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *data, size_t length);
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** O_RDONLY | O_CLOEXEC (asm-generic/fcntl.h). */
const OPEN_FLAGS = 0x80000;
/** The settings read here are numbers, the lists a few short names. */
const MAX_TEXT = 256;

/**
 * The text of a setting, trimmed.
 *
 * @param name its path below /proc/sys, such as "net/ipv4/ip_forward"
 * @returns undefined when it cannot be read
 */
export function readSysctl(name: string): string | undefined {
  return readText(`/proc/sys/${name}`);
}

/**
 * The tables that iptables-legacy has in this process's network namespace, such as "nat filter"; empty when it has none.
 *
 * @param family 4 or 6
 */
export function readLegacyTables(family: 4 | 6): string {
  const text = readText(`/proc/net/${family === 4 ? "ip" : "ip6"}_tables_names`);
  return (text ?? "").split("\n").filter((name) => name !== "").join(" ");
}

function readText(path: string): string | undefined {
  const library = Deno.dlopen(libcPath, symbols);
  const { open, read, close } = library.symbols;
  try {
    const descriptor = open(new TextEncoder().encode(`${path}\0`), OPEN_FLAGS);
    if (descriptor < 0) return undefined;
    const room = new Uint8Array(MAX_TEXT);
    const length = read(descriptor, room, room.length);
    close(descriptor);
    return length < 0 ? undefined : new TextDecoder().decode(room.subarray(0, length)).trim();
  } finally {
    library.close();
  }
}
