/**
 * Commands on their way from the main thread to the data plane's Worker, as bytes in shared memory: the packet loop takes them
 * without a turn of its event loop, which costs some milliseconds when it goes by a timer.
 *
 * ```
 * record   u32 bytes that follow | u32 bytes of the text | text: JSON | bytes of the arrays, one behind the other
 * text     [the command without its arrays, for each array how to find its field, and its length]
 * ```
 *
 * Numbers are little-endian, as hosts are. What was taken is overwritten with zeros, since some of it is keys.
 *
 * @module
 */
import { readUint32 } from "../core/wireguard/message.ts";
import type { WorkerCommand } from "./worker_channel.ts";

/** Bytes in the ring, a power of two: four of the longest texts. Pages that nothing was written to cost nothing. */
export const RING_CAPACITY = 256 * 1024;
/** Before the ring: how many bytes were written and read so far, each modulo 2^32. */
const WRITTEN = 0;
const READ = 1;
const HEADER = 8;
/** Bytes of the length of a record, and of the length of its text. */
const LENGTH = 4;
/** Bytes of the records that need no memory of their own: all but long texts and many routes. */
const SMALL_RECORD = 4096;
/** Milliseconds until a full ring is looked at again. */
const PAUSE = 1;

/** Makes an empty ring. */
export function allocateCommandRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + RING_CAPACITY);
}

/** The main thread's side. */
export class CommandWriter implements Disposable {
  readonly #words: Int32Array;
  readonly #ring: Uint8Array;
  /** Records that are not wholly in the ring; of the first one, so many bytes are. */
  readonly #waiting: Uint8Array[] = [];
  #done = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param ring made by {@linkcode allocateCommandRing}
   * @param wake makes the other side look into the ring
   */
  constructor(ring: SharedArrayBuffer, readonly wake: () => void) {
    this.#words = new Int32Array(ring, 0, HEADER / 4);
    this.#ring = new Uint8Array(ring, HEADER);
  }

  /** Sends a command. All that it holds is copied. */
  push(command: WorkerCommand): void {
    this.#waiting.push(encode(command));
    if (this.#timer === undefined) this.#proceed();
  }

  /** Sends nothing more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const record of this.#waiting.splice(0)) record.fill(0);
  }

  #proceed(): void {
    this.#timer = undefined;
    for (;;) {
      const record = this.#waiting[0];
      if (record === undefined) break;
      this.#done += this.#write(record, this.#done);
      if (this.#done < record.length) break;
      record.fill(0);
      this.#waiting.shift();
      this.#done = 0;
    }
    this.wake();
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#proceed(), PAUSE);
  }

  /** Writes what there is room for of a record's bytes from `from` on; returns how many that were. */
  #write(record: Uint8Array, from: number): number {
    const written = Atomics.load(this.#words, WRITTEN);
    const used = written - Atomics.load(this.#words, READ) | 0;
    const count = Math.min(record.length - from, RING_CAPACITY - used);
    const at = written & RING_CAPACITY - 1;
    const first = Math.min(count, RING_CAPACITY - at);
    this.#ring.set(record.subarray(from, from + first), at);
    this.#ring.set(record.subarray(from + first, from + count), 0);
    Atomics.add(this.#words, WRITTEN, count);
    return count;
  }
}

/** The Worker's side. */
export class CommandReader {
  readonly #words: Int32Array;
  readonly #ring: Uint8Array;
  // Commands are rare, so their code runs cold: what can be made once is.
  readonly #length = new Uint8Array(LENGTH);
  readonly #small = new Uint8Array(SMALL_RECORD);
  readonly #decoder = new TextDecoder();
  /** What there is of a record that is not wholly read. */
  #record: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param ring made by {@linkcode allocateCommandRing}, on the other thread */
  constructor(ring: SharedArrayBuffer) {
    this.#words = new Int32Array(ring, 0, HEADER / 4);
    this.#ring = new Uint8Array(ring, HEADER);
  }

  /** The next command; undefined when there is no whole one. Its 8-bit arrays are good until the next call. */
  next(): WorkerCommand | undefined {
    let record = this.#record;
    if (record === undefined) {
      if (this.#available < LENGTH) return undefined;
      this.#read(this.#length, 0);
      const length = readUint32(this.#length, 0);
      record = this.#record = length <= SMALL_RECORD
        ? this.#small.subarray(0, length)
        : new Uint8Array(length);
      this.#filled = 0;
    }
    this.#filled += this.#read(record, this.#filled);
    if (this.#filled < record.length) return undefined;
    this.#record = undefined;
    return decode(record, this.#decoder);
  }

  get #available(): number {
    return Atomics.load(this.#words, WRITTEN) - Atomics.load(this.#words, READ) | 0;
  }

  /** Fills `into` from byte `from` on with what there is; returns how many bytes that were. */
  #read(into: Uint8Array, from: number): number {
    const count = Math.min(into.length - from, this.#available);
    const at = Atomics.load(this.#words, READ) & RING_CAPACITY - 1;
    const first = Math.min(count, RING_CAPACITY - at);
    into.set(this.#ring.subarray(at, at + first), from);
    into.set(this.#ring.subarray(0, count - first), from + first);
    this.#ring.fill(0, at, at + first);
    this.#ring.fill(0, 0, count - first);
    Atomics.add(this.#words, READ, count);
    return count;
  }
}

/** An array of a command. */
interface ArrayPlace {
  /** The names of the fields that lead to it. */
  readonly path: readonly string[];
  /** Bits of a number. */
  readonly bits: 8 | 32;
  readonly bytes: number;
}

function encode(command: WorkerCommand): Uint8Array {
  const places: ArrayPlace[] = [];
  const arrays: Uint8Array[] = [];
  const withoutArrays = (value: unknown, path: readonly string[]): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (value instanceof Uint8Array || value instanceof Uint32Array) {
      arrays.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      places.push({ path, bits: value instanceof Uint8Array ? 8 : 32, bytes: value.byteLength });
      return undefined;
    }
    const fields = Object.entries(value).map((
      [name, field],
    ) => [name, withoutArrays(field, [...path, name])]);
    return Object.fromEntries(fields);
  };
  const rest = withoutArrays(command, []);
  const text = new TextEncoder().encode(JSON.stringify([rest, places]));
  const size = arrays.reduce((total, { length }) => total + length, 0);
  const record = new Uint8Array(2 * LENGTH + text.length + size);
  const view = new DataView(record.buffer);
  view.setUint32(0, record.length - LENGTH, true);
  view.setUint32(LENGTH, text.length, true);
  record.set(text, 2 * LENGTH);
  let at = 2 * LENGTH + text.length;
  for (const array of arrays) {
    record.set(array, at);
    at += array.length;
  }
  return record;
}

/** @param record without its own length; 8-bit arrays of the command lie in it, so clearing them leaves nothing of them */
function decode(record: Uint8Array<ArrayBuffer>, decoder: TextDecoder): WorkerCommand {
  let at = LENGTH + readUint32(record, 0);
  const text = decoder.decode(record.subarray(LENGTH, at));
  const [command, places] = JSON.parse(text) as [WorkerCommand, ArrayPlace[]];
  for (const { path, bits, bytes } of places) {
    // deno-lint-ignore no-explicit-any
    let owner: any = command;
    for (const name of path.slice(0, -1)) owner = owner[name];
    const array = record.subarray(at, at + bytes);
    owner[path[path.length - 1] as string] = bits === 8 ? array : new Uint32Array(array.slice().buffer);
    at += bytes;
  }
  return command;
}
