/**
 * Handshake messages of the exposed socket: finds the token of each, and limits the time that strangers can
 * take. A sender without a token's keys gets no answer at all.
 *
 * ```
 * initiation   -> mac1 -> token -> rate limit -> genuine? -> session -> response
 *                                          -> cookie reply
 * response     -> session that began the handshake
 * cookie reply -> the same
 * ```
 *
 * @module
 */
import { formatAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { CookieChecker } from "../../core/wireguard/cookie.ts";
import { HANDSHAKE_RATE_OPTIONS, HandshakeRateLimiter } from "../../core/wireguard/handshake_rate_limiter.ts";
import { consumeInitiation, type HandshakeRefusal } from "../../core/wireguard/handshake.ts";
import { IndexTable } from "../../core/wireguard/index_table.ts";
import { INITIATION, KEY_LENGTH, receiverIndex, RESPONSE } from "../../core/wireguard/message.ts";
import { getLogger } from "../../program/log.ts";
import { RateLimitedLog } from "./rate_limited_log.ts";
import type { SessionTable } from "./session_table.ts";
import type { TokenPeer, TokenPeers } from "./token_peers.ts";
import { TokenSession, type TokenSessionDeps } from "./token_session.ts";

const log = getLogger("sharing");

/** The collaborators of the handshakes, and of the sessions that come of them. */
export interface HandshakeDeps extends Omit<TokenSessionDeps, "indices"> {
  readonly peers: Pick<TokenPeers, "findPeer" | "size">;
  readonly sessions: SessionTable;
}

/** Handles the handshake messages of one socket. Times are milliseconds on the scale of performance.now(). */
export class Handshakes {
  /**
   * Initiations for `status`: those that were answered; without a known token; forged or repeated; answered with a
   * cookie; beyond the rate limit of their address, or without room for a session.
   */
  readonly counts = { answered: 0, unknown: 0, refused: 0, cookies: 0, shed: 0 };
  /** The numbers of the sessions' handshakes and keys. */
  readonly indices = new IndexTable<TokenSession>();
  readonly #deps: HandshakeDeps & TokenSessionDeps;
  readonly #rateLimiter: HandshakeRateLimiter;
  readonly #refusalLog = new RateLimitedLog();
  readonly #cookies: CookieChecker;

  constructor(deps: HandshakeDeps) {
    this.#deps = { ...deps, indices: this.indices };
    this.#rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, deps.clock.now());
    this.#cookies = new CookieChecker(deps.fillRandom);
  }

  /**
   * Handles a message that classifyMessage knows as an initiation, a response or a cookie reply.
   *
   * @param source the sender's socket address, as the kernel gave it
   * @param from the same as an endpoint
   */
  handle(message: Uint8Array<ArrayBuffer>, source: Uint8Array, from: Endpoint, now: number): void {
    if (message[0] === INITIATION) return this.#handleInitiation(message, source, from, now);
    const session = this.indices.lookup(receiverIndex(message));
    const unknown = message[0] === RESPONSE ? "unknown-handshake" : undefined;
    const reason = session === undefined ? unknown : session.handleReply(message, source, now);
    if (reason !== undefined) this.#logRefusal(reason, from, now);
  }

  /** Logs a refused message; its sender gets no answer. */
  #logRefusal(reason: HandshakeRefusal, from: Endpoint, now: number): void {
    if (!this.#refusalLog.allow(formatAddress(from.address), now)) return;
    log.debug("handshake refused", { endpoint: formatEndpoint(from), reason });
  }

  #handleInitiation(message: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    const { peers, sessions, send, fillRandom } = this.#deps;
    const found = peers.findPeer(message, this.#rateLimiter.searchLimit(peers.size, now));
    if (found === undefined) {
      this.counts.unknown++;
      return this.#logRefusal("invalid-mac1", from, now);
    }
    // A cookie is bound to address and port.
    const place = Uint8Array.of(...from.address.bytes, from.port >> 8, from.port & 0xff);
    const hasCookie = () => this.#cookies.hasValidMac2(message, place, now);
    const decision = this.#rateLimiter.allow(from.address.bytes, now, hasCookie);
    if (decision === "cookie") {
      this.counts.cookies++;
      return send(this.#cookies.createReply(message, found.peer.publicKey, place, now), from);
    }
    if (decision === "drop" || !sessions.hasRoom(found.token)) {
      this.counts.shed++;
      return;
    }
    const localIndex = this.indices.allocate();
    const ephemeralKey = new Uint8Array(KEY_LENGTH);
    fillRandom(ephemeralKey);
    const response = consumeInitiation(found.peer, message, { localIndex, ephemeralKey, now });
    if (typeof response === "string") {
      this.indices.release(localIndex);
      this.counts.refused++;
      return this.#logRefusal(response, from, now);
    }
    const session = this.#sessionOf(found, source);
    if (session === undefined) return this.indices.release(localIndex);
    this.counts.answered++;
    session.respond(response, source, from, now);
  }

  /** The session of a token, made now if there is none; undefined where the token has just been taken away. */
  #sessionOf(of: TokenPeer, source: Uint8Array): TokenSession | undefined {
    const { sessions, plane } = this.#deps;
    const known = sessions.get(of.token);
    if (known instanceof TokenSession) return known;
    const address = sessions.addressOf(of.token);
    if (address === undefined) return undefined;
    return sessions.begin(of.token, (slot, end) => {
      plane.setSession(slot, { address, endpoint: source });
      return new TokenSession(of, slot, address, end, this.#deps);
    });
  }
}
