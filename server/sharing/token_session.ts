/**
 * The WireGuard session of one token: handshakes in both roles, the keys that follow from them, and their times
 * (whitepaper section 6). Packets are the data plane's.
 *
 * @module
 */
import type { IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { InitiatorHandshake } from "../../core/wireguard/initiator.ts";
import { LONGEST_JITTER, SESSION_LIMITS, type SessionLimits } from "../../core/wireguard/limits.ts";
import { KEY_LENGTH } from "../../core/wireguard/message.ts";
import { PeerTimers, type TimerAction } from "../../core/wireguard/peer_timers.ts";
import type { Response } from "../../core/wireguard/responder.ts";
import { SessionSlots } from "../../core/wireguard/keypairs.ts";
import { destroyTransportKeys, type TransportKeys } from "../../core/wireguard/transport_keys.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import type { LocalIndices } from "./index_table.ts";
import type { TokenPeer } from "./token_peers.ts";

/** Keys that the data plane holds. */
interface LiveKeys {
  readonly localIndex: number;
  /** Milliseconds on the scale of performance.now(), less what the machine has slept since. */
  bornAt: number;
}

/** What a session works with. */
export interface TokenSessionParts {
  readonly plane: Pick<
    SessionController,
    "installKeys" | "expireKeys" | "sealAndSend" | "traffic" | "endpoint" | "setSession" | "wantAgain"
  >;
  /** Sends a datagram; what the network refuses is lost. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** The kernel's form of an endpoint. */
  readonly encode: (endpoint: Endpoint) => Uint8Array;
  readonly indices: LocalIndices<TokenSession>;
  /** The session can be sent on: again after each handshake. */
  readonly onReady: (session: TokenSession) => void;
  /** All its keys are gone and nobody asks for new ones: the slot is free. */
  readonly onForgotten: (session: TokenSession) => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
}

/** Who and where a session is. */
export interface SessionPlace {
  readonly slot: number;
  /** The accessor's virtual address. */
  readonly address: IpAddress;
  /** The socket address that it spoke from. */
  readonly source: Uint8Array;
}

/** One session. Times are milliseconds on the scale of performance.now(). */
export class TokenSession {
  readonly #parts: TokenSessionParts;
  readonly #limits: SessionLimits;
  readonly #slots = new SessionSlots<LiveKeys>();
  #timers: PeerTimers;
  #handshake: InitiatorHandshake | undefined;
  #address: IpAddress;
  #handshakeAt: number | undefined;
  readonly slot: number;

  constructor(readonly of: TokenPeer, { slot, address, source }: SessionPlace, parts: TokenSessionParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? SESSION_LIMITS;
    this.#timers = new PeerTimers(this.#limits);
    this.#address = address;
    this.slot = slot;
    parts.plane.setSession(slot, { address, endpoint: source });
  }

  /** The accessor's virtual address. */
  get address(): IpAddress {
    return this.#address;
  }

  /** When a handshake was last complete; undefined before the first. */
  get handshakeAt(): number | undefined {
    return this.#handshakeAt;
  }

  /** Whether texts and packets can be sent. */
  canSend(now: number): boolean {
    return this.#timers.canSend(now, 0);
  }

  /**
   * Sends the response to a genuine initiation of the token's owner; its keys serve once the accessor has used them.
   *
   * @param source the sender's socket address, where the session is from now on
   */
  respond({ message, keys }: Response, source: Uint8Array, from: Endpoint, now: number): void {
    this.#release(this.#slots.responded({ localIndex: keys.localIndex, bornAt: now }));
    this.#install(keys, source);
    this.#timers.responded(now);
    this.#parts.send(message, from);
  }

  /** Takes a response to our initiation. A forged one changes nothing. */
  takeResponse(response: Uint8Array, source: Uint8Array, now: number): void {
    const keys = this.#handshake?.finish(response);
    if (keys === undefined) return;
    this.#handshake = undefined;
    this.#release(this.#slots.initiated({ localIndex: keys.localIndex, bornAt: now }));
    this.#install(keys, source);
    this.#timers.initiated(now);
    this.#ready(now);
  }

  /** Takes a cookie reply to our initiation. */
  takeCookie(reply: Uint8Array, now: number): void {
    if (this.#handshake !== undefined) this.of.peer.macs.takeCookie(reply, now);
  }

  /** The data plane has received the first message by keys of which we were the responder. */
  confirmed(localIndex: number, now: number): void {
    const next = this.#slots.next;
    if (next === undefined || next.localIndex !== localIndex) return;
    this.#release(this.#slots.received(next) ?? []);
    this.#timers.confirmed();
    this.#ready(now);
  }

  /** There is a packet for the accessor and no key to send it by. */
  wanted(now: number): void {
    this.#timers.dataWaiting(now);
    this.tick(now);
  }

  /** Does what is due. */
  tick(now: number): void {
    this.#timers.observe(now, this.#parts.plane.traffic(this.slot));
    for (const action of this.#timers.tick(now)) this.#act(action, now);
  }

  /** The machine has slept for so many milliseconds: keys are older by that. */
  slept(milliseconds: number): void {
    this.#timers.slept(milliseconds);
    for (const keys of this.#slots.all) keys.bornAt -= milliseconds;
  }

  /** Gives the accessor another address: its keys end with the old one, and we begin a handshake at once. */
  move(address: IpAddress, now: number): void {
    const endpoint = this.#parts.plane.endpoint(this.slot);
    this.end();
    this.#address = address;
    this.#timers = new PeerTimers(this.#limits);
    this.#parts.plane.setSession(this.slot, {
      address,
      ...(endpoint === undefined ? {} : { endpoint: this.#parts.encode(endpoint) }),
    });
    this.wanted(now);
  }

  /** Ends handshakes and keys; the slot is the caller's. */
  end(): void {
    this.#dropHandshake();
    this.#release(this.#slots.clear());
    this.#timers.stop();
  }

  #act(action: TimerAction, now: number): void {
    switch (action.kind) {
      case "initiate":
        return this.#initiate(now);
      case "keepalive":
        return this.#parts.plane.sealAndSend(this.slot, new Uint8Array());
      case "give up":
        this.#dropHandshake();
        // The next packet begins again.
        return this.#parts.plane.wantAgain(this.slot);
      case "expire":
        this.#release(this.#slots.expire(({ bornAt }) => bornAt <= action.bornUntil));
        return;
      case "forget":
        this.end();
        this.#parts.onForgotten(this);
    }
  }

  #initiate(now: number): void {
    this.#dropHandshake();
    this.#timers.initiationSent(now, Math.random() * LONGEST_JITTER);
    const endpoint = this.#parts.plane.endpoint(this.slot);
    if (endpoint === undefined) return;
    this.#handshake = InitiatorHandshake.begin(this.of.peer, {
      localIndex: this.#parts.indices.allocate(this),
      ephemeralKey: random(),
      wallClock: Date.now(),
      now,
    });
    this.#parts.send(this.#handshake.message, endpoint);
  }

  #dropHandshake(): void {
    if (this.#handshake === undefined) return;
    this.#parts.indices.release(this.#handshake.localIndex);
    this.#handshake.destroy();
    this.#handshake = undefined;
  }

  #install(keys: TransportKeys, source: Uint8Array): void {
    this.#parts.plane.installKeys(this.slot, keys, source, this.#limits);
    destroyTransportKeys(keys);
  }

  #ready(now: number): void {
    this.#handshakeAt = now;
    this.#parts.onReady(this);
  }

  #release(over: readonly LiveKeys[]): void {
    for (const { localIndex } of over) {
      this.#parts.plane.expireKeys(this.slot, localIndex);
      this.#parts.indices.release(localIndex);
    }
  }
}

function random(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
}
