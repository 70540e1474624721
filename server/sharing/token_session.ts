import type { Clock } from "../../core/async/clock.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { LOGIN } from "../../core/token/login.ts";
import type { FillRandom } from "../../core/wireguard/cookie.ts";
import type { IndexTable } from "../../core/wireguard/index_table.ts";
import { PeerSession, type SessionAction } from "../../core/wireguard/peer_session.ts";
import type { HandshakeResult } from "../../core/wireguard/handshake.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import type { SocketAddressCodec } from "../../ffi/udp/udp_socket.ts";
import { getLogger } from "../../program/log.ts";
import type { LoginTexts } from "./login_texts.ts";
import type { AccessorSession } from "./session_table.ts";
import type { TokenPeer } from "./token_peers.ts";

const log = getLogger("sharing");

/** The least milliseconds between two answers to the questions of one accessor. */
const ANSWER_PAUSE = 100;
/**
 * A text may get lost, and the accessor does not know that there was one; so each is sent so many times more,
 * with a tick between.
 */
const REPETITIONS = 2;

export interface TokenSessionDeps {
  readonly plane: Pick<
    SessionController,
    "installKeys" | "expireKeys" | "sealAndSend" | "traffic" | "endpoint" | "setSession" | "wantAgain"
  >;
  /** Sends a datagram; one that the network refuses is lost. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  readonly codec: Pick<SocketAddressCodec, "encode">;
  /** The login replies. */
  readonly texts: Pick<LoginTexts, "texts">;
  readonly indices: IndexTable<TokenSession>;
  readonly clock: Clock;
  readonly fillRandom: FillRandom;
}

/**
 * The WireGuard session of one token: its place in the data plane, its address, and the login replies that its accessor
 * gets. Times are milliseconds on the scale of performance.now().
 */
export class TokenSession extends PeerSession implements AccessorSession {
  readonly isLegacy = false;
  #answeredAt = -Infinity;
  #repetitions = 0;

  /**
   * @param slot already has the address and the endpoint
   * @param end called when all keys are gone, and the slot is free
   */
  constructor(
    { peer }: TokenPeer,
    readonly slot: number,
    public address: IpAddress,
    readonly end: () => void,
    readonly deps: TokenSessionDeps,
  ) {
    super(peer, {
      perform: (action) => this.#perform(action),
      traffic: () => deps.plane.traffic(slot),
      fillRandom: deps.fillRandom,
    });
  }

  /**
   * Sends the response to a genuine initiation of the token's owner; its keys serve once the accessor has used them.
   *
   * @param source the sender's socket address, where the session is from now on
   */
  respond({ message, keys }: HandshakeResult, source: Uint8Array, from: Endpoint, now: number): void {
    this.handshakeResponderDerived(keys, source, now);
    this.deps.send(message, from);
  }

  /** The accessor has sent a text that is no packet: `01` asks for the login reply. */
  handleText(text: Uint8Array, now: number): void {
    // The bytes behind it are padding.
    if (text[0] !== LOGIN || now - this.#answeredAt < ANSWER_PAUSE) return;
    this.#answeredAt = now;
    this.#sendTexts();
  }

  /** The data plane needs keys: a handshake begins at once if it may. */
  wantKeys(now: number): void {
    this.handshakeNeeded(now);
    super.tick(now);
  }

  override keyConfirmed(localIndex: number, now: number): void {
    const isNew = this.handshakeAt === undefined;
    super.keyConfirmed(localIndex, now);
    if (isNew) log.info("accessor connected", { address: formatAddress(this.address) });
  }

  override tick(now: number): void {
    super.tick(now);
    if (this.#repetitions === 0 || !this.canSend(now)) return;
    this.#repetitions--;
    this.#sendTexts();
  }

  /** Sends the login reply, now and with the next ticks. */
  notify(): void {
    this.#repetitions = REPETITIONS;
    this.#sendTexts();
  }

  /** Gives the accessor another address: its keys end with the old one, and we begin a handshake at once. */
  move(address: IpAddress, now: number): void {
    const endpoint = this.deps.plane.endpoint(this.slot);
    this.stop();
    this.address = address;
    this.deps.plane.setSession(this.slot, {
      address,
      ...(endpoint === undefined ? {} : { endpoint: this.deps.codec.encode(endpoint) }),
    });
    this.wantKeys(now);
  }

  close(): void {
    this.stop();
    log.info("accessor's session ended", { address: formatAddress(this.address) });
  }

  #perform(action: SessionAction): void {
    const { plane, indices } = this.deps;
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
        return this.notify();
      case "flush-staged-packets":
        return plane.wantAgain(this.slot);
      case "zero-key-material":
        this.end();
    }
  }

  #initiate(now: number): void {
    const { plane, indices, send, clock } = this.deps;
    const endpoint = plane.endpoint(this.slot);
    if (endpoint === undefined) return;
    const localIndex = indices.allocate(this);
    send(this.createInitiation({ localIndex, wallClock: clock.wallClock(), now }), endpoint);
  }

  #sendTexts(): void {
    const { plane, texts } = this.deps;
    for (const text of texts.texts(this.address)) plane.sealAndSend(this.slot, text);
  }
}
