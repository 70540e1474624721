/**
 * Messages between the main thread and the data plane's Worker.
 *
 * @module
 */
import { COUNTER_BYTES, type CounterTable } from "../core/counters.ts";
import type { TunOffload } from "../ffi/tun/tun.ts";
import type { TransportKeys } from "../core/wireguard/handshake.ts";
import type { CipherChoice } from "../ffi/aead/load_cipher.ts";
import type { CipherBackend } from "../ffi/aead/packet_cipher.ts";
import type { UdpAttachment } from "../ffi/udp/udp_socket.ts";
import { BACKLOG_BYTES, MessageBacklog } from "./message_budget.ts";
import type { CarriedPath } from "./path/path.ts";

/** The program whose datagrams the Worker classifies; an accessor has sessions only. */
export type Role = "server" | "client" | "accessor";

/** The Worker's only message: descriptors that the main thread opened, and the memory that both share. */
export interface WorkerInit {
  readonly role: Role;
  readonly tun: { readonly descriptor: number; readonly offload: TunOffload };
  /** The socket between server and client; an accessor has none. */
  readonly udp: UdpAttachment | undefined;
  readonly wakeDescriptor: number;
  readonly shared: SharedArrayBuffer;
  /** For the sessions of an exposed socket (sessions/session_memory.ts). */
  readonly sessions: SharedArrayBuffer;
  /** For captured packets (capture/capture_ring.ts). */
  readonly capture: SharedArrayBuffer;
  /** Where later commands come (command_ring.ts). */
  readonly commands: SharedArrayBuffer;
}

/** The two ends of a stream that the main thread opened and will close; both are non-blocking. */
export interface StreamAttachment {
  /** Tells it from those before, which may have had the same descriptors. */
  readonly id: number;
  readonly input: number;
  /** The same as `input` for a socket. */
  readonly output: number;
  /** Whether the Engine's own framing is around what comes. */
  readonly isFramed: boolean;
}

/** Packets from the interface that are longer than the datagrams of a path may be are answered by ICMP. */
export interface TooLongReports {
  /** Bytes of the longest. */
  readonly mtu: number;
  /** The addresses that the reports come from: 4 bytes, and 16 where there is IPv6. */
  readonly source4: Uint8Array;
  readonly source6: Uint8Array | undefined;
}

/** What a client knows of a server whose interface takes long packets and cuts none, all in bytes. */
export interface LargePeer {
  /** The longest packet of the server's interface. */
  readonly length: number;
  /** The longest packet of the interfaces behind the client's. */
  readonly behind: number;
  /** The longest packet that the kernel hands to the client's interface. */
  readonly own: number;
  /** Whether the client's interface cuts TCP packets, so that a peer may be asked for longer ones. */
  readonly mayRaise: boolean;
}

/** Later messages to the Worker, through the ring of commands. */
export type WorkerCommand =
  /** Sets the peer's endpoint to a socket address, or removes it. */
  | { readonly kind: "endpoint"; readonly socketAddress: Uint8Array | undefined }
  /** A client takes packets from its server by UDP and sends packets there, or not. */
  | { readonly kind: "admit-server"; readonly isOn: boolean }
  | { readonly kind: "ipv6"; readonly isOn: boolean }
  /** Takes another stream for the engine path, or lets go of it: answered by "stream-released". */
  | { readonly kind: "stream"; readonly stream: StreamAttachment | undefined }
  /** The other end of the stream has proven itself. */
  | { readonly kind: "bind-stream" }
  /** Sends the datagram of a message over the stream. */
  | { readonly kind: "stream-message"; readonly bytes: Uint8Array }
  /** Sends packets by this path from now on. */
  | { readonly kind: "use-path"; readonly path: CarriedPath }
  | { readonly kind: "probe"; readonly path: CarriedPath }
  | { readonly kind: "answer-too-long"; readonly reports: TooLongReports }
  | { readonly kind: "large-peer"; readonly peer: LargePeer | undefined }
  /** Asks for one "traffic", as soon as the paths together have sent more packets than this. */
  | { readonly kind: "tell-of-traffic"; readonly sent: number }
  | { readonly kind: "sessions"; readonly command: SessionCommand }
  | CaptureCommand
  | { readonly kind: "stop" };

/** Captures packets, or stops that. */
export interface CaptureCommand {
  readonly kind: "capture";
  readonly isOn: boolean;
}

/** Messages from the Worker. */
export type WorkerEvent =
  | { readonly kind: "ready" }
  /** A datagram that is no packet, with its sender's socket address; that is empty for the stream. */
  | {
    readonly kind: "message";
    readonly path: CarriedPath;
    readonly source: Uint8Array;
    readonly fromPeer: boolean;
    readonly bytes: Uint8Array;
  }
  /** The kernel lacks a part of the offload: the new bits of `UdpPort.unsupported`. */
  | { readonly kind: "unsupported"; readonly unsupported: number }
  | { readonly kind: "sessions"; readonly event: SessionEvent }
  /** The stream is of no use any more; the Worker has let go of its descriptors. */
  | { readonly kind: "stream-ended"; readonly id: number; readonly reason: string }
  /** The Worker has let go of the descriptors of the stream, as it was told. */
  | { readonly kind: "stream-released" }
  /** A probe was answered. */
  | { readonly kind: "round-trip"; readonly path: CarriedPath; readonly milliseconds: number }
  /** More packets were sent, as "tell-of-traffic" asked. */
  | { readonly kind: "traffic" }
  /** A descriptor died; the Worker has stopped. */
  | { readonly kind: "failed"; readonly call: string; readonly errno: number }
  | { readonly kind: "stopped" };

