import { type Arena, IOVEC_SIZE } from "../memory/arena.ts";

/**
 * Bytes kept for a written header: IPv6 (40) or IPv4 with options (60) and TCP with options (60), rounded up. An IPv6 header
 * with long extension headers takes several such rooms.
 */
export const HEADER_CAPACITY = 128;
/** iovecs of one datagram: header and payload. */
export const IOVECS_PER_DATAGRAM = 2;

/**
 * Datagrams on their way out, as the kernel wants them: a bounded queue, filled by the TUN side and emptied by the UDP
 * side. It is an array of `struct iovec` in the arena, two for a datagram (header and payload), so that the segments of
 * one large TCP packet share their payload memory and only their headers are written again. Lengths and endpoints stand
 * beside it in typed arrays.
 */
export class TxQueue {
  /** Number of datagrams in the queue. */
  count = 0;
  /** Bytes of each datagram. */
  readonly lengths: Int32Array;
  /** Index of the endpoint that each datagram goes to; below 0: dropped by the one that read it. */
  readonly endpoints: Int32Array;
  /** 1 for a large packet, right behind the 8 octets that say how it is cut (core/protocol/stream_frame.ts); else 0. */
  readonly large: Uint8Array;
  /** Byte offset of each datagram's IP header in the arena. */
  readonly headers: Int32Array;
  /** Byte offset of the first iovec; datagram i has two from `iovecs + i * 32` on. */
  readonly iovecs: number;
  readonly #headers: number;
  /** Bytes of the header rooms that are taken. */
  #headersUsed = 0;

  /** Reserves iovecs and header room in the arena for `capacity` datagrams. */
  constructor(readonly arena: Arena, readonly capacity: number) {
    this.lengths = new Int32Array(capacity);
    this.endpoints = new Int32Array(capacity);
    this.large = new Uint8Array(capacity);
    this.headers = new Int32Array(capacity);
    this.iovecs = arena.allocate(capacity * IOVECS_PER_DATAGRAM * IOVEC_SIZE, 16);
    this.#headers = arena.allocate(capacity * HEADER_CAPACITY, 64);
  }

  /** Byte offset of the payload of datagram `index`, which its header does not hold. */
  payload(index: number): number {
    return this.arena.readAddress(this.#payloadIovec(index));
  }

  /** Bytes of it; 0 for a datagram in one piece. */
  payloadLength(index: number): number {
    return this.arena.u32[(this.#payloadIovec(index) >> 2) + 2];
  }

  #payloadIovec(index: number): number {
    return this.iovecs + (index * IOVECS_PER_DATAGRAM + 1) * IOVEC_SIZE;
  }

  /** Number of datagrams that still fit. */
  get free(): number {
    return this.capacity - this.count;
  }

  /** Byte offset of the room for the next datagram's written header, a multiple of 64. */
  get nextHeader(): number {
    return this.#headers + this.#headersUsed;
  }

  /** Whether there are places for `count` datagrams with written headers of `headerLength` bytes. */
  hasRoom(count: number, headerLength: number): boolean {
    return count <= this.free &&
      count * roomOf(headerLength) <= this.capacity * HEADER_CAPACITY - this.#headersUsed;
  }

  /** Whether they would fit into an empty queue. */
  canHold(count: number, headerLength: number): boolean {
    return count <= this.capacity && count * roomOf(headerLength) <= this.capacity * HEADER_CAPACITY;
  }

  /** Appends a datagram whose header was written at {@linkcode nextHeader} and whose payload stays where it is. */
  pushSegment(headerLength: number, payload: number, payloadLength: number): void {
    const header = this.nextHeader;
    this.#headersUsed += roomOf(headerLength);
    this.#push(header, headerLength, payload, payloadLength);
  }

  /** Appends a datagram that lies in one piece. */
  pushWhole(offset: number, length: number): void {
    this.#push(offset, length, offset, 0);
  }

  /** Appends a large packet, which is not cut. */
  pushLarge(offset: number, length: number): void {
    this.#push(offset, length, offset, 0);
    this.large[this.count - 1] = 1;
  }

  #push(header: number, headerLength: number, payload: number, payloadLength: number): void {
    const index = this.count++;
    const iovec = this.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
    this.arena.writeIovec(iovec, header, headerLength);
    this.arena.writeIovec(iovec + IOVEC_SIZE, payload, payloadLength);
    this.headers[index] = header;
    this.lengths[index] = headerLength + payloadLength;
    this.endpoints[index] = 0;
    this.large[index] = 0;
  }

  /** Empties the queue. */
  clear(): void {
    this.count = 0;
    this.#headersUsed = 0;
  }
}

/** Bytes of the rooms that a header takes: {@linkcode HEADER_CAPACITY} is a power of 2. */
function roomOf(headerLength: number): number {
  return (headerLength + HEADER_CAPACITY - 1) & -HEADER_CAPACITY;
}
