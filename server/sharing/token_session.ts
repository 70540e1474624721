/**
 * The WireGuard session of one token: its slot in the data plane, its address, and the end of it.
 *
 * @module
 */
import type { IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { SessionLimits } from "../../core/wireguard/limits.ts";
import { PeerSession, type SessionAction } from "../../core/wireguard/peer_session.ts";
import type { HandshakeResult } from "../../core/wireguard/responder.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import type { IndexTable } from "../../core/wireguard/index_table.ts";
import type { TokenPeer } from "./token_peers.ts";

/** The surroundings of a session. */
export interface TokenSessionDeps {
  readonly plane: Pick<
    SessionController,
    "installKeys" | "expireKeys" | "sealAndSend" | "traffic" | "endpoint" | "setSession" | "wantAgain"
  >;
  /** Sends a datagram; one that the network refuses is lost. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** The kernel's form of an endpoint. */
  readonly encode: (endpoint: Endpoint) => Uint8Array;
  readonly indices: IndexTable<TokenSession>;
  /** The session can be sent on: after each handshake. */
  readonly onEstablished: (session: TokenSession) => void;
  /** All keys of the session are gone, and the slot is free. */
  readonly onExpired: (session: TokenSession) => void;
  /** Shorter in tests. */
  readonly limits?: SessionLimits;
}

/** The place of a session. */
export interface SessionPlace {
  readonly slot: number;
  /** The accessor's virtual address. */
  readonly address: IpAddress;
  /** The socket address that it spoke from. */
  readonly source: Uint8Array;
}

/** One session. Times are milliseconds on the scale of performance.now(). */
export class TokenSession extends PeerSession {
  readonly slot: number;
  readonly #deps: TokenSessionDeps;
  #address: IpAddress;

  constructor(readonly of: TokenPeer, { slot, address, source }: SessionPlace, deps: TokenSessionDeps) {
    super(of.peer, {
      perform: (action) => this.#perform(action),
      traffic: () => deps.plane.traffic(slot),
      fillRandom: (bytes) => crypto.getRandomValues(bytes),
      limits: deps.limits,
    });
    this.#deps = deps;
    this.#address = address;
    this.slot = slot;
    deps.plane.setSession(slot, { address, endpoint: source });
  }

  /** The accessor's virtual address. */
  get address(): IpAddress {
    return this.#address;
  }

  /**
   * Sends the response to a genuine initiation of the token's owner; its keys serve once the accessor has used them.
   *
   * @param source the sender's socket address, where the session is from now on
   */
  respond({ message, keys }: HandshakeResult, source: Uint8Array, from: Endpoint, now: number): void {
    this.handshakeResponderDerived(keys, source, now);
    this.#deps.send(message, from);
  }

  /** Gives the accessor another address: its keys end with the old one, and we begin a handshake at once. */
  move(address: IpAddress, now: number): void {
    const endpoint = this.#deps.plane.endpoint(this.slot);
    this.stop();
    this.#address = address;
    this.#deps.plane.setSession(this.slot, {
      address,
      ...(endpoint === undefined ? {} : { endpoint: this.#deps.encode(endpoint) }),
    });
    this.handshakeNeeded(now);
    this.tick(now);
  }

  #perform(action: SessionAction): void {
    const { plane, indices } = this.#deps;
    switch (action.kind) {
      case "initiate":
        return this.#initiate(action.now);
      case "install-keys":
        return plane.installKeys(this.slot, action.keys, action.source, this.limits);
      case "expire-keys":
        plane.expireKeys(this.slot, action.localIndex);
        return indices.release(action.localIndex);
      case "release-index":
        return indices.release(action.localIndex);
      case "keepalive":
        return plane.sealAndSend(this.slot, new Uint8Array());
      case "established":
        return this.#deps.onEstablished(this);
      case "flush-staged-packets":
        return plane.wantAgain(this.slot);
      case "zero-key-material":
        this.#deps.onExpired(this);
    }
  }

  #initiate(now: number): void {
    const endpoint = this.#deps.plane.endpoint(this.slot);
    if (endpoint === undefined) return;
    const localIndex = this.#deps.indices.allocate(this);
    this.#deps.send(this.createInitiation({ localIndex, wallClock: Date.now(), now }), endpoint);
  }
}
