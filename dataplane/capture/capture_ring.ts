/**
 * Captured packets on their way from the packet loop to the main thread, in shared memory.
 *
 * ```
 * memory   6 words: bytes written, bytes read (each modulo 2^32), snap length, packets, dropped, unused | the ring
 * record   u32 its bytes, a multiple of 8 | u32 captured bytes | u32 bytes of the packet | u32 1: outbound
 *          f64 milliseconds since 1970 | the captured bytes
 * ```
 *
 * Numbers are little-endian, as hosts are. A record is in one piece: where it does not fit before the end of the ring, a word of
 * zeros says that the ring goes on at its beginning. A packet that finds no room is dropped from the capture and counted; the
 * tunnel does not wait.
 *
 * @module
 */

/** Bytes in the ring, a power of two: 10 ms at 800 MB/s. Pages that nothing was written to cost nothing. */
export const RING_CAPACITY = 8 << 20;
/** Bytes before the ring. */
const HEADER = 24;
const WRITTEN = 0;
const READ = 1;
const SNAP_LENGTH = 2;
const PACKETS = 3;
const DROPPED = 4;
/** Bytes of a record before the packet. */
const RECORD_HEADER = 24;
/** Milliseconds by which the two clocks may differ before they are compared again: the wall clock was set, or the machine slept. */
const MAX_DRIFT = 100;

export function allocateCaptureRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + RING_CAPACITY);
}

/** A captured packet. */
export interface CapturedPacket {
  /** Its first bytes; good until the call that they were given to returns. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole packet. */
  readonly length: number;
  readonly outbound: boolean;
  /** Milliseconds since 1970, with a fraction. */
  readonly time: number;
}

class Ring {
  protected readonly words: Int32Array;
  protected readonly bytes: Uint8Array;
  protected readonly view: DataView;

  /** @param memory made by {@linkcode allocateCaptureRing} */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, HEADER / 4);
    this.bytes = new Uint8Array(memory, HEADER);
    this.view = new DataView(memory, HEADER);
  }

  protected get used(): number {
    return Atomics.load(this.words, WRITTEN) - Atomics.load(this.words, READ) | 0;
  }
}

/** The packet loop's side. It runs only while packets are captured, and allocates a view for each. */
export class CaptureWriter extends Ring {
  #clockOffset = 0;

  /**
   * Writes a packet of two pieces of memory, of which the second may be empty.
   *
   * @param source holds both pieces
   */
  write(
    source: Uint8Array,
    outbound: boolean,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
  ): void {
    const { words, bytes, view } = this;
    const length = firstLength + secondLength;
    const captured = Math.min(length, Atomics.load(words, SNAP_LENGTH));
    const size = RECORD_HEADER + captured + 7 & ~7;
    let at = Atomics.load(words, WRITTEN) & RING_CAPACITY - 1;
    const rest = RING_CAPACITY - at;
    const skipped = size > rest ? rest : 0;
    Atomics.add(words, PACKETS, 1);
    if (this.used + skipped + size > RING_CAPACITY) {
      Atomics.add(words, DROPPED, 1);
      return;
    }
    if (skipped > 0) {
      view.setUint32(at, 0, true);
      at = 0;
    }
    view.setUint32(at, size, true);
    view.setUint32(at + 4, captured, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, outbound ? 1 : 0, true);
    view.setFloat64(at + 16, this.#now(), true);
    const head = Math.min(firstLength, captured);
    bytes.set(source.subarray(first, first + head), at + RECORD_HEADER);
    if (captured > head) {
      bytes.set(source.subarray(second, second + captured - head), at + RECORD_HEADER + head);
    }
    Atomics.add(words, WRITTEN, skipped + size);
  }

  #now(): number {
    const now = performance.now();
    const wall = Date.now();
    if (Math.abs(wall - now - this.#clockOffset) > MAX_DRIFT) this.#clockOffset = wall - now;
    return this.#clockOffset + now;
  }
}

/** The main thread's side. */
export class CaptureReader extends Ring {
  /** Bytes that are kept of each packet. */
  setSnapLength(bytes: number): void {
    Atomics.store(this.words, SNAP_LENGTH, bytes);
  }

  /** Packets that found no room, modulo 2^32, since the memory was made. */
  get dropped(): number {
    return Atomics.load(this.words, DROPPED) >>> 0;
  }

  /** Hands over each packet that is there now. */
  read(take: (packet: CapturedPacket) => void): void {
    const { words, bytes, view } = this;
    // What comes meanwhile is for the next call, so that it ends.
    for (let left = this.used; left > 0;) {
      const at = Atomics.load(words, READ) & RING_CAPACITY - 1;
      const size = view.getUint32(at, true);
      const step = size === 0 ? RING_CAPACITY - at : size;
      if (size > 0) {
        const start = at + RECORD_HEADER;
        take({
          bytes: bytes.subarray(start, start + view.getUint32(at + 4, true)),
          length: view.getUint32(at + 8, true),
          outbound: view.getUint32(at + 12, true) === 1,
          time: view.getFloat64(at + 16, true),
        });
      }
      Atomics.add(words, READ, step);
      left -= step;
    }
  }
}
