/**
 * Gives the memory of the program's own file back: start-up and compilation touch far more of the runtime's code than
 * carrying packets ever does, and the kernel keeps every page of it that was touched once mapped.
 *
 * @module
 */
import { openLibc, pick } from "./libc.ts";
import { LINUX } from "./libc_linux.ts";
import { readProcFile } from "./sysctl_linux.ts";

/** asm-generic/mman-common.h: the pages are unmapped; of an unchanged file they come back from the page cache when touched. */
const MADV_DONTNEED = 4;
/** A runtime of this size has about a thousand mappings of 750 bytes of text each. */
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

/**
 * Gives memory back to the kernel: the unchanged pages of the program's file, where /proc can be read, and
 * the free memory of the C library.
 */
export function trimResidentMemory(): void {
  const library = openLibc(pick(LINUX, "madvise", "malloc_trim"));
  try {
    const { madvise, malloc_trim } = library.symbols;
    malloc_trim?.(0n);
    const mappings = unchangedProgramMappings(readProcFile("/proc/self/smaps", MAX_LIST) ?? "");
    for (const { start, length } of mappings) madvise(start, length, MADV_DONTNEED);
  } finally {
    library.close();
  }
}
