/**
 * Gives the memory of the program's own file back: start-up and compilation touch far more of the runtime's code than
 * carrying packets ever does, and the kernel keeps every page of it that was touched once mapped.
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
  // int madvise(void *address, size_t length, int advice);
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
  // int malloc_trim(size_t padding);  of glibc alone
  malloc_trim: { parameters: ["u64"], result: "i32", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** O_RDONLY | O_CLOEXEC (asm-generic/fcntl.h). */
const OPEN_FLAGS = 0x80000;
/** asm-generic/mman-common.h: the pages are unmapped; of an unchanged file they come back from the page cache when touched. */
const MADV_DONTNEED = 4;
/** A runtime of this size has about a thousand mappings of 750 octets of text each. */
const MAX_LIST = 4 << 20;

/** Part of the address space. */
export interface Mapping {
  readonly start: bigint;
  readonly length: bigint;
}

/**
 * Finds in the text of /proc/self/smaps (proc(5)) the mappings of the program's own file of which no page was changed:
 * those alone can be given back without loss. By address the program comes before the libraries.
 */
export function unchangedProgramMappings(smaps: string): Mapping[] {
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

/** Gives back what can be, of the program's file and of the C library's free memory; nothing of the former where /proc is absent. */
export function trimResidentMemory(): void {
  const library = Deno.dlopen(libcPath, symbols);
  try {
    const { open, read, close, madvise, malloc_trim } = library.symbols;
    malloc_trim?.(0n);
    const descriptor = open(new TextEncoder().encode("/proc/self/smaps\0"), OPEN_FLAGS);
    if (descriptor < 0) return;
    const decoder = new TextDecoder();
    const room = new Uint8Array(65536);
    let text = "";
    for (let length = 1; length > 0 && text.length < MAX_LIST;) {
      length = read(descriptor, room, room.length);
      if (length > 0) text += decoder.decode(room.subarray(0, length), { stream: true });
    }
    close(descriptor);
    for (const { start, length } of unchangedProgramMappings(text)) madvise(start, length, MADV_DONTNEED);
  } finally {
    library.close();
  }
}
