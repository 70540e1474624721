import type { TxQueue } from "../../core/packet/tx_queue.ts";

/** Options of a new device. */
export interface TunRequest {
  /** The wanted interface name on Linux; macOS numbers its own (utunN) and takes N from "utunN" if given. */
  readonly name: string;
  /** Let the kernel produce and accept large packets where it can. */
  readonly offload: boolean;
}

/** An open device, as the main thread holds it. */
export interface TunDevice extends Disposable {
  readonly descriptor: number;
  /** The interface's real name. */
  readonly name: string;
  /** Large packets that the device accepts and produces. */
  readonly offload: TunOffload;
  /** Closes the device; the kernel then removes the interface with its addresses and routes. */
  close(): void;
}

/** Offload as the kernel granted it. */
export interface TunOffload {
  /** TCP segmentation for IPv4 and IPv6. */
  readonly tcp: boolean;
  /** UDP segmentation (USO) for IPv4 and IPv6. */
  readonly udp: boolean;
}

/** Results of {@linkcode TunPort.read} without packets: the device has none now. */
export const WOULD_BLOCK = 0;
/** The list or the read slots are full: send, {@linkcode TunPort.release}, go on. */
export const BATCH_FULL = -1;
/** The device is gone. */
export const DEVICE_ERROR = -2;

/** The packet side of a device, in the Worker. No method throws or allocates. */
export interface TunPort {
  readonly descriptor: number;
  /**
   * Reads once and appends the packets to `list`. Their memory is the port's until {@linkcode release}.
   *
   * @param whole leaves packets that the kernel has not cut as they are (`TxQueue.large`)
   * @param room bytes that there is room for, besides one packet of 65,535 bytes; more are not taken by one read
   * @returns how many packets were appended; {@linkcode WOULD_BLOCK}, {@linkcode BATCH_FULL} or {@linkcode
   *   DEVICE_ERROR}
   */
  read(list: TxQueue, whole?: boolean, room?: number): number;
  /** Gives the memory of the packets read so far back to the port. */
  release(): void;
  /** Queues one whole IP packet for the interface; its memory must stay untouched until {@linkcode flush}. */
  write(packet: number, length: number): void;
  /**
   * Writes one large packet, behind what is queued: the 8 octets at `large`, which hold of the packet, then the packet
   * (core/protocol/stream_frame.ts). Both may be changed, and must stay untouched until {@linkcode flush}.
   *
   * @param length bytes of all, the 8 octets included
   */
  writeLarge(large: number, length: number): void;
  /**
   * Packets of more than `longest` bytes do not go on behind the interface. From now on the kernel cuts those of TCP, where the
   * device has the offload for it; 65,535 at the start.
   */
  cutTcp(longest: number): void;
  /** Writes what {@linkcode write} has queued. */
  flush(): void;
  /** The errno of the last {@linkcode DEVICE_ERROR}. */
  readonly failure: number;
}

/** Failures in a row that are for no known reason, after which the device counts as gone. */
export const ODD_FAILURES = 64;

/**
 * Judges the failed reads of one device. The kernel takes a packet out of the queue before it finds that it cannot hand it over
 * (tun_put_user in drivers/net/tun.c answers EINVAL for one whose offload it cannot describe), so one failure says nothing about the
 * next read, and errno is a hint only: what is not known to be the end is tolerated for a while. No method throws or allocates.
 */
export class ReadFailures {
  #odd = 0;

  /**
   * @param nothing errno of a read when nothing is there, or nothing at present
   * @param fatal errno of a read when the device is gone
   */
  constructor(readonly nothing: readonly number[], readonly fatal: readonly number[]) {}

  /** Whether the number says that the device is fine; then the count begins again. */
  isNothing(number: number): boolean {
    if (!this.nothing.includes(number)) return false;
    this.#odd = 0;
    return true;
  }

  /** Whether no further read will do; counts the failure if that is not known of its number. */
  isFatal(number: number): boolean {
    return this.fatal.includes(number) || ++this.#odd >= ODD_FAILURES;
  }

  /** A read succeeded. */
  noteSuccess(): void {
    this.#odd = 0;
  }
}