/** Sessions of a server. */
export const MAX_SESSIONS = 1024;
/** Bytes of the longest text to a session: what a datagram holds, less header, tag and padding. */
export const MAX_TEXT = 65_000;
/** The slot of an accessor's one session. */
export const ACCESSOR_SLOT = 0;

/** Hands over an exposed socket. */
export interface Attach {
  readonly kind: "attach";
  readonly udp: UdpAttachment;
  readonly cipher: CipherChoice;
  readonly slots: number;
}

export interface SessionSpec {
  /** The session's inner IPv4 address; an accessor's own. Unsigned 32-bit number. */
  readonly address: number;
  /** Socket address of the other end; undefined while it is not known. */
  readonly endpoint: Uint8Array | undefined;
  /** Plaintext packets from the endpoint, no keys. */
  readonly legacy: boolean;
}

/** Messages to the Worker. */
export type SessionCommand =
  | Attach
  | { readonly kind: "detach" }
  | { readonly kind: "set"; readonly slot: number; readonly session: SessionSpec | undefined }
  | { readonly kind: "address"; readonly slot: number; readonly address: number }
  | {
    readonly kind: "keys";
    readonly slot: number;
    readonly keys: TransportKeys;
    readonly endpoint: Uint8Array | undefined;
    readonly sendLimit: number;
    readonly lifetime: number;
  }
  /** Report the next packet that waits for keys. */
  | { readonly kind: "want-again"; readonly slot: number }
  | { readonly kind: "expire"; readonly slot: number; readonly localIndex: number }
  /** Inclusive ranges of unsigned 32-bit addresses, as `ipv4Ranges` makes them. */
  | { readonly kind: "routes"; readonly ranges: Uint32Array<ArrayBuffer> }
  /** Accessor: all virtual addresses, in the same form. */
  | { readonly kind: "virtual-network"; readonly ranges: Uint32Array<ArrayBuffer> }
  | {
    readonly kind: "local-responder";
    readonly ownAddress: number;
    readonly clientAddress: number;
    /** First and last address of the virtual network, as `ipv4Ranges` makes them. */
    readonly virtualNetwork: Uint32Array<ArrayBuffer>;
    readonly answerEcho: boolean;
    readonly legacy: boolean;
  }
  | { readonly kind: "text"; readonly slot: number; readonly text: Uint8Array };

/** Messages from the Worker. */
export type SessionEvent =
  | { readonly kind: "attached"; readonly backend: CipherBackend; readonly notices: readonly string[] }
  | { readonly kind: "attach-failed"; readonly message: string }
  | { readonly kind: "detached" }
  /** A datagram of the exposed socket without a session: a handshake message, or a login of upstream v1. */
  | {
    readonly kind: "datagram";
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly source: Uint8Array<ArrayBuffer>;
  }
  /** An authentic text of a session that is no packet; no keepalive either. */
  | { readonly kind: "text"; readonly slot: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A packet waits for the keys of a session; sent once until keys come or "want-again". */
  | { readonly kind: "wanted"; readonly slot: number }
  /** The first authentic message with keys of a responder arrived: they are the current ones now. */
  | { readonly kind: "confirmed"; readonly slot: number; readonly localIndex: number }
  | { readonly kind: "unsupported"; readonly unsupported: number }
  /** The socket died; the Worker has let go of it. */
  | { readonly kind: "failed"; readonly errno: number };

/** Index of the one endpoint that packets from the interface go to. */
export const PEER = 0;

/** Messages that may wait for the main thread; more are dropped and counted. */
export const BACKLOG = 64;

/** The shared memory: the Worker's counters of each path, then the counts of messages. */
export class SharedState extends MessageBacklog {
  /** Of each path; those of `udp` count what belongs to no path, too. */
  readonly counters: Readonly<Record<CarriedPath, CounterTable>>;

  /** @param buffer made by {@linkcode SharedState.allocate}, or by the other thread */
  constructor(readonly buffer: SharedArrayBuffer) {
    super(buffer, 2 * COUNTER_BYTES, BACKLOG);
    const length = COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT;
    this.counters = {
      udp: new Float64Array(buffer, 0, length),
      engine: new Float64Array(buffer, COUNTER_BYTES, length),
    };
  }

  static allocate(): SharedState {
    return new SharedState(new SharedArrayBuffer(2 * COUNTER_BYTES + BACKLOG_BYTES));
  }
}
