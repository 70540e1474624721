/**
 * Commands on their way from the main thread to the data plane's Worker, as bytes in shared memory: the packet loop takes them
 * without a turn of its event loop, which costs some milliseconds when it goes by a timer.
 *
 * ```
 * record   u32 bytes that follow | u32 bytes of the text | text: JSON | bytes of the arrays, one behind the other
 * text     the command, with `{"bits": 8 or 32, "bytes": its length}` in the place of each array
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

export function allocateCommandRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + RING_CAPACITY);
}

/** What both sides have of a ring. */
class Ring {
  protected readonly words: Int32Array;
  protected readonly ring: Uint8Array;

  /** @param ring made by {@linkcode allocateCommandRing} */
  constructor(ring: SharedArrayBuffer) {
    this.words = new Int32Array(ring, 0, HEADER / 4);
    this.ring = new Uint8Array(ring, HEADER);
  }

  protected get used(): number {
    return Atomics.load(this.words, WRITTEN) - Atomics.load(this.words, READ) | 0;
  }
}

/** The main thread's side. */
export class CommandWriter extends Ring implements Disposable {
  /** Records that are not wholly in the ring; of the first one, so many bytes are. */
  readonly #waiting: Uint8Array[] = [];
  #done = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param wake makes the other side look into the ring */
  constructor(ring: SharedArrayBuffer, readonly wake: () => void) {
    super(ring);
  }

  /** Sends a command. All that it holds is copied. */
  push(command: WorkerCommand): void {
    this.#waiting.push(encode(command));
    if (this.#timer === undefined) this.#proceed();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const record of this.#waiting.splice(0)) record.fill(0);
  }

  #proceed(): void {
    this.#timer = undefined;
    for (let record = this.#waiting[0]; record !== undefined; record = this.#waiting[0]) {
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
    const count = Math.min(record.length - from, RING_CAPACITY - this.used);
    const at = Atomics.load(this.words, WRITTEN) & RING_CAPACITY - 1;
    const first = Math.min(count, RING_CAPACITY - at);
    this.ring.set(record.subarray(from, from + first), at);
    this.ring.set(record.subarray(from + first, from + count), 0);
    Atomics.add(this.words, WRITTEN, count);
    return count;
  }
}

/** The Worker's side. */
export class CommandReader extends Ring {
  // Commands are rare, so their code runs cold: what can be made once is.
  readonly #length = new Uint8Array(LENGTH);
  readonly #small = new Uint8Array(SMALL_RECORD);
  readonly #decoder = new TextDecoder();
  /** What there is of a record that is not wholly read. */
  #record: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** The next command; undefined when there is no whole one. Its 8-bit arrays are good until the next call. */
  next(): WorkerCommand | undefined {
    let record = this.#record;
    if (record === undefined) {
      if (this.used < LENGTH) return undefined;
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

  /** Fills `into` from byte `from` on with what there is; returns how many bytes that were. */
  #read(into: Uint8Array, from: number): number {
    const count = Math.min(into.length - from, this.used);
    const at = Atomics.load(this.words, READ) & RING_CAPACITY - 1;
    const first = Math.min(count, RING_CAPACITY - at);
    into.set(this.ring.subarray(at, at + first), from);
    into.set(this.ring.subarray(0, count - first), from + first);
    this.ring.fill(0, at, at + first);
    this.ring.fill(0, 0, count - first);
    Atomics.add(this.words, READ, count);
    return count;
  }
}

/** What stands in the text for an array of the command. */
interface ArrayMark {
  /** Bits of a number. */
  readonly bits: 8 | 32;
  readonly bytes: number;
}

function encode(command: WorkerCommand): Uint8Array {
  const arrays: Uint8Array[] = [];
  const json = JSON.stringify(command, function (this: Record<string, unknown>, name, value) {
    // JSON.stringify has already made text of a Buffer, so the value is taken from where it stands.
    const field = this[name];
    if (!(field instanceof Uint8Array || field instanceof Uint32Array)) return value;
    arrays.push(new Uint8Array(field.buffer, field.byteOffset, field.byteLength));
    return { bits: field instanceof Uint8Array ? 8 : 32, bytes: field.byteLength } satisfies ArrayMark;
  });
  const text = new TextEncoder().encode(json);
  const parts = [new Uint8Array(2 * LENGTH), text, ...arrays];
  const record = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    record.set(part, at);
    at += part.length;
  }
  const view = new DataView(record.buffer);
  view.setUint32(0, record.length - LENGTH, true);
  view.setUint32(LENGTH, text.length, true);
  return record;
}

/** @param record without its own length; 8-bit arrays of the command lie in it, so clearing them leaves nothing of them */
function decode(record: Uint8Array<ArrayBuffer>, decoder: TextDecoder): WorkerCommand {
  let at = LENGTH + readUint32(record, 0);
  // Values are revived in the order in which they stand in the text, as the arrays do.
  return JSON.parse(
    decoder.decode(record.subarray(LENGTH, at)),
    (_name, value: Partial<ArrayMark> | null) => {
      if (value?.bits === undefined || value.bytes === undefined) return value;
      const array = record.subarray(at, at += value.bytes);
      return value.bits === 8 ? array : new Uint32Array(array.slice().buffer);
    },
  );
}
