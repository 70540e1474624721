/**
 * The WireGuard session with one peer: handshakes in both roles, the keys that come of them, and their times
 * (whitepaper section 6). It has no sockets and no clocks. Events go in by methods, {@linkcode
 * SessionAction}s come out.
 *
 * ```ts
 * const session = new PeerSession(peer, { perform, traffic, fillRandom, limits });
 * session.handshakeNeeded(now);
 * session.tick(now); // at session.nextDeadline at the latest; performs "initiate"
 * send(session.createInitiation({ localIndex, wallClock, now }));
 * session.handleReply(datagram, source, now); // performs "install-keys" and "established"
 * // an initiation of the peer:
 * const result = consumeInitiation(peer, datagram, { localIndex, ephemeralKey, now });
 * if (result === undefined) return; // refused: no answer
 * session.handshakeResponderDerived(result.keys, source, now); // performs "install-keys"
 * send(result.message);
 * session.keyConfirmed(localIndex, now); // the first packet came in by these keys; performs "established"
 * ```
 *
 * Times named `now` are milliseconds on a monotonic clock, `wallClock` is milliseconds since 1970.
 *
 * @module
 */
import type { FillRandom } from "./cookie.ts";
import {
  type HandshakeRefusal,
  type InitiationInput,
  InitiatorHandshake,
  type TransportKeys,
} from "./handshake.ts";
import { Keypairs } from "./keypairs.ts";
import { REKEY_TIMEOUT_JITTER_MAX_MS, SESSION_LIMITS, type SessionLimits } from "./limits.ts";
import { classifyMessage, COOKIE_REPLY, KEY_LENGTH, receiverIndex, RESPONSE } from "./message.ts";
import { wipe } from "./noise.ts";
import type { Peer } from "./peer.ts";
import { PeerTimers, type TimerAction, type Traffic } from "./peer_timers.ts";

/** An action that the owner of a session performs at once. */
export type SessionAction =
  /** Choose where the peer may be, then send there what {@linkcode PeerSession.createInitiation} returns. */
  | { readonly kind: "initiate"; readonly now: number }
  /** Install keys for packets. They are wiped when the action returns. */
  | { readonly kind: "install-keys"; readonly keys: TransportKeys; readonly source: Uint8Array }
  /** Forget installed keys; their index is free. */
  | { readonly kind: "expire-keys"; readonly localIndex: number }
  /** A handshake has ended without keys: its index is free. */
  | { readonly kind: "release-index"; readonly localIndex: number }
  /** Send an empty packet. */
  | { readonly kind: "keepalive"; readonly now: number }
  /** Packets can be sent by new keys. A peer that answered waits for a packet before it sends by them. */
  | { readonly kind: "established"; readonly isInitiator: boolean }
  /** The peer did not answer for 90 s. The next packet that needs keys begins again. */
  | { readonly kind: "flush-staged-packets"; readonly now: number }
  /** Nothing was renewed for 540 s; all keys are gone. */
  | { readonly kind: "zero-key-material"; readonly now: number };

/** The state of a session, as of its last event. */
export type SessionState = "idle" | "connecting" | "established" | "rekeying" | "expired";

/** The surroundings of a session. */
export interface PeerSessionDeps {
  /** Performs an action; it must not throw. */
  readonly perform: (action: SessionAction) => void;
  /** Reports what the packet path has sent and received. */
  readonly traffic: () => Traffic;
  /** Source of ephemeral keys and jitter. */
  readonly fillRandom: FillRandom;
  /** Shorter in tests; SESSION_LIMITS by default. */
  readonly limits?: SessionLimits | undefined;
}

/** Keys that are installed. */
interface Keypair {
  readonly localIndex: number;
  createdAt: number;
}

/** The session with one peer, the only owner of its handshake and its key pairs. */
export class PeerSession {
  /** The times of its keys. */
  readonly limits: SessionLimits;
  readonly #deps: PeerSessionDeps;
  readonly #keypairs = new Keypairs<Keypair>();
  #timers: PeerTimers;
  #handshake: InitiatorHandshake | undefined;
  #handshakeAt: number | undefined;

  /** Begins idle. */
  constructor(readonly peer: Peer, deps: PeerSessionDeps) {
    this.#deps = deps;
    this.limits = deps.limits ?? SESSION_LIMITS;
    this.#timers = new PeerTimers(this.limits);
  }

  /** The state; "rekeying" can send, "expired" had keys once. */
  get state(): SessionState {
    const { isConnecting, hasCurrent } = this.#timers;
    if (hasCurrent) return isConnecting ? "rekeying" : "established";
    return isConnecting ? "connecting" : this.#handshakeAt === undefined ? "idle" : "expired";
  }

  /** The time of the last complete handshake; undefined before the first. */
  get handshakeAt(): number | undefined {
    return this.#handshakeAt;
  }

  /** The latest time for the next {@linkcode tick}. */
  get nextDeadline(): number {
    return this.#timers.nextDeadline;
  }

