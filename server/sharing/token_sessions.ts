/**
 * The WireGuard sessions of one socket, one for each token that is in use.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { Token } from "../../core/config/config.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { LOGIN } from "../../core/token/login.ts";
import { IndexTable } from "../../core/wireguard/index_table.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import type { SlotPool } from "./slot_pool.ts";
import type { TokenPeer } from "./token_peers.ts";
import { TokenSession, type TokenSessionDeps } from "./token_session.ts";

const log = getLogger("sharing");

/** The least milliseconds between two answers to the questions of one accessor. */
const ANSWER_PAUSE = 100;
/**
 * A text may get lost, and the accessor does not know that there was one; so each is sent so many times more,
 * with a tick between.
 */
const REPETITIONS = 2;

/** The collaborators of the sessions. */
export interface TokenSessionsDeps extends Pick<TokenSessionDeps, "send" | "encode" | "limits"> {
  readonly plane: TokenSessionDeps["plane"] & Pick<SessionController, "removeSession">;
  readonly pool: SlotPool;
  /** The login reply for an accessor with this address. */
  readonly texts: (address: IpAddress) => readonly Uint8Array[];
  /** The address that a token has in the configuration. */
  readonly addressOf: (token: string) => IpAddress | undefined;
  /** There is a session now, after there was none. */
  readonly onFirst: () => void;
}

/** A session, and what it was last sent. */
interface NotifyState {
  readonly session: TokenSession;
  answeredAt: number;
  repetitions: number;
}

/** The sessions. Times are milliseconds on the scale of performance.now(). */
export class TokenSessions {
  /** The numbers of their handshakes and keys. */
  readonly indices = new IndexTable<TokenSession>();
  readonly #deps: TokenSessionsDeps;
  readonly #session: TokenSessionDeps;
  readonly #byToken = new Map<string, NotifyState>();
  readonly #bySlot = new Map<number, NotifyState>();

  constructor(deps: TokenSessionsDeps) {
    this.#deps = deps;
    this.#session = {
      ...deps,
      indices: this.indices,
      onEstablished: (session) => this.#notify(session.slot),
      onExpired: (session) => this.end(session.of.token),
    };
  }

  /** All sessions. */
  get all(): TokenSession[] {
    return [...this.#byToken.values()].map(({ session }) => session);
  }

  /** The count of sessions. */
  get count(): number {
    return this.#byToken.size;
  }

  /** Checks that a token has a session. */
  has(token: string): boolean {
    return this.#byToken.has(token);
  }

  /**
   * The session of a token, made now if there is none.
   *
   * @param source the socket address that the accessor spoke from
   * @returns undefined where there is no room, or the token has just been taken away
   */
  sessionOf(of: TokenPeer, source: Uint8Array): TokenSession | undefined {
    const known = this.#byToken.get(of.token)?.session;
    if (known !== undefined) return known;
    const address = this.#deps.addressOf(of.token);
    const slot = address === undefined ? undefined : this.#deps.pool.take();
    if (address === undefined || slot === undefined) return undefined;
    const session = new TokenSession(of, { slot, address, source }, this.#session);
    const state = { session, answeredAt: -Infinity, repetitions: 0 };
    this.#byToken.set(of.token, state);
    this.#bySlot.set(slot, state);
    if (this.#byToken.size === 1) this.#deps.onFirst();
    return session;
  }

  /**
   * Applies the tokens of a configuration: ends the sessions of those that are gone, moves those with
   * another address.
   */
  update(tokens: readonly Token[], now: number): void {
    const addresses = new Map(tokens.map(({ name, address }) => [name, address]));
    for (const [token, { session }] of this.#byToken) {
      const address = addresses.get(token);
      if (address === undefined) this.end(token);
      else if (!equalAddress(address, session.address)) session.move(address, now);
    }
  }

  /** Sends the login reply to all accessors, because something has changed. */
  notifyAll(): void {
    for (const slot of this.#bySlot.keys()) this.#notify(slot);
  }

  /** An accessor has sent a text that is no packet: `01` asks for the login reply. */
  handleText(slot: number, text: Uint8Array, now: number): void {
    const state = this.#bySlot.get(slot);
    // The bytes behind it are padding.
    if (state === undefined || text[0] !== LOGIN || now - state.answeredAt < ANSWER_PAUSE) return;
    state.answeredAt = now;
    this.#send(state);
  }

  /** The data plane needs keys for a session. */
  handshakeNeeded(slot: number, now: number): void {
    const session = this.#bySlot.get(slot)?.session;
    session?.handshakeNeeded(now);
    session?.tick(now);
  }

  /** The data plane has received the first message by these keys. */
  keyConfirmed(slot: number, localIndex: number, now: number): void {
    const session = this.#bySlot.get(slot)?.session;
    if (session === undefined) return;
    const isNew = session.handshakeAt === undefined;
    session.keyConfirmed(localIndex, now);
    if (isNew) log.info("accessor connected", { address: formatAddress(session.address) });
  }

  /** Performs what is due. */
  tick(now: number): void {
    for (const state of [...this.#byToken.values()]) {
      state.session.tick(now);
      if (state.repetitions === 0 || !state.session.canSend(now)) continue;
      state.repetitions--;
      this.#send(state);
    }
  }

  /** The machine has slept for so many milliseconds. */
  slept(milliseconds: number): void {
    for (const { session } of this.#byToken.values()) session.slept(milliseconds);
  }

  /** Ends a token's session at once. */
  end(token: string): void {
    const state = this.#byToken.get(token);
    if (state === undefined) return;
    const { session } = state;
    this.#byToken.delete(token);
    this.#bySlot.delete(session.slot);
    session.stop();
    this.#deps.plane.removeSession(session.slot);
    this.#deps.pool.giveBack(session.slot);
    log.info("accessor's session ended", { address: formatAddress(session.address) });
  }

  /** Ends a token's session unless it is alive; false if it is. */
  releaseTo(token: string, now: number): boolean {
    if (this.#byToken.get(token)?.session.canSend(now) === true) return false;
    this.end(token);
    return true;
  }

  #notify(slot: number): void {
    const state = this.#bySlot.get(slot);
    if (state === undefined) return;
    state.repetitions = REPETITIONS;
    this.#send(state);
  }

  #send({ session }: NotifyState): void {
    for (const text of this.#deps.texts(session.address)) {
      this.#deps.plane.sealAndSend(session.slot, text);
    }
  }
}
