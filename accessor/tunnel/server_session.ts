/**
 * The WireGuard session with the server. An accessor goes on trying for as long as it runs.
 *
 * @module
 */
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { HandshakeRefusal } from "../../core/wireguard/handshake_refusal.ts";
import { IndexTable } from "../../core/wireguard/index_table.ts";
import type { SessionLimits } from "../../core/wireguard/limits.ts";
import { classifyMessage, INITIATION, KEY_LENGTH } from "../../core/wireguard/message.ts";
import type { Peer } from "../../core/wireguard/peer.ts";
import { PeerSession, type SessionAction } from "../../core/wireguard/peer_session.ts";
import { consumeInitiation } from "../../core/wireguard/responder.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { SLOT } from "./slot.ts";

/** The surroundings of the session. */
export interface ServerSessionDeps {
  readonly peer: Peer;
  readonly plane: Pick<SessionController, "installKeys" | "expireKeys" | "sealAndSend" | "traffic">;
  /**
   * The endpoint for the next initiation; undefined: none for now. Must not reject.
   *
   * @param attempt counts from 1 since the last complete handshake
   */
  readonly resolve: (attempt: number) => Promise<Endpoint | undefined>;
  /** Sends a datagram. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** Data can be sent: after each handshake. */
  readonly onEstablished: () => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
}

/** The session. Times are milliseconds on the scale of performance.now(). */
export class ServerSession extends PeerSession {
  readonly #deps: ServerSessionDeps;
  readonly #indices = new IndexTable<void>();
  #attempts = 0;
  #isClosed = false;

  constructor(deps: ServerSessionDeps) {
    super(deps.peer, {
      perform: (action) => this.#perform(action),
      traffic: () => deps.plane.traffic(SLOT),
      fillRandom: (bytes) => crypto.getRandomValues(bytes),
      limits: deps.limits,
    });
    this.#deps = deps;
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
    if (isInitiation) return this.#respond(bytes, source, from, now);
    return this.handleReply(bytes, source, now);
  }

  /** Ends handshakes and keys. */
  close(): void {
    this.#isClosed = true;
    this.stop();
    this.#deps.peer.destroy();
  }

  #perform(action: SessionAction): void {
    const { plane } = this.#deps;
    switch (action.kind) {
      case "initiate":
        return void this.#initiate(++this.#attempts);
      case "install-keys":
        return plane.installKeys(SLOT, action.keys, action.source, this.limits);
      case "expire-keys":
        plane.expireKeys(SLOT, action.localIndex);
        return this.#indices.release(action.localIndex);
      case "release-index":
        return this.#indices.release(action.localIndex);
      case "keepalive":
        return plane.sealAndSend(SLOT, new Uint8Array());
      case "established":
        // The server sends by the new keys once it has received something by them.
        if (action.isInitiator) plane.sealAndSend(SLOT, new Uint8Array());
        this.#attempts = 0;
        return this.#deps.onEstablished();
      case "flush-staged-packets":
        this.handshakeNeeded(action.now);
    }
  }

  async #initiate(attempt: number): Promise<void> {
    const to = await this.#deps.resolve(attempt);
    if (to === undefined || this.#isClosed || attempt !== this.#attempts) return;
    const times = { wallClock: Date.now(), now: performance.now() };
    this.#deps.send(this.createInitiation({ localIndex: this.#indices.allocate(), ...times }), to);
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
    const result = consumeInitiation(this.#deps.peer, initiation, { localIndex, ephemeralKey, now });
    if (typeof result === "string") {
      this.#indices.release(localIndex);
      return result;
    }
    this.handshakeResponderDerived(result.keys, source, now);
    this.#deps.send(result.message, from);
    return undefined;
  }
}
