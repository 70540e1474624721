/**
 * The WireGuard session with the server: handshakes, mostly as the initiator, the keys that follow from them, and their times
 * (whitepaper section 6). Packets are the data plane's.
 *
 * @module
 */
import type { Endpoint } from "../../core/net/endpoint.ts";
import { InitiatorHandshake } from "../../core/wireguard/initiator.ts";
import { LONGEST_JITTER, SESSION_LIMITS, type SessionLimits } from "../../core/wireguard/limits.ts";
import {
  classifyMessage,
  COOKIE_REPLY,
  INITIATION,
  KEY_LENGTH,
  receiverIndex,
  RESPONSE,
} from "../../core/wireguard/message.ts";
import type { Peer } from "../../core/wireguard/peer.ts";
import { PeerTimers, type TimerAction } from "../../core/wireguard/peer_timers.ts";
import { respond } from "../../core/wireguard/responder.ts";
import { SessionSlots } from "../../core/wireguard/keypairs.ts";
import { destroyTransportKeys, type TransportKeys } from "../../core/wireguard/transport_keys.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SLOT } from "./slot.ts";

/** Keys that the data plane holds. */
interface LiveKeys {
  readonly localIndex: number;
  /** Milliseconds on the scale of performance.now(). */
  bornAt: number;
}

/** What a session works with. */
export interface ServerSessionParts {
  readonly peer: Peer;
  readonly plane: Pick<SessionController, "installKeys" | "expireKeys" | "sealAndSend" | "traffic">;
  /**
   * Where the next initiation goes; undefined: nowhere for now. Must not reject.
   *
   * @param attempt counts from 1 since the last handshake that was complete
   */
  readonly place: (attempt: number) => Promise<Endpoint | undefined>;
  /** Sends a datagram. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** Data can be sent: after each handshake. */
  readonly onReady: () => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
}

/** The session. Times are milliseconds on the scale of performance.now(). */
export class ServerSession {
  readonly #parts: ServerSessionParts;
  readonly #slots = new SessionSlots<LiveKeys>();
  readonly #timers: PeerTimers;
  readonly #limits: SessionLimits;
  #handshake: InitiatorHandshake | undefined;
  #attempts = 0;
  #isClosed = false;
  #handshakeAt: number | undefined;

  constructor(parts: ServerSessionParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? SESSION_LIMITS;
    this.#timers = new PeerTimers(this.#limits);
  }

  /** When a handshake was last complete; undefined before the first. */
  get handshakeAt(): number | undefined {
    return this.#handshakeAt;
  }

  /** Initiations since the last handshake that was complete. */
  get attempts(): number {
    return this.#attempts;
  }

  /** When {@linkcode tick} wants to be called at the latest. */
  get nextTick(): number {
    return this.#timers.nextTick;
  }

  /** Whether texts and packets can be sent. */
  canSend(now: number): boolean {
    return this.#timers.canSend(now, this.#parts.plane.traffic(SLOT).counter);
  }

  /** A handshake is to begin as soon as one may. */
  want(now: number): void {
    this.#timers.dataWaiting(now);
  }

  /** Takes a datagram that is no transport message of the session; nothing of it has been checked. */
  takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array, from: Endpoint, now: number): void {
    switch (classifyMessage(bytes, 0, bytes.length)) {
      case INITIATION:
        return this.#respond(bytes, source, from, now);
      case RESPONSE:
        return this.#finish(bytes, source, now);
      case COOKIE_REPLY:
        if (this.#handshake?.localIndex === receiverIndex(bytes)) {
          this.#parts.peer.macs.takeCookie(bytes, now);
        }
    }
  }

  /** The data plane has received the first message by keys of which we were the responder. */
  confirmed(localIndex: number, now: number): void {
    const next = this.#slots.next;
    if (next === undefined || next.localIndex !== localIndex) return;
    this.#release(this.#slots.received(next) ?? []);
    this.#timers.confirmed();
    this.#ready(now);
  }

  /** Does what is due. */
  tick(now: number): void {
    this.#timers.observe(now, this.#parts.plane.traffic(SLOT));
    for (const action of this.#timers.tick(now)) this.#act(action, now);
  }

  /** The machine has slept for so many milliseconds: keys are older by that. */
  slept(milliseconds: number): void {
    this.#timers.slept(milliseconds);
    for (const keys of this.#slots.all) keys.bornAt -= milliseconds;
  }

  /** Ends handshakes and keys. */
  close(): void {
    this.#isClosed = true;
    this.#dropHandshake();
    this.#release(this.#slots.clear());
    this.#timers.stop();
    this.#parts.peer.destroy();
  }

  #act(action: TimerAction, now: number): void {
    switch (action.kind) {
      case "initiate":
        this.#dropHandshake();
        this.#timers.initiationSent(now, Math.random() * LONGEST_JITTER);
        this.#attempts++;
        void this.#initiate(this.#attempts);
        return;
      case "keepalive":
        return this.#parts.plane.sealAndSend(SLOT, new Uint8Array());
      case "expire":
        return this.#release(this.#slots.expire(({ bornAt }) => bornAt <= action.bornUntil));
      case "give up":
        // An accessor is there to be connected: it goes on trying at the same pace.
        return this.want(now);
      case "forget":
        this.#release(this.#slots.clear());
    }
  }

  async #initiate(attempt: number): Promise<void> {
    const to = await this.#parts.place(attempt);
    if (to === undefined || this.#isClosed || attempt !== this.#attempts) return;
    this.#handshake = InitiatorHandshake.begin(this.#parts.peer, {
      localIndex: this.#newIndex(),
      ephemeralKey: random(),
      wallClock: Date.now(),
      now: performance.now(),
    });
    this.#parts.send(this.#handshake.message, to);
  }

  #finish(response: Uint8Array, source: Uint8Array, now: number): void {
    const keys = this.#handshake?.finish(response);
    if (keys === undefined) return;
    this.#handshake = undefined;
    this.#release(this.#slots.initiated({ localIndex: keys.localIndex, bornAt: now }));
    this.#install(keys, source);
    this.#timers.initiated(now);
    // The server sends by the new keys once it has received something by them.
    this.#parts.plane.sealAndSend(SLOT, new Uint8Array());
    this.#ready(now);
  }

  /** The server begins a handshake when it has something for us and no keys any more. */
  #respond(initiation: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    const localIndex = this.#newIndex();
    const response = respond(this.#parts.peer, initiation, { localIndex, ephemeralKey: random(), now });
    if (response === undefined) return;
    this.#release(this.#slots.responded({ localIndex, bornAt: now }));
    this.#install(response.keys, source);
    this.#timers.responded(now);
    this.#parts.send(response.message, from);
  }

  #install(keys: TransportKeys, source: Uint8Array): void {
    this.#parts.plane.installKeys(SLOT, keys, source, this.#limits);
    destroyTransportKeys(keys);
  }

  #ready(now: number): void {
    this.#attempts = 0;
    this.#handshakeAt = now;
    this.#parts.onReady();
  }

  #dropHandshake(): void {
    this.#handshake?.destroy();
    this.#handshake = undefined;
  }

  #release(over: readonly LiveKeys[]): void {
    for (const { localIndex } of over) this.#parts.plane.expireKeys(SLOT, localIndex);
  }

  /** A number that none of the session's keys has; 0 is none. */
  #newIndex(): number {
    const inUse = [0, this.#handshake?.localIndex, ...this.#slots.all.map(({ localIndex }) => localIndex)];
    const index = new Uint32Array(1);
    do crypto.getRandomValues(index); while (inUse.includes(index[0]));
    return index[0] ?? 0;
  }
}

function random(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
}
