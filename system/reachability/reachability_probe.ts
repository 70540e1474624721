import type { Clock } from "../../core/async/clock.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type IcmpSocket, openIcmpSocket } from "../../ffi/icmp/icmp_socket.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { type ConnectAttempt, startConnecting } from "../../ffi/tcp/connect_attempt.ts";
import { isLack } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/**
 * Milliseconds after the requests at which it is looked whether replies have come. The first is longer than nearly every round
 * trip, so that one look is all that a sound system costs; after the second, those that are silent are asked by TCP.
 */
const LOOKS = [40, 300, 700, 1000] as const;
const TCP_AFTER = 300;

/** Replies that are read at one look: more than all that were asked for, twice. */
const MAX_REPLIES = 512;
/** A port that is asked where none is known: hardly anything listens on it, and most containers refuse. */
const OTHER_PORT = 9;

/** Who is asked. */
export interface ProbedAddress {
  readonly address: IpAddress;
  /** Where it is asked by TCP; undefined: no port is known. */
  readonly port: number | undefined;
}

/**
 * Asks addresses whether they answer, by the kernel's routes as every program of this machine: an ICMP echo request, and TCP for
 * those that do not answer it. Nothing runs between two calls, and no thread waits.
 */
export class ReachabilityProbe implements Disposable {
  readonly #clock: Clock;
  readonly #sockets = new Map<4 | 6, IcmpSocket | undefined>();
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;
  #sequence = 0;
  /** The address of each request since the call before the last. */
  #sent = new Map<number, string>();
  #sentBefore = new Map<number, string>();

  constructor(clock: Clock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  /**
   * Asks all of them at once; one call has to end before the next.
   *
   * @returns for each whether it has answered, within a second or before the disposal
   * @throws {SystemError} where this system lacks descriptors or memory, so that silence would tell nothing
   */
  async ask(asked: readonly ProbedAddress[]): Promise<boolean[]> {
    const waiting = new Set(asked.map(({ address }) => formatAddress(address)));
    this.#sentBefore = this.#sent;
    this.#sent = new Map();
    for (const { address } of asked) await this.#send(address);
    using attempts = new DisposableStack();
    const connecting = new Map<string, ConnectAttempt>();
    let before = 0;
    for (const look of LOOKS) {
      await this.#pause(look - before);
      if (this.#isClosed) break;
      before = look;
      this.#collect(waiting);
      for (const [text, attempt] of connecting) if (attempt.state() === "answered") waiting.delete(text);
      if (waiting.size === 0) break;
      if (look !== TCP_AFTER) continue;
      for (const { address, port = OTHER_PORT } of asked) {
        const text = formatAddress(address);
        if (!waiting.has(text) || connecting.has(text)) continue;
        try {
          connecting.set(text, attempts.use(startConnecting({ address, port })));
        } catch (error) {
          throwLack(error);
        }
      }
    }
    return asked.map(({ address }) => !waiting.has(formatAddress(address)));
  }

  /** Ends a call that is under way. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#closing.resolve();
    for (const socket of this.#sockets.values()) socket?.[Symbol.dispose]();
    this.#sockets.clear();
  }

  async #pause(milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = this.#clock.after(milliseconds, over.resolve);
    await Promise.race([over.promise, this.#closing.promise]);
  }

  async #send(address: IpAddress): Promise<void> {
    const { family } = address;
    if (!this.#sockets.has(family)) {
      const socket = await openOrNone(family);
      if (this.#isClosed) return socket?.[Symbol.dispose]();
      this.#sockets.set(family, socket);
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#sent.set(this.#sequence, formatAddress(address));
    this.#sockets.get(family)?.send(address, this.#sequence);
  }

  /** Takes the replies, those to the call before the last one too: a reply that is late is a reply. */
  #collect(waiting: Set<string>): void {
    for (const socket of this.#sockets.values()) {
      for (let count = 0; count < MAX_REPLIES; count++) {
        const sequence = socket?.receive();
        if (sequence === undefined) break;
        const text = this.#sent.get(sequence) ?? this.#sentBefore.get(sequence);
        if (text !== undefined) waiting.delete(text);
      }
    }
  }
}

/** Without the right to it, or the IP version, TCP alone is asked. */
async function openOrNone(family: 4 | 6): Promise<IcmpSocket | undefined> {
  try {
    return await openIcmpSocket(family);
  } catch (error) {
    throwLack(error);
    return undefined;
  }
}

/** Throws the error again unless the system refuses this very thing: what it lacks for a time says nothing of who is asked. */
function throwLack(error: unknown): void {
  if (!(error instanceof SystemError) || isLack(error)) throw error;
}
