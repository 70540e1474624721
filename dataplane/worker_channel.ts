/**
 * Messages between the main thread and the data plane's Worker.
 *
 * @module
 */
import { COUNTER_BYTES } from "../core/counters.ts";
import type { TunOffload } from "../ffi/tun/tun.ts";
import type { UdpAttachment } from "../ffi/udp/udp_socket.ts";
import type { Attach, SessionCommand, SessionEvent } from "./sessions/session_channel.ts";

/** The program whose datagrams the Worker classifies; an accessor has sessions only. */
export type Role = "server" | "client" | "accessor";

/** The Worker's first message: descriptors that the main thread opened. */
export interface WorkerInit {
  readonly role: Role;
  readonly tun: { readonly descriptor: number; readonly offload: TunOffload };
  /** The socket between server and client; an accessor has none. */
  readonly udp: UdpAttachment | undefined;
  readonly wakeDescriptor: number;
  readonly shared: SharedArrayBuffer;
  /** Where later commands come (command_ring.ts). */
  readonly commands: SharedArrayBuffer;
}

/** Later messages to the Worker, through the ring of commands. */
export type WorkerCommand =
  /** Sets the endpoint of this index to a socket address, or removes it. */
  | { readonly kind: "endpoint"; readonly index: number; readonly socketAddress: Uint8Array | undefined }
  /** Carries IPv6 packets, or drops them. */
  | { readonly kind: "ipv6"; readonly isOn: boolean }
  | { readonly kind: "sessions"; readonly command: Exclude<SessionCommand, Attach> }
  /** An {@linkcode Attach} comes as a message: shared memory passes through no ring. */
  | { readonly kind: "attach" }
  | { readonly kind: "stop" };

/** Messages from the Worker. */
export type WorkerEvent =
  | { readonly kind: "ready" }
  /** A datagram that is no packet, with its sender's socket address. */
  | {
    readonly kind: "message";
    readonly source: Uint8Array;
    readonly fromPeer: boolean;
    readonly bytes: Uint8Array;
  }
  /** The kernel lacks a part of the offload: the new bits of `UdpPort.unsupported`. */
  | { readonly kind: "unsupported"; readonly unsupported: number }
  | { readonly kind: "sessions"; readonly event: SessionEvent }
  /** A descriptor died; the Worker has stopped. */
  | { readonly kind: "failed"; readonly call: string; readonly errno: number }
  | { readonly kind: "stopped" };

/** Index of the one endpoint that packets from the interface go to. */
export const PEER = 0;

/** Messages that may wait for the main thread; more are dropped and counted. */
export const BACKLOG = 64;

/** 32-bit words after the counters; each side counts what it did, so neither waits for a lost wake. */
const WORDS = 2;

/** The shared memory: counters, then the counts of messages. */
export class SharedState {
  readonly counters: Float64Array;
  readonly #words: Int32Array;

  /** @param buffer made by {@linkcode SharedState.allocate}, or by the other thread */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.counters = new Float64Array(buffer, 0, COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(buffer, COUNTER_BYTES, WORDS);
  }

  static allocate(): SharedState {
    return new SharedState(new SharedArrayBuffer(COUNTER_BYTES + WORDS * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Worker: reserves a place for one more message; false when the main thread is too far behind. */
  noteMessage(): boolean {
    // The counts wrap at 2^31; their difference does too.
    if ((Atomics.load(this.#words, 0) - Atomics.load(this.#words, 1) | 0) >= BACKLOG) return false;
    Atomics.add(this.#words, 0, 1);
    return true;
  }

  /** Main thread: one more message was taken. */
  noteMessageTaken(): void {
    Atomics.add(this.#words, 1, 1);
  }
}
