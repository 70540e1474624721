/**
 * Sessions of other machines in the data plane: the main thread's side.
 *
 * A session has a slot, an inner IPv4 address and an endpoint, and either keys (WireGuard's transport messages, whitepaper
 * section 5.4.6) or none (the original's plaintext). The Worker seals, opens, filters and counts; handshakes, tokens and
 * timers are the caller's.
 *
 * @module
 */
import { addressToUint32, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { Prefix } from "../../core/net/prefix.ts";
import { ipv4Ranges } from "../../core/sharing/prefix_set.ts";
import { SESSION_LIMITS } from "../../core/wireguard/limits.ts";
import type { Traffic } from "../../core/wireguard/peer_timers.ts";
import type { TransportKeys } from "../../core/wireguard/handshake.ts";
import type { CipherChoice } from "../../ffi/aead/load_cipher.ts";
import type { CipherBackend } from "../../ffi/aead/packet_cipher.ts";
import { type SocketAddressCodec, socketAddressCodec, type UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { errorName } from "../../ffi/libc/errno.ts";
import { OperationError } from "../../core/error.ts";
import type { DataPlane } from "../data_plane.ts";
import { socketNotices } from "../offload_support.ts";
import { MAX_TEXT, type SessionCommand, type SessionEvent } from "../worker_channel.ts";
import { SESSION_STATS, SessionMemory, SessionStat } from "./session_memory.ts";

/** Options and collaborators of a session controller. Callbacks must not throw. */
export interface SessionControllerOptions {
  /** Of `openUdpSocket`, not connected. The caller closes it, after {@linkcode SessionController.detach}. */
  readonly socket: UdpSocket;
  /** Let the kernel segment and coalesce datagrams. */
  readonly offload: boolean;
  /** Number of sessions: 1 to MAX_SESSIONS. */
  readonly slots: number;
  /** The code that encrypts. @default the fastest that works */
  readonly cipher?: CipherChoice;
  /** Handshake messages (`classifyMessage`) and logins of the original; nothing of them is checked yet. */
  readonly onDatagram: (bytes: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>) => void;
  /** An authentic message that is no IP packet: `01` or `01addr...`. */
  readonly onText: (slot: number, bytes: Uint8Array<ArrayBuffer>) => void;
  /** A packet waits for keys; not told again until keys come, or {@linkcode SessionController.wantAgain}. */
  readonly onWanted: (slot: number) => void;
  /** The first message by the keys of a response: for `PeerSession.keyConfirmed`. */
  readonly onConfirmed: (slot: number, localIndex: number) => void;
  /** A part of the offload that this system lacks. */
  readonly onNotice: (line: string) => void;
}

export interface Session {
  /** Its inner IPv4 address; on an accessor, the accessor's own. */
  readonly address: IpAddress;
  /** Its socket address, if that is known. */
  readonly endpoint?: Uint8Array;
  /** Plaintext of upstream v1, from and to the endpoint. */
  readonly legacy?: boolean;
}

/** Packets that a server answers or admits by itself. */
export interface LocalResponder {
  /** The server's virtual address, which every session may reach. */
  readonly ownAddress: IpAddress;
  /** The client's virtual address, which may send ICMP errors to sessions. */
  readonly clientAddress: IpAddress;
  /** All virtual addresses: packets for unused ones are dropped, since the client would send them back. */
  readonly virtualNetwork: Prefix;
  /** Answer echo requests here, to the own address and to exposed routes. */
  readonly answerEcho: boolean;
  /** Hand plaintext packets of endpoints that are not logged in to `onDatagram`; else they are dropped and counted. */
  readonly legacy: boolean;
}

/** A session's numbers by name, and the number of changes of its endpoint. */
export type SessionStats = Readonly<Record<keyof typeof SessionStat | "endpointGeneration", number>>;

/**
 * The sessions of one exposed socket.
 *
 * Keys are installed as the whitepaper's section 6.3 says: those of a handshake that we began are sent on at once, others
 * when the first message has come in by them. The Worker neither seals nor opens by keys that are too old, but it forgets
 * them only when {@linkcode expireKeys} or {@linkcode removeSession} says so or others take their place. An authentic message
 * moves the session's endpoint to its source.
 */
export class SessionController {
  readonly #memory: SessionMemory;
  readonly #attached = Promise.withResolvers<CipherBackend>();
  readonly #detached = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  #backend: CipherBackend = "wasm";

  private constructor(
    readonly plane: DataPlane,
    readonly options: SessionControllerOptions,
    readonly codec: SocketAddressCodec,
  ) {
    this.#memory = new SessionMemory(plane.sessionMemory, options.slots);
    // A former socket has left its numbers there, and its Worker's side is gone.
    new Uint8Array(plane.sessionMemory).fill(0);
    // Awaiting `failure` is optional.
    this.#failed.promise.catch(() => {});
  }

  /**
   * Hands a socket to the Worker of a data plane that has started and has none yet.
   *
   * @throws {OperationError} "failure" when the Worker cannot take it
   */
  static async attach(plane: DataPlane, options: SessionControllerOptions): Promise<SessionController> {
    const sessions = new SessionController(plane, options, socketAddressCodec(options.socket.family));
    plane.onSessionEvent = (event) => sessions.#onEvent(event);
    sessions.#command({
      kind: "attach",
      udp: { descriptor: options.socket.descriptor, connected: false, offload: options.offload },
      cipher: options.cipher ?? "auto",
      slots: options.slots,
    });
    sessions.#backend = await Promise.race([sessions.#attached.promise, plane.failure]);
    return sessions;
  }

  /** Takes the socket back; all sessions and keys are forgotten. The socket stays open. */
  async detach(): Promise<void> {
    this.#command({ kind: "detach" });
    await Promise.race([this.#detached.promise, this.plane.failure]);
  }

  get backend(): CipherBackend {
    return this.#backend;
  }

  /** The live counters, in the order of `COUNTERS`. */
  get counters(): Float64Array {
    return this.#memory.counters;
  }

  /** Rejects when the socket dies. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Makes or replaces a session: its former keys are forgotten and its numbers are zero again. */
  setSession(slot: number, { address, endpoint, legacy }: Session): void {
    const session = { address: addressToUint32(address), endpoint, legacy: legacy ?? false };
    this.#command({ kind: "set", slot, session });
  }

  /** Gives a session another inner address; it keeps its keys. */
  setAddress(slot: number, address: IpAddress): void {
    this.#command({ kind: "address", slot, address: addressToUint32(address) });
  }

  /** Ends a session at once. */
  removeSession(slot: number): void {
    this.#command({ kind: "set", slot, session: undefined });
  }

  /**
   * Installs the keys of a handshake. They are copied, so the caller may clear its own.
   *
   * @param endpoint where the handshake's message came from; undefined: leave the endpoint as it is
   * @param limits when they serve no more: `rejectAfterMessages` and `rejectAfterTime`
   */
  installKeys(
    slot: number,
    keys: TransportKeys,
    endpoint?: Uint8Array,
    limits: { readonly rejectAfterMessages: number; readonly rejectAfterTime: number } = SESSION_LIMITS,
  ): void {
    const { rejectAfterMessages: sendLimit, rejectAfterTime: lifetime } = limits;
    this.#command({ kind: "keys", slot, keys, endpoint, sendLimit, lifetime });
  }

  /** Reports the next packet that waits for keys, even after an earlier report. */
  wantAgain(slot: number): void {
    this.#command({ kind: "want-again", slot });
  }

  /** Forgets the keys with this local index, if the session still has them. */
  expireKeys(slot: number, localIndex: number): void {
    this.#command({ kind: "expire", slot, localIndex });
  }

  /** Where sessions may go; on an accessor, where packets may come from. IPv6 prefixes are left out. */
  setExposedRoutes(prefixes: readonly Prefix[]): void {
    this.#command({ kind: "routes", ranges: ipv4Ranges(prefixes) });
  }

  /** Accessor: where all virtual addresses are; reports of errors may come from there. */
  setVirtualNetwork(network: Prefix): void {
    this.#command({ kind: "virtual-network", ranges: ipv4Ranges([network]) });
  }

  /** Sets the packets that a server answers by itself; none at first. */
  setLocalResponder({ ownAddress, clientAddress, virtualNetwork, answerEcho, legacy }: LocalResponder): void {
    this.#command({
      kind: "local-responder",
      ownAddress: addressToUint32(ownAddress),
      clientAddress: addressToUint32(clientAddress),
      virtualNetwork: ipv4Ranges([virtualNetwork]),
      answerEcho,
      legacy,
    });
  }

  /**
   * Seals a text and sends it to a session: a login reply, `01`, or nothing for a keepalive. It is dropped and counted if there is
   * no key. A legacy session gets it as it is.
   *
   * @throws {RangeError} for a text that no datagram holds
   */
  sealAndSend(slot: number, text: Uint8Array): void {
    if (text.length > MAX_TEXT) {
      throw new RangeError(`Cannot send ${text.length} bytes at once: at most ${MAX_TEXT} are allowed`);
    }
    this.#command({ kind: "text", slot, text });
  }

  /** Sends a datagram as it is, a handshake message for example. False when the network refused it. */
  send(datagram: Uint8Array<ArrayBuffer>, to?: Uint8Array): boolean {
    return this.options.socket.send(datagram, to && this.codec.decode(to));
  }

  /** The endpoint of a socket address; undefined if it is none. */
  decode(socketAddress: Uint8Array): Endpoint | undefined {
    return this.codec.decode(socketAddress);
  }

  /** The source of a session's last authentic message. */
  endpoint(slot: number): Endpoint | undefined {
    const bytes = this.#memory.endpoint(slot);
    return bytes && this.codec.decode(bytes);
  }

  stats(slot: number): SessionStats {
    const endpointGeneration = this.#memory.endpointGeneration(slot);
    const row = Object.entries(SessionStat).map(([name, index]) => [name, this.#stat(slot, index)]);
    return { ...Object.fromEntries(row), endpointGeneration };
  }

  /** The traffic of a session, for PeerTimers; times are on the scale of performance.now(). */
  traffic(slot: number): Traffic {
    const time = (index: number) => {
      const at = this.#stat(slot, index);
      return at === 0 ? -Infinity : at - performance.timeOrigin;
    };
    return {
      dataSentAt: time(SessionStat.dataSentAt),
      dataReceivedAt: time(SessionStat.dataReceivedAt),
      sentAt: time(SessionStat.sentAt),
      receivedAt: time(SessionStat.receivedAt),
      counter: this.#stat(slot, SessionStat.counter),
    };
  }

  #stat(slot: number, index: number): number {
    return this.#memory.stats[slot * SESSION_STATS + index] ?? 0;
  }

  #command(command: SessionCommand): void {
    this.plane.commandSessions(command);
  }

  #onEvent(event: SessionEvent): void {
    const { onDatagram, onText, onWanted, onConfirmed, onNotice } = this.options;
    switch (event.kind) {
      case "datagram":
        this.#memory.noteMessageTaken();
        return onDatagram(event.bytes, event.source);
      case "text":
        this.#memory.noteMessageTaken();
        return onText(event.slot, event.bytes);
      case "wanted":
        return onWanted(event.slot);
      case "confirmed":
        return onConfirmed(event.slot, event.localIndex);
      case "unsupported":
        return socketNotices(event.unsupported).forEach(onNotice);
      case "attached":
        event.notices.forEach(onNotice);
        return this.#attached.resolve(event.backend);
      case "attach-failed":
        return this.#attached.reject(
          new OperationError("failure", `Cannot start sessions: ${event.message}`),
        );
      case "failed": {
        const message = `Cannot go on with the exposed socket: ${errorName(event.errno)}`;
        this.#failed.reject(new OperationError("io", message));
        return this.#detached.resolve();
      }
      case "detached":
        return this.#detached.resolve();
    }
  }
}
