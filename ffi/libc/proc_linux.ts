/**
 * Files below /proc: kernel settings, lists, and the program's own memory. Deno lets only a program with all permissions read
 * them, so this goes through the C library.
 *
 * @module
 */
import { O_CLOEXEC } from "./constants_linux.ts";
import { cString, openLibc, pick, POSIX } from "./libc.ts";
import { LINUX } from "./libc_linux.ts";

// Opened once: some files are read each second, and each opening takes 15 kB, which only a late garbage collection gives back.
const { open, read, close } = openLibc(pick(POSIX, "open", "read", "close")).symbols;

/** The settings read here are numbers, the lists a few short names. */
const MAX_TEXT = 256;
/** A line of /proc/net/dev has 120 bytes, and a machine a few thousand interfaces at most. */
const MAX_INTERFACES_TEXT = 1 << 20;
/** A runtime of this size has about a thousand mappings of 750 bytes of text each. */
const MAX_MAPPINGS_TEXT = 4 << 20;
/** asm-generic/mman-common.h: the pages are unmapped; of an unchanged file they come back from the page cache when touched. */
const MADV_DONTNEED = 4;

/**
 * The text of a setting, trimmed.
 *
 * @param name its path below /proc/sys, such as "net/ipv4/ip_forward"
 * @returns undefined when it cannot be read
 */
export function readSysctl(name: string): string | undefined {
  return readProcFile(`/proc/sys/${name}`, MAX_TEXT)?.trim();
}

/**
 * The tables that iptables-legacy has in this process's network namespace, such as "nat filter"; empty when it has none.
 *
 * @param family 4 or 6
 */
export function readLegacyTables(family: 4 | 6): string {
  const text = readProcFile(`/proc/net/${family === 4 ? "ip" : "ip6"}_tables_names`, MAX_TEXT);
  return (text ?? "").split("\n").filter((name) => name !== "").join(" ");
}

/**
 * Whether the network namespace of process 1 has an interface of this name, as /proc/1/net/dev lists them (proc(5)): that
 * namespace is the one that the system's services serve. Where the list cannot be read, it has.
 */
export function isInMainNetwork(interfaceName: string): boolean {
  const text = readProcFile("/proc/1/net/dev", MAX_INTERFACES_TEXT);
  return text === undefined || text.split("\n").some((line) => line.trim().startsWith(`${interfaceName}:`));
}

/** The text of a file below /proc, up to some bytes more than `max`; undefined when it cannot be read. */
export function readProcFile(path: string, max: number): string | undefined {
  using stack = new DisposableStack();
  const descriptor = open(cString(path), O_CLOEXEC);
  if (descriptor < 0) return undefined;
  stack.defer(() => close(descriptor));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(Math.min(max, 65536));
  let text = "";
  for (let length = 1; length > 0 && text.length < max;) {
    length = read(descriptor, buffer, buffer.length);
    if (length < 0) return undefined;
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return text;
}

/**
 * Finds in the text of /proc/self/smaps (proc(5)) the mappings of the program's own file of which no page was changed:
 * those alone can be given back without loss. By address the program comes before the libraries.
 */
export function unchangedProgramMappings(smaps: string): Record<"start" | "length", bigint>[] {
  const heads = [...smaps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)$/gm)];
  const program = heads.map(([, , , , path]) => path).find((path) => path?.startsWith("/"));
  if (program === undefined) return [];
  return heads.flatMap((head, index) => {
    const [, start = "", end = "", rights = "", path] = head;
    const fields = smaps.slice(head.index, heads[index + 1]?.index);
    if (path !== program || rights[1] === "w" || !/^Anonymous: +0 kB$/m.test(fields)) return [];
    const from = BigInt(`0x${start}`);
    return [{ start: from, length: BigInt(`0x${end}`) - from }];
  });
}

/**
 * Gives memory back to the kernel: the unchanged pages of the program's file, where /proc can be read, and the free memory of
 * the C library. Start-up and compilation touch far more of the runtime's code than carrying packets ever does, and the kernel
 * keeps every page of it that was touched once mapped.
 */
export function trimResidentMemory(): void {
  using library = openLibc(pick(LINUX, "madvise", "malloc_trim"));
  const { madvise, malloc_trim } = library.symbols;
  malloc_trim?.(0n);
  const mappings = unchangedProgramMappings(readProcFile("/proc/self/smaps", MAX_MAPPINGS_TEXT) ?? "");
  for (const { start, length } of mappings) madvise(start, length, MADV_DONTNEED);
}
