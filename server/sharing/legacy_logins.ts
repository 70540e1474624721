/**
 * The original's accessors: they log in with `01` and the token in clear, which anyone can read who can read the
 * network (docs/guide/security.md). A session is bound to the endpoint that the token came from.
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Token } from "../../core/config/config.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { LOGIN } from "../../core/token/login.ts";
import { SESSION_LIMITS } from "../../core/wireguard/limits.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { getLogger } from "../../program/log.ts";
import type { LoginTexts } from "./login_texts.ts";
import { RateLimitedLog } from "./rate_limited_log.ts";
import type { AccessorSession, SessionTable } from "./session_table.ts";
import { TokenSession } from "./token_session.ts";

const log = getLogger("sharing");

/** The answer to a sender that has to log in first: docs/internals/protocol.md, "Plaintext". */
const NOT_LOGGED_IN = Uint8Array.of(2);

/** A session that is silent for as long as a WireGuard session lives is over. */
const SILENCE_LIMIT = SESSION_LIMITS.rejectAfterTime;

/**
 * Finds the token of a login. They are looked up by a keyed hash, so that the time of the search does not tell how much
 * of a guess was right.
 */
export class TokenIndex {
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  #tokens = new Map<string, Token>();

  /** Applies the tokens of a configuration. */
  update(tokens: readonly Token[]): void {
    const encoder = new TextEncoder();
    this.#tokens = new Map(tokens.map((token) => [this.#digest(encoder.encode(token.name)), token]));
  }

  /** The token of a login, undefined if it is of none. */
  find(login: Uint8Array): Token | undefined {
    return login[0] === LOGIN ? this.#tokens.get(this.#digest(login.subarray(1))) : undefined;
  }

  #digest(token: Uint8Array): string {
    return bytesToHex(hmac(sha256, this.#key, token));
  }
}

export interface LegacyDeps {
  readonly plane: Pick<SessionController, "setSession" | "traffic">;
  readonly sessions: SessionTable;
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** The login replies. */
  readonly texts: Pick<LoginTexts, "wholeText">;
}

/** Admits the plaintext sessions of one socket. Times are milliseconds on the scale of performance.now(). */
export class LegacyLogins {
  isOn = false;
  /** Datagrams that mean nothing. */
  malformed = 0;
  readonly refusals: RateLimitedLog = new RateLimitedLog();
  readonly #tokens = new TokenIndex();

  constructor(readonly deps: LegacyDeps) {}

  update(tokens: readonly Token[], isOn: boolean): void {
    this.isOn = isOn;
    this.#tokens.update(isOn ? tokens : []);
  }

  /**
   * Takes a datagram that is no message of WireGuard: of a packet, the first byte.
   *
   * @param source the sender's socket address
   */
  take(datagram: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    if (datagram[0] === LOGIN && (datagram[1] ?? 0) !== 0) this.#takeLogin(datagram, source, from, now);
    // No token begins with a zero, so this is a message of WireGuard that was cut or changed.
    else if (datagram[0] === LOGIN) this.malformed++;
    // Its first login comes as 00 and is repeated as 01 when this is the answer.
    else if (this.isOn) this.deps.send(NOT_LOGGED_IN, from);
    else this.malformed++;
  }

  #takeLogin(login: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    if (!this.isOn) {
      return this.#refuse(from, now, 'it sends its token in clear; see "expose ADDRESS:PORT legacy"');
    }
    const token = this.#tokens.find(login);
    if (token === undefined) return this.#refuse(from, now, "the token is unknown");
    const { sessions } = this.deps;
    const { name, address } = token;
    const known = sessions.get(name);
    // It may be a recorded login, which must not end a session that is alive.
    if (known instanceof TokenSession && known.canSend(now)) {
      return this.#refuse(from, now, `${formatAddress(address)} is logged in by WireGuard`);
    }
    const former = known instanceof LegacySession ? known : undefined;
    if (former !== undefined && equalEndpoint(former.endpoint, from)) return former.notify();
    const session = sessions.begin(name, (slot, end) => {
      this.deps.plane.setSession(slot, { address, endpoint: source, legacy: true });
      return new LegacySession(slot, address, from, now, end, this.deps);
    });
    if (session === undefined) return this.#refuse(from, now, "there is no room for more sessions");
    if (former === undefined) {
      const fields = { address: formatAddress(address), endpoint: formatEndpoint(from) };
      log.info("accessor connected, without encryption", fields);
    }
    session.notify();
  }

  #refuse(from: Endpoint, now: number, reason: string): void {
    const address = formatAddress(from.address);
    if (!this.refusals.allow(address, now)) return;
    log.warn("plaintext login refused", { address, reason, refused: this.refusals.count });
  }
}

class LegacySession implements AccessorSession {
  readonly isLegacy = true;

  constructor(
    readonly slot: number,
    readonly address: IpAddress,
    readonly endpoint: Endpoint,
    readonly handshakeAt: number,
    readonly end: () => void,
    readonly deps: Pick<LegacyDeps, "plane" | "send" | "texts">,
  ) {}

  /** The accessor has to log in again. */
  move(): void {
    this.end();
  }

  notify(): void {
    this.deps.send(this.deps.texts.wholeText(this.address), this.endpoint);
  }

  /** Ends it when it has been silent for too long, by the clock that stands while the machine sleeps. */
  tick(now: number): void {
    const heardAt = Math.max(this.handshakeAt, this.deps.plane.traffic(this.slot).receivedAt);
    if (now - heardAt > SILENCE_LIMIT) this.end();
  }
}
