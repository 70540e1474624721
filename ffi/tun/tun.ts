/**
 * The TUN device: `openTun` on the main thread makes it, `attachTun` in the data plane's Worker moves packets.
 *
 * @module
 */
import type { CounterTable } from "../../core/counters.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { platform } from "../platform.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";

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
   * @returns how many packets were appended; {@linkcode WOULD_BLOCK}, {@linkcode BATCH_FULL} or {@linkcode
   *   DEVICE_ERROR}
   */
  read(list: TxQueue): number;
  /** Gives the memory of the packets read so far back to the port. */
  release(): void;
  /** Queues one whole IP packet for the interface; its memory must stay untouched until {@linkcode flush}. */
  write(packet: number, length: number): void;
  /** Writes what {@linkcode write} has queued. */
  flush(): void;
  /** The errno of the last {@linkcode DEVICE_ERROR}. */
  readonly failure: number;
}

/** Opens a device of the running system. */
export async function openTun(request: TunRequest): Promise<TunDevice> {
  if (platform.os === "darwin") return (await import("./tun_darwin.ts")).openDarwinTun(request);
  return (await import("./tun_linux.ts")).openLinuxTun(request);
}

/** Attaches an open device to the packet loop of this thread. */
export async function attachTun(
  memory: PacketMemory,
  descriptor: number,
  offload: TunOffload,
  counters: CounterTable,
): Promise<TunPort> {
  if (platform.os === "darwin") {
    return new (await import("./tun_port_darwin.ts")).DarwinTunPort(memory, descriptor, counters);
  }
  return new (await import("./tun_linux.ts")).LinuxTunPort(memory, descriptor, offload, counters);
}