  /** Whether texts and packets can be sent. */
  canSend(now: number): boolean {
    return this.#timers.canSend(now, this.#deps.traffic().counter);
  }

  /** There is something to send and no key for it: a handshake begins with the next tick that may. */
  handshakeNeeded(now: number): void {
    this.#timers.handshakeNeeded(now);
  }

  /** Performs what is due. */
  tick(now: number): void {
    this.#timers.observe(now, this.#deps.traffic());
    for (const action of this.#timers.tick(now)) this.#act(action, now);
  }

  /** Creates the initiation that "initiate" asks for, now or some time later. */
  createInitiation(input: Omit<InitiationInput, "ephemeralKey">): Uint8Array<ArrayBuffer> {
    this.#dropHandshake();
    const ephemeralKey = new Uint8Array(KEY_LENGTH);
    this.#deps.fillRandom(ephemeralKey);
    this.#handshake = new InitiatorHandshake(this.peer, { ...input, ephemeralKey });
    return this.#handshake.message;
  }

  /**
   * Handles a response or a cookie reply from a socket address. A forged one changes nothing.
   *
   * @returns why a response was refused; undefined if it was not
   */
  handleReply(message: Uint8Array, source: Uint8Array, now: number): HandshakeRefusal | undefined {
    const handshake = this.#handshake;
    const type = classifyMessage(message, 0, message.length);
    if (type === COOKIE_REPLY && handshake?.localIndex === receiverIndex(message)) {
      this.peer.cookieGenerator.consumeReply(message, now);
    }
    if (type !== RESPONSE) return undefined;
    if (handshake === undefined) return "unknown-handshake";
    const keys = handshake.consumeResponse(message);
    if (typeof keys === "string") return keys;
    this.#handshake = undefined;
    const keypair = { localIndex: keys.localIndex, createdAt: now };
    this.#install(this.#keypairs.handshakeInitiatorComplete(keypair), keys, source);
    this.#timers.handshakeInitiatorComplete(now);
    this.#established(true, now);
    return undefined;
  }

  /** Installs the keys of a response to the peer's initiation. They send when {@linkcode keyConfirmed} says so. */
  handshakeResponderDerived(keys: TransportKeys, source: Uint8Array, now: number): void {
    const keypair = { localIndex: keys.localIndex, createdAt: now };
    this.#install(this.#keypairs.handshakeResponderDerived(keypair), keys, source);
    this.#timers.handshakeResponderDerived(now);
  }

  /** The first packet came in by the keys of a response. */
  keyConfirmed(localIndex: number, now: number): void {
    const next = this.#keypairs.next;
    if (next?.localIndex !== localIndex) return;
    this.#expire(this.#keypairs.receivedWithKeypair(next) ?? []);
    this.#timers.keyConfirmed();
    this.#established(false, now);
  }

  /** Makes keys older by the milliseconds that the machine has slept. */
  slept(milliseconds: number): void {
    this.#timers.slept(milliseconds);
    for (const keys of this.#keypairs.all) keys.createdAt -= milliseconds;
  }

  /** Ends handshake, keys and timers. The session can begin again. */
  stop(): void {
    this.#dropHandshake();
    this.#expire(this.#keypairs.clear());
    this.#timers = new PeerTimers(this.limits);
  }

  #act(action: TimerAction, now: number): void {
    switch (action.kind) {
      case "expire":
        return this.#expire(this.#keypairs.expire(({ createdAt }) => createdAt <= action.createdBefore));
      case "initiate":
        this.#dropHandshake();
        this.#timers.initiationSent(now, this.#jitter());
        break;
      case "flush-staged-packets":
        this.#dropHandshake();
        break;
      case "zero-key-material":
        this.#expire(this.#keypairs.clear());
    }
    this.#deps.perform({ kind: action.kind, now });
  }

  #jitter(): number {
    const random = new Uint32Array(1);
    this.#deps.fillRandom(new Uint8Array(random.buffer));
    return random[0] / 0x1_0000_0000 * REKEY_TIMEOUT_JITTER_MAX_MS;
  }

  /** Hands keys over in place of those that are over by them. */
  #install(over: readonly Keypair[], keys: TransportKeys, source: Uint8Array): void {
    this.#expire(over);
    this.#deps.perform({ kind: "install-keys", keys, source });
    wipe(keys.send, keys.receive);
  }

  #established(isInitiator: boolean, now: number): void {
    this.#handshakeAt = now;
    this.#deps.perform({ kind: "established", isInitiator });
  }

  #expire(keypairs: readonly Keypair[]): void {
    for (const { localIndex } of keypairs) this.#deps.perform({ kind: "expire-keys", localIndex });
  }

  #dropHandshake(): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    this.#handshake = undefined;
    handshake.destroy();
    this.#deps.perform({ kind: "release-index", localIndex: handshake.localIndex });
  }
}
