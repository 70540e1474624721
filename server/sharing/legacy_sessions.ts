/**
 * Sessions of the original's accessors: plaintext, bound to the endpoint that the token came from.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { Token } from "../../core/config/config.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { LOGIN } from "../../core/token/login.ts";
import { SESSION_LIMITS } from "../../core/wireguard/limits.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { NOT_LOGGED_IN, type TokenIndex } from "./legacy_logins.ts";
import { RateLimitedLog } from "./rate_limited_log.ts";
import type { SlotPool } from "./slot_pool.ts";

const log = getLogger("sharing");

/** A session that is silent for as long as a WireGuard session lives is over. */
const SILENCE_LIMIT = SESSION_LIMITS.rejectAfterTime;

/** One plaintext session. */
export interface LegacySession {
  readonly slot: number;
  readonly address: IpAddress;
  readonly endpoint: Endpoint;
  /** Milliseconds on the scale of performance.now(). */
  readonly loggedInAt: number;
}

/** The collaborators of the sessions. */
export interface LegacyDeps {
  readonly plane: Pick<SessionController, "setSession" | "removeSession" | "traffic">;
  readonly pool: SlotPool;
  readonly tokens: TokenIndex;
  readonly send: (message: Uint8Array<ArrayBuffer>, to: Endpoint) => void;
  /** The login reply for an address. */
  readonly reply: (address: IpAddress) => Uint8Array<ArrayBuffer>;
  /**
   * Ends the token's WireGuard session unless that is alive: a plaintext login may be a recorded one, and
   * must not end it. False if it is.
   */
  readonly evictOther: (token: string) => boolean;
  /** There is a session now, after there was none. */
  readonly onFirst: () => void;
}

/** The plaintext sessions of one socket. Times are milliseconds on the scale of performance.now(). */
export class LegacySessions {
  /** Whether logins are admitted. */
  isOn = false;
  /** Datagrams that mean nothing. */
  malformed = 0;
  readonly refusals: RateLimitedLog = new RateLimitedLog();
  readonly #deps: LegacyDeps;
  readonly #sessions = new Map<string, LegacySession>();

  constructor(deps: LegacyDeps) {
    this.#deps = deps;
  }

  /** All sessions. */
  get all(): LegacySession[] {
    return [...this.#sessions.values()];
  }

  /** The count of sessions. */
  get count(): number {
    return this.#sessions.size;
  }

  /** Checks that a token has a session. */
  has(token: string): boolean {
    return this.#sessions.has(token);
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
    else if (this.isOn) this.#deps.send(NOT_LOGGED_IN, from);
    else this.malformed++;
  }

  /** Ends the sessions of tokens that are gone or moved, or all when plaintext is off. */
  update(tokens: readonly Token[], isOn: boolean): void {
    this.isOn = isOn;
    const addresses = new Map(tokens.map(({ name, address }) => [name, address]));
    for (const [name, session] of this.#sessions) {
      const address = addresses.get(name);
      if (!isOn || address === undefined || !equalAddress(address, session.address)) this.end(name);
    }
  }

  /** Sends the login reply to all accessors. */
  notifyAll(): void {
    for (const { address, endpoint } of this.#sessions.values()) {
      this.#deps.send(this.#deps.reply(address), endpoint);
    }
  }

  /** Ends what has been silent for too long. */
  tick(now: number): void {
    for (const [name, { slot, loggedInAt }] of this.#sessions) {
      const heardAt = Math.max(loggedInAt, this.#deps.plane.traffic(slot).receivedAt);
      if (now - heardAt > SILENCE_LIMIT) this.end(name);
    }
  }

  /** Ends a token's session, if it has one. */
  end(name: string): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    this.#sessions.delete(name);
    this.#deps.plane.removeSession(session.slot);
    this.#deps.pool.giveBack(session.slot);
  }

  #takeLogin(login: Uint8Array, source: Uint8Array, from: Endpoint, now: number): void {
    if (!this.isOn) {
      return this.#refuse(from, now, 'it sends its token in clear; see "expose ADDRESS:PORT legacy"');
    }
    const token = this.#deps.tokens.find(login);
    if (token === undefined) return this.#refuse(from, now, "the token is unknown");
    if (!this.#deps.evictOther(token.name)) {
      return this.#refuse(from, now, `${formatAddress(token.address)} is logged in by WireGuard`);
    }
    const known = this.#sessions.get(token.name);
    if (known === undefined || !equalEndpoint(known.endpoint, from)) {
      this.end(token.name);
      const slot = this.#deps.pool.take();
      if (slot === undefined) return this.#refuse(from, now, "there is no room for more sessions");
      this.#deps.plane.setSession(slot, { address: token.address, endpoint: source, legacy: true });
      if (this.#sessions.size === 0) this.#deps.onFirst();
      this.#sessions.set(token.name, { slot, address: token.address, endpoint: from, loggedInAt: now });
      if (known === undefined) {
        const fields = { address: formatAddress(token.address), endpoint: formatEndpoint(from) };
        log.info("accessor connected, without encryption", fields);
      }
    }
    this.#deps.send(this.#deps.reply(token.address), from);
  }

  #refuse(from: Endpoint, now: number, reason: string): void {
    const address = formatAddress(from.address);
    if (!this.refusals.allow(address, now)) return;
    log.warn("plaintext login refused", { address, reason, refused: this.refusals.count });
  }
}
