/**
 * One block of memory that the packet path and the kernel share: packets, iovecs and message headers all live at
 * fixed byte offsets of one buffer that is laid out once. System calls get addresses (`arena.address + offset`),
 * TypeScript reads and writes the same bytes through typed arrays, and nothing is allocated per packet.
 *
 * Hosts are little-endian (x86_64 and arm64, the only ones Deno is built for), so the 16- and 32-bit views are in the
 * kernel's own order.
 *
 * @module
 */

/** Size of one `struct iovec` in bytes: base address u64 @0, length u64 @8 (same on Linux and Darwin, LP64). */
export const IOVEC_SIZE = 16;

/** A block of memory with a known address, handed out front to back. */
export class Arena {
  /** The block as bytes and as words in host order. */
  readonly u8: Uint8Array;
  /** Index = byte offset / 2. */
  readonly u16: Uint16Array;
  /** Index = byte offset / 4. */
  readonly i32: Int32Array;
  /** Index = byte offset / 4. */
  readonly u32: Uint32Array;
  /** For words at any offset: received datagrams begin where the kernel put them. */
  readonly view: DataView;
  readonly #addressLow: number;
  readonly #addressHigh: number;
  #used = 0;
  /** Bytes from here on were never handed out, so they are zero. */
  #untouched = 0;

  /**
   * Lays views over the memory.
   *
   * @param buffer the memory; never detached or resized while the arena lives
   * @param address the address of its first byte, as a number (user-space addresses stay below 2^47)
   */
  constructor(readonly buffer: ArrayBuffer, readonly address: number) {
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    this.#addressLow = address % 0x1_0000_0000;
    this.#addressHigh = Math.floor(address / 0x1_0000_0000);
  }

  /**
   * Reserves `size` bytes, zeroed.
   *
   * @returns the byte offset of the first, a multiple of `alignment`
   * @throws {RangeError} when the arena is exhausted: its size is a constant of the program, so this is a bug
   */
  allocate(size: number, alignment = 8): number {
    const offset = Math.ceil(this.#used / alignment) * alignment;
    if (offset + size > this.buffer.byteLength) {
      throw new RangeError(`Cannot reserve ${size} bytes: the arena holds ${this.buffer.byteLength}`);
    }
    if (offset < this.#untouched) this.u8.fill(0, offset, Math.min(offset + size, this.#untouched));
    this.#used = offset + size;
    this.#untouched = Math.max(this.#untouched, this.#used);
    return offset;
  }

  /** Bytes handed out, for {@linkcode Arena.release}. */
  get used(): number {
    return this.#used;
  }

  /** Frees everything that was handed out since `used` had this value. */
  release(used: number): void {
    this.#used = used;
  }

  /** Writes the 64-bit address of byte `target` at byte offset `at` (a multiple of 4). */
  writeAddress(at: number, target: number): void {
    const low = this.#addressLow + target;
    this.u32[at >>> 2] = low;
    this.u32[(at >>> 2) + 1] = this.#addressHigh + (low >= 0x1_0000_0000 ? 1 : 0);
  }

  /** The byte offset that {@linkcode Arena.writeAddress} wrote at `at`; the upper half of the address is taken as read. */
  readAddress(at: number): number {
    return (this.u32[at >>> 2] - this.#addressLow) >>> 0;
  }

  /** Writes a `struct iovec` at byte offset `at` (a multiple of 4) that names `length` bytes at offset `target`. */
  writeIovec(at: number, target: number, length: number): void {
    this.writeAddress(at, target);
    this.u32[(at >>> 2) + 2] = length;
    this.u32[(at >>> 2) + 3] = 0;
  }
}
