/**
 * The WireGuard sessions of one socket, one for each token that is in use.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { Token } from "../../core/config/config.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { LOGIN } from "../../core/token/login.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";
import { LocalIndices } from "./index_table.ts";
import type { SlotPool } from "./slot_pool.ts";
import type { TokenPeer } from "./token_peers.ts";
import { TokenSession, type TokenSessionParts } from "./token_session.ts";

const log = getLogger("sharing");

/** The least milliseconds between two answers to the questions of one accessor. */
const ANSWER_PAUSE = 100;
/** A text may get lost, and the accessor does not know that there was one; so each is sent so many times more, with a tick between. */
const REPETITIONS = 2;

/** What the sessions work with. */
export interface TokenSessionsParts extends Pick<TokenSessionParts, "send" | "encode" | "limits"> {
  readonly plane: TokenSessionParts["plane"] & Pick<SessionController, "removeSession">;
  readonly pool: SlotPool;
  /** What an accessor with this address is told. */
  readonly texts: (address: IpAddress) => readonly Uint8Array[];
  /** The address that a token has in the configuration. */
  readonly addressOf: (token: string) => IpAddress | undefined;
  /** There is a session now, after there was none. */
  readonly onFirst: () => void;
}

/** A session, and when it was told what. */
interface Told {
  readonly session: TokenSession;
  answeredAt: number;
  repetitions: number;
}

/** The sessions. Times are milliseconds on the scale of performance.now(). */
export class TokenSessions {
  /** The numbers of their handshakes and keys. */
  readonly indices = new LocalIndices<TokenSession>();
  readonly #parts: TokenSessionsParts;
  readonly #session: TokenSessionParts;
  readonly #byToken = new Map<string, Told>();
  readonly #bySlot = new Map<number, Told>();

  constructor(parts: TokenSessionsParts) {
    this.#parts = parts;
    this.#session = {
      ...parts,
      indices: this.indices,
      onReady: (session) => this.#tell(session.slot),
      onForgotten: (session) => this.end(session.of.token),
    };
  }

  /** All sessions. */
  get all(): TokenSession[] {
    return [...this.#byToken.values()].map(({ session }) => session);
  }

  /** How many there are. */
  get count(): number {
    return this.#byToken.size;
  }

  /** Whether a token has a session. */
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
    const address = this.#parts.addressOf(of.token);
    const slot = address === undefined ? undefined : this.#parts.pool.take();
    if (address === undefined || slot === undefined) return undefined;
    const session = new TokenSession(of, { slot, address, source }, this.#session);
    const told = { session, answeredAt: -Infinity, repetitions: 0 };
    this.#byToken.set(of.token, told);
    this.#bySlot.set(slot, told);
    if (this.#byToken.size === 1) this.#parts.onFirst();
    return session;
  }

  /** Puts the tokens of a configuration in force: ends the sessions of those that are gone, moves those with another address. */
  update(tokens: readonly Token[], now: number): void {
    const addresses = new Map(tokens.map(({ name, address }) => [name, address]));
    for (const [token, { session }] of this.#byToken) {
      const address = addresses.get(token);
      if (address === undefined) this.end(token);
      else if (!equalAddress(address, session.address)) session.move(address, now);
    }
  }

  /** Tells all accessors anew, because something has changed. */
  tellAll(): void {
    for (const slot of this.#bySlot.keys()) this.#tell(slot);
  }

  /** An accessor has sent a text that is no packet: `01` asks for the login reply. */
  takeText(slot: number, text: Uint8Array, now: number): void {
    const told = this.#bySlot.get(slot);
    // The octets behind it are padding.
    if (told === undefined || text[0] !== LOGIN || now - told.answeredAt < ANSWER_PAUSE) return;
    told.answeredAt = now;
    this.#send(told);
  }

  /** The data plane wants keys for a session. */
  wanted(slot: number, now: number): void {
    this.#bySlot.get(slot)?.session.wanted(now);
  }

  /** The data plane has received the first message by these keys. */
  confirmed(slot: number, localIndex: number, now: number): void {
    const session = this.#bySlot.get(slot)?.session;
    if (session === undefined) return;
    const isNew = session.handshakeAt === undefined;
    session.confirmed(localIndex, now);
    if (isNew) log.info("accessor connected", { address: formatAddress(session.address) });
  }

  /** Does what is due. */
  tick(now: number): void {
    for (const told of [...this.#byToken.values()]) {
      told.session.tick(now);
      if (told.repetitions === 0 || !told.session.canSend(now)) continue;
      told.repetitions--;
      this.#send(told);
    }
  }

  /** The machine has slept for so many milliseconds. */
  slept(milliseconds: number): void {
    for (const { session } of this.#byToken.values()) session.slept(milliseconds);
  }

  /** Ends a token's session at once. */
  end(token: string): void {
    const told = this.#byToken.get(token);
    if (told === undefined) return;
    const { session } = told;
    this.#byToken.delete(token);
    this.#bySlot.delete(session.slot);
    session.end();
    this.#parts.plane.removeSession(session.slot);
    this.#parts.pool.giveBack(session.slot);
    log.info("accessor's session ended", { address: formatAddress(session.address) });
  }

  /** Ends a token's session unless it is alive; false if it is. */
  yieldTo(token: string, now: number): boolean {
    if (this.#byToken.get(token)?.session.canSend(now) === true) return false;
    this.end(token);
    return true;
  }

  #tell(slot: number): void {
    const told = this.#bySlot.get(slot);
    if (told === undefined) return;
    told.repetitions = REPETITIONS;
    this.#send(told);
  }

  #send({ session }: Told): void {
    for (const text of this.#parts.texts(session.address)) {
      this.#parts.plane.sealAndSend(session.slot, text);
    }
  }
}
