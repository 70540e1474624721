import type { Clock } from "../../core/async/clock.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { consumeInitiation, type HandshakeRefusal } from "../../core/wireguard/handshake.ts";
import { IndexTable } from "../../core/wireguard/index_table.ts";
import type { SessionLimits } from "../../core/wireguard/limits.ts";
import { classifyMessage, INITIATION, KEY_LENGTH } from "../../core/wireguard/message.ts";
import type { Peer } from "../../core/wireguard/peer.ts";
import { PeerSession, type SessionAction } from "../../core/wireguard/peer_session.ts";
import { ACCESSOR_SLOT } from "../../dataplane/worker_channel.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

export interface ServerSessionDeps {
  readonly peer: Peer;
  readonly plane: Pick<SessionController, "installKeys" | "expireKeys" | "sealAndSend" | "traffic">;
  /**
   * The endpoint for the next initiation; undefined: none for now. Must not reject.
   *
   * @param attempt counts from 1 since the last complete handshake
   */
  readonly resolve: (attempt: number) => Promise<Endpoint | undefined>;
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** Data can be sent: after each handshake. */
  readonly onEstablished: () => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
  readonly clock?: Clock;
}

/**
 * The WireGuard session with the server. An accessor goes on trying for as long as it runs. Times are milliseconds on the scale
 * of performance.now().
 */
export class ServerSession extends PeerSession {
  readonly #clock: Clock;
  readonly #indices = new IndexTable<void>();
  #attempts = 0;
  #isClosed = false;

  constructor(readonly deps: ServerSessionDeps) {
    super(deps.peer, {
      perform: (action) => this.#perform(action),
      traffic: () => deps.plane.traffic(ACCESSOR_SLOT),
      fillRandom: (bytes) => crypto.getRandomValues(bytes),
      limits: deps.limits,
    });
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
  }

  /**
   * Handles a datagram that is no transport message of the session; nothing of it has been checked.
   *
   * @returns why a handshake message was refused; undefined if it was not
   */
  handleDatagram(
    bytes: Uint8Array<ArrayBuffer>,
    source: Uint8Array,
    from: Endpoint,
    now: number,
  ): HandshakeRefusal | undefined {
    const isInitiation = classifyMessage(bytes, 0, bytes.length) === INITIATION;
    return isInitiation ? this.#respond(bytes, source, from, now) : this.handleReply(bytes, source, now);
  }

  close(): void {
    this.#isClosed = true;
    this.stop();
    this.deps.peer.destroy();
  }

  #perform(action: SessionAction): void {
    const { plane } = this.deps;
    switch (action.kind) {
      case "initiate":
        return void this.#initiate(++this.#attempts);
      case "install-keys":
        return plane.installKeys(ACCESSOR_SLOT, action.keys, action.source, this.limits);
      case "expire-keys":
        plane.expireKeys(ACCESSOR_SLOT, action.localIndex);
        return this.#indices.release(action.localIndex);
      case "release-index":
        return this.#indices.release(action.localIndex);
      case "keepalive":
        return plane.sealAndSend(ACCESSOR_SLOT, new Uint8Array());
      case "established":
        // The server sends by the new keys once it has received something by them.
        if (action.isInitiator) plane.sealAndSend(ACCESSOR_SLOT, new Uint8Array());
        this.#attempts = 0;
        return this.deps.onEstablished();
      case "flush-staged-packets":
        this.handshakeNeeded(action.now);
    }
  }

  async #initiate(attempt: number): Promise<void> {
    const to = await this.deps.resolve(attempt);
    if (to === undefined || this.#isClosed || attempt !== this.#attempts) return;
    const times = { wallClock: this.#clock.wallClock(), now: this.#clock.now() };
    this.deps.send(this.createInitiation({ localIndex: this.#indices.allocate(), ...times }), to);
  }

  /** The server begins a handshake when it has something for us and no keys any more. */
  #respond(
    initiation: Uint8Array,
    source: Uint8Array,
    from: Endpoint,
    now: number,
  ): HandshakeRefusal | undefined {
    const localIndex = this.#indices.allocate();
    const ephemeralKey = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
    const result = consumeInitiation(this.deps.peer, initiation, { localIndex, ephemeralKey, now });
    if (typeof result === "string") {
      this.#indices.release(localIndex);
      return result;
    }
    this.handshakeResponderDerived(result.keys, source, now);
    this.deps.send(result.message, from);
    return undefined;
  }
}
