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
import { getLogger } from "../../program/log.ts";
import { HANDSHAKE_RATE_OPTIONS, HandshakeRateLimiter } from "../../core/wireguard/handshake_rate_limiter.ts";
import { CookieChecker } from "../../core/wireguard/cookie.ts";
import { INITIATION, KEY_LENGTH, receiverIndex, RESPONSE } from "../../core/wireguard/message.ts";
import type { HandshakeRefusal } from "../../core/wireguard/handshake_refusal.ts";
import type { IndexTable } from "../../core/wireguard/index_table.ts";
import { consumeInitiation } from "../../core/wireguard/responder.ts";
import { RateLimitedLog } from "./rate_limited_log.ts";
import type { TokenPeer, TokenPeers } from "./token_peers.ts";
import type { TokenSession } from "./token_session.ts";

const log = getLogger("sharing");

/** The collaborators of the handshakes. */
export interface HandshakeDeps {
  readonly peers: Pick<TokenPeers, "findPeer" | "size">;
  readonly indices: IndexTable<TokenSession>;
  /** Sends a datagram; what the network refuses is lost. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** Whether there is a session for the token, or room for one. */
  readonly hasRoom: (of: TokenPeer) => boolean;
  /** The session of a token, made now if there is none; undefined where that cannot be. */
  readonly sessionOf: (of: TokenPeer, source: Uint8Array) => TokenSession | undefined;
}

/** Counts of handshake messages, for `status`. */
export interface HandshakeCounts {
  /** Handshakes that were answered. */
  answered: number;
  /** Initiations without a known token. */
  unknown: number;
  /** Initiations that were forged or repeated. */
  refused: number;
  /** Cookies that were sent in place of an answer. */
  cookies: number;
  /** Initiations beyond the rate limit of their address, or for which there was no room. */
  shed: number;
  /** Refused initiations and responses, by reason. */
  readonly reasons: Partial<Record<HandshakeRefusal, number>>;
}

/** Handles the handshake messages of one socket. Times are milliseconds on the scale of performance.now(). */
export class Handshakes {
  readonly counts: HandshakeCounts = {
    answered: 0,
    unknown: 0,
    refused: 0,
    cookies: 0,
    shed: 0,
    reasons: {},
  };
  readonly #deps: HandshakeDeps;
  readonly #rateLimiter: HandshakeRateLimiter;
  readonly #refusalLog = new RateLimitedLog();
  readonly #cookies = new CookieChecker((bytes) => crypto.getRandomValues(bytes));

  constructor(deps: HandshakeDeps, now: number) {
    this.#deps = deps;
    this.#rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, now);
  }

  /**
   * Handles a message that classifyMessage knows as an initiation, a response or a cookie reply.
   *
   * @param source the sender's socket address, as the kernel gave it
   * @param from the same as an endpoint
   */
  handle(message: Uint8Array<ArrayBuffer>, source: Uint8Array, from: Endpoint, now: number): void {
    if (message[0] === INITIATION) return this.#handleInitiation(message, source, from, now);
    const session = this.#deps.indices.lookup(receiverIndex(message));
    const unknown = message[0] === RESPONSE ? "unknown-handshake" : undefined;
    const reason = session === undefined ? unknown : session.handleReply(message, source, now);
    if (reason !== undefined) this.#refuse(reason, from, now);
  }

  /** Counts and logs a refused message; its sender gets no answer. */
  #refuse(reason: HandshakeRefusal, from: Endpoint, now: number): void {
    this.counts.reasons[reason] = (this.counts.reasons[reason] ?? 0) + 1;
    if (!this.#refusalLog.allow(formatAddress(from.address), now)) return;
    log.debug("handshake refused", { endpoint: formatEndpoint(from), reason });
  }

  #handleInitiation(message: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    const { peers, indices, hasRoom, sessionOf, send } = this.#deps;
    const found = peers.findPeer(message, this.#rateLimiter.searchLimit(peers.size, now));
    if (found === undefined) {
      this.counts.unknown++;
      return this.#refuse("invalid-mac1", from, now);
    }
    const place = bytesOf(from);
    const hasCookie = () => this.#cookies.hasValidMac2(message, place, now);
    const decision = this.#rateLimiter.allow(from.address.bytes, now, hasCookie);
    if (decision === "cookie") {
      this.counts.cookies++;
      return send(this.#cookies.createReply(message, found.peer.publicKey, place, now), from);
    }
    if (decision === "drop" || !hasRoom(found)) {
      this.counts.shed++;
      return;
    }
    const localIndex = indices.allocate();
    const ephemeralKey = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
    const response = consumeInitiation(found.peer, message, { localIndex, ephemeralKey, now });
    if (typeof response === "string") {
      indices.release(localIndex);
      this.counts.refused++;
      return this.#refuse(response, from, now);
    }
    const session = sessionOf(found, source);
    if (session === undefined) {
      indices.release(localIndex);
      return;
    }
    this.counts.answered++;
    session.respond(response, source, from, now);
  }
}

/** Address and port, which a cookie is bound to. */
function bytesOf({ address, port }: Endpoint): Uint8Array {
  return Uint8Array.of(...address.bytes, port >> 8, port & 0xff);
}
