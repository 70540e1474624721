/**
 * Which calls a process made of the double of libSystem: the file that DARWIN_DOUBLE_CALLS names (libsystem/errors.c).
 *
 * @module
 */

/** Where the double writes it. */
export const CALLS_VARIABLE = "DARWIN_DOUBLE_CALLS";
/** Which release of Darwin it plays, such as "24.6.0" for macOS 15.6. */
export const RELEASE_VARIABLE = "DARWIN_DOUBLE_RELEASE";

/** One of the calls. */
export interface CallRecord {
  readonly calls: number;
  /** Messages that it moved, all together and the most at once. */
  readonly messages: number;
  readonly largest: number;
}

/** `struct record`: call char[24], then three u64. */
const RECORD = 48;

/** Reads the calls by name; one that was never made is missing. */
export async function readCalls(path: string): Promise<Map<string, CallRecord>> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const records = new Map<string, CallRecord>();
  for (let at = 0; at + RECORD <= bytes.length && bytes[at] !== 0; at += RECORD) {
    const name = new TextDecoder().decode(bytes.subarray(at, at + 24)).replace(/\0.*$/s, "");
    const [calls, messages, largest] = [24, 32, 40].map((offset) =>
      Number(view.getBigUint64(at + offset, true))
    );
    records.set(name, { calls: calls ?? 0, messages: messages ?? 0, largest: largest ?? 0 });
  }
  return records;
}
