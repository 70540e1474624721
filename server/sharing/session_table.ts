/**
 * The sessions of one exposed socket: at most one for each token, each with a slot of the data plane.
 *
 * @module
 */
import type { Token } from "../../core/config/config.ts";
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import type { SessionController } from "../../dataplane/sessions/session_controller.ts";

/** The session of one accessor. Times are milliseconds on the scale of performance.now(). */
export interface AccessorSession {
  readonly slot: number;
  readonly address: IpAddress;
  /** Whether it is the original's, in plaintext. */
  readonly isLegacy: boolean;
  /** The time of its last handshake or its login; undefined before the first. */
  readonly handshakeAt: number | undefined;
  /** The token has another address. */
  move(address: IpAddress, now: number): void;
  /** Sends the login reply, because something has changed. */
  notify(): void;
  tick(now: number): void;
  /** The machine has slept for so many milliseconds. In plaintext nothing ages by that: silence is not sleep. */
  slept?(milliseconds: number): void;
  /** The session has ended: its keys are to go, if it has any. */
  close?(): void;
}

export interface SessionTableDeps {
  readonly plane: Pick<SessionController, "removeSession">;
  /** How many slots there are, from 0. */
  readonly slots: number;
  /** There is a session now, after there was none. */
  readonly onFirst: () => void;
}

export class SessionTable {
  /** The one that was given back longest ago comes first, so that late news of a former session meets nobody. */
  readonly #freeSlots: number[];
  readonly #byToken = new Map<string, AccessorSession>();
  readonly #bySlot = new Map<number, AccessorSession>();
  #addresses: ReadonlyMap<string, IpAddress> = new Map();

  constructor(readonly deps: SessionTableDeps) {
    this.#freeSlots = Array.from({ length: deps.slots }, (_, slot) => slot);
  }

  get all(): AccessorSession[] {
    return [...this.#byToken.values()];
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** The address that a token has in the configuration. */
  addressOf(token: string): IpAddress | undefined {
    return this.#addresses.get(token);
  }

  get(token: string): AccessorSession | undefined {
    return this.#byToken.get(token);
  }

  at(slot: number): AccessorSession | undefined {
    return this.#bySlot.get(slot);
  }

  /** Whether a token has a session, or there is room for one. */
  hasRoom(token: string): boolean {
    return this.#byToken.has(token) || this.#freeSlots.length > 0;
  }

  /**
   * Begins a session, in place of the token's former one.
   *
   * @param create makes it; `end` is what it calls when it is over
   * @returns undefined where no slot is free
   */
  begin<S extends AccessorSession>(
    token: string,
    create: (slot: number, end: () => void) => S,
  ): S | undefined {
    this.end(token);
    const slot = this.#freeSlots.shift();
    if (slot === undefined) return undefined;
    const session = create(slot, () => this.end(token));
    this.#byToken.set(token, session);
    this.#bySlot.set(slot, session);
    if (this.size === 1) this.deps.onFirst();
    return session;
  }

  /** Ends a token's session at once, if it has one. */
  end(token: string): void {
    const session = this.#byToken.get(token);
    if (session === undefined) return;
    const { slot } = session;
    this.#byToken.delete(token);
    this.#bySlot.delete(slot);
    session.close?.();
    this.deps.plane.removeSession(slot);
    this.#freeSlots.push(slot);
  }

  /**
   * Applies the tokens of a configuration: ends the sessions of those that are gone, moves those with another
   * address.
   *
   * @param legacy whether sessions in plaintext may stay
   */
  update(tokens: readonly Token[], legacy: boolean, now: number): void {
    this.#addresses = new Map(tokens.map(({ name, address }) => [name, address]));
    for (const [token, session] of [...this.#byToken]) {
      const address = this.#addresses.get(token);
      if (address === undefined || (session.isLegacy && !legacy)) this.end(token);
      else if (!equalAddress(address, session.address)) session.move(address, now);
    }
  }
}
