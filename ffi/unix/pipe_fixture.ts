/** Pipes and pairs of sockets for tests, and what a descriptor of this process is. Linux only. */
import { prepareErrno, throwOnError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { O_CLOEXEC } from "../libc/constants_linux.ts";

const symbols = {
  // int pipe2(int ends[2], int flags);
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // int socketpair(int domain, int type, int protocol, int ends[2]);
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  ...pick(POSIX, "read", "write", "close", "open"),
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof symbols>["symbols"] | undefined;

/** The C library's functions, opened once for the thread's life. */
export function calls() {
  prepareErrno();
  return opened ??= openLibc(symbols).symbols;
}

/** Two connected descriptors of this process. */
export class Ends implements Disposable {
  readonly #isOpen: Set<number>;

  constructor(readonly read: number, readonly write: number) {
    this.#isOpen = new Set([read, write]);
  }

  /** A pipe. */
  static pipe(): Ends {
    const ends = new Int32Array(2);
    throwOnError("pipe2", calls().pipe2(ends, O_CLOEXEC));
    return new Ends(ends[0], ends[1]);
  }

  /** Two unix sockets; the ends are alike. */
  static sockets(type: number): Ends {
    const ends = new Int32Array(2);
    throwOnError("socketpair", calls().socketpair(1, type | O_CLOEXEC, 0, ends));
    return new Ends(ends[0], ends[1]);
  }

  /** Closes one end. */
  close(end: "read" | "write"): void {
    if (this.#isOpen.delete(this[end])) calls().close(this[end]);
  }

  [Symbol.dispose](): void {
    this.close("read");
    this.close("write");
  }
}

/** Writes a text at once. */
export function writeText(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  throwOnError("write", calls().write(descriptor, bytes, bytes.length));
}

/** Reads what is there; empty at the end. */
export function readText(descriptor: number): string {
  const room = new Uint8Array(4096);
  const length = throwOnError("read", calls().read(descriptor, room, room.length));
  return new TextDecoder().decode(room.subarray(0, length));
}

/** What the open files of this process are, by number, such as `pipe:[4711]`. */
export function openFiles(): Map<number, string> {
  const found = new Map<number, string>();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      found.set(Number(name), Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return found;
}

/** How many descriptors this process has of the same pipe or socket as this one. */
export function countOf(descriptor: number): number {
  const files = openFiles();
  return [...files.values()].filter((file) => file === files.get(descriptor)).length;
}

/** The flags of an open file, as `open` takes them (proc(5), fdinfo). */
export function flagsOf(descriptor: number): number {
  const [, flags = ""] =
    /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${descriptor}`)) ?? [];
  return parseInt(flags, 8);
}

/** Test options for what Linux alone has. */
export const onLinux: { readonly ignore: boolean } = { ignore: Deno.build.os !== "linux" };
