/**
 * Files below /proc: kernel settings and lists. Deno lets only a program with all permissions read them, so
 * this goes through the C library.
 *
 * @module
 */
import { O_CLOEXEC } from "./constants_linux.ts";
import { cString, openLibc, pick, POSIX } from "./libc.ts";

/** The settings read here are numbers, the lists a few short names. */
const MAX_TEXT = 256;

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

/** The text of a file below /proc, up to some bytes more than `max`; undefined when it cannot be read. */
export function readProcFile(path: string, max: number): string | undefined {
  using stack = new DisposableStack();
  const library = openLibc(pick(POSIX, "open", "read", "close"));
  stack.defer(() => library.close());
  const { open, read, close } = library.symbols;
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
