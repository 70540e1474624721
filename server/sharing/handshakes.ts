/**
 * The handshake messages of the exposed socket: who may take how much of this machine's time, and whom each is for. Whoever does not
 * know a token's keys gets no answer at all.
 *
 * ```
 * initiation   -> mac1 -> token -> share of the time -> genuine? -> session -> response
 *                                                    -> cookie reply
 * response     -> session that began the handshake
 * cookie reply -> the same
 * ```
 *
 * @module
 */
import type { Endpoint } from "../../core/net/endpoint.ts";
import { ADMISSION_LIMITS, HandshakeAdmission } from "../../core/wireguard/handshake_rate_limiter.ts";
import { CookieIssuer } from "../../core/wireguard/cookie.ts";
import { INITIATION, KEY_LENGTH, receiverIndex, RESPONSE } from "../../core/wireguard/message.ts";
import { respond } from "../../core/wireguard/responder.ts";
import type { LocalIndices } from "./index_table.ts";
import type { TokenPeer, TokenPeers } from "./token_peers.ts";
import type { TokenSession } from "./token_session.ts";

/** What handshakes work with. */
export interface HandshakeParts {
  readonly peers: Pick<TokenPeers, "find" | "size">;
  readonly indices: LocalIndices<TokenSession>;
  /** Sends a datagram; what the network refuses is lost. */
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** Whether there is a session for the token, or room for one. */
  readonly hasRoom: (of: TokenPeer) => boolean;
  /** The session of a token, made now if there is none; undefined where that cannot be. */
  readonly sessionOf: (of: TokenPeer, source: Uint8Array) => TokenSession | undefined;
}

/** What became of the messages, for `status`. */
export interface HandshakeCounts {
  /** Handshakes that were answered. */
  answered: number;
  /** Initiations that no token was used for. */
  unknown: number;
  /** Initiations that were forged or repeated. */
  refused: number;
  /** Cookies that were sent in place of an answer. */
  cookies: number;
  /** Initiations of addresses that have had their share, or for which there was no room. */
  shed: number;
}

/** Takes the handshake messages of one socket. Times are milliseconds on the scale of performance.now(). */
export class Handshakes {
  readonly counts: HandshakeCounts = { answered: 0, unknown: 0, refused: 0, cookies: 0, shed: 0 };
  readonly #parts: HandshakeParts;
  readonly #admission: HandshakeAdmission;
  readonly #cookies = new CookieIssuer((octets) => crypto.getRandomValues(octets));

  constructor(parts: HandshakeParts, now: number) {
    this.#parts = parts;
    this.#admission = new HandshakeAdmission(ADMISSION_LIMITS, now);
  }

  /**
   * Takes a message that classifyMessage knows as an initiation, a response or a cookie reply.
   *
   * @param source the sender's socket address, as the kernel gave it
   * @param from the same as an endpoint
   */
  take(message: Uint8Array<ArrayBuffer>, source: Uint8Array, from: Endpoint, now: number): void {
    if (message[0] === INITIATION) return this.#takeInitiation(message, source, from, now);
    const session = this.#parts.indices.ownerOf(receiverIndex(message));
    if (message[0] === RESPONSE) session?.takeResponse(message, source, now);
    else session?.takeCookie(message, now);
  }

  #takeInitiation(message: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    const { peers, indices, hasRoom, sessionOf, send } = this.#parts;
    const found = peers.find(message, this.#admission.searchLimit(peers.size, now));
    if (found === undefined) {
      this.counts.unknown++;
      return;
    }
    const place = octetsOf(from);
    const hasCookie = () => this.#cookies.hasValidMac2(message, place, now);
    const admission = this.#admission.admit(from.address.bytes, now, hasCookie);
    if (admission === "cookie") {
      this.counts.cookies++;
      return send(this.#cookies.reply(message, found.peer.publicKey, place, now), from);
    }
    if (admission === "drop" || !hasRoom(found)) {
      this.counts.shed++;
      return;
    }
    const localIndex = indices.allocate();
    const ephemeralKey = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
    const response = respond(found.peer, message, { localIndex, ephemeralKey, now });
    if (response === undefined) {
      indices.release(localIndex);
      this.counts.refused++;
      return;
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
function octetsOf({ address, port }: Endpoint): Uint8Array {
  return Uint8Array.of(...address.bytes, port >> 8, port & 0xff);
}
