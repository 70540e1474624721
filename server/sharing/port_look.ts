import type { Clock } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../core/net/endpoint.ts";
import type { SharingStatus } from "../status/status_document.ts";

/** Milliseconds after a datagram at which it is looked whether one has arrived; after each but the last one more is sent. */
const LOOKS = [40, 300, 700] as const;
/** Looks in vain, a second apart, after which the port counts as blocked. */
const MIN_MISSES = 2;

/** Collaborators. */
export interface PortLookDeps {
  /** The sharing; null while it is off. */
  readonly status: () => Pick<SharingStatus, "listen" | "drops" | "fault"> | null;
  /** So many datagrams of this machine itself have arrived. */
  readonly noteOwn: (count: number) => void;
  /** Where others reach the socket; undefined: not known, or nobody does. */
  readonly addressOf: (listen: IpAddress) => Promise<IpAddress | undefined>;
  /** Opens a socket that sends datagrams that the server drops and counts. */
  readonly open: (family: 4 | 6) => Promise<{ send(to: Endpoint): void } & Disposable>;
  readonly clock: Clock;
}

/**
 * Looks whether datagrams arrive at the sharing port: this machine sends some to it, at an address that others reach it by. That
 * shows rules of its own firewall, except those that are about where a datagram comes from.
 */
export class PortLook implements Disposable {
  fault: Fault | undefined;
  #listen: string | undefined;
  #misses = 0;
  /** Drops before the first look in vain: what arrives late has arrived. */
  #before = 0;
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(readonly deps: PortLookDeps) {}

  /** Whether there is a socket to look at. */
  get isOn(): boolean {
    return this.deps.status()?.fault === undefined && this.deps.status() !== null;
  }

  /** Whether it is to be looked again at once. */
  get isSuspect(): boolean {
    return this.#misses > 0 && this.fault === undefined;
  }

  /** Looks once; one call has to end before the next. */
  async ask(): Promise<void> {
    const listen = this.isOn ? this.deps.status()?.listen : undefined;
    if (listen !== this.#listen) this.#forget();
    this.#listen = listen;
    const endpoint = listen === undefined ? undefined : parseEndpoint(listen);
    if (listen === undefined || endpoint === undefined) return this.#forget();
    try {
      const address = await this.deps.addressOf(endpoint.address);
      if (address === undefined) return this.#forget();
      const to = { address, port: endpoint.port };
      const arrives = await this.#arrives(to, listen);
      if (arrives === undefined) return;
      if (arrives) return this.#forget();
      this.#misses++;
      if (this.#misses < MIN_MISSES) return;
      const why = `this machine itself cannot reach ${formatEndpoint(to)}`;
      this.fault = fault("sharing.blocked", { listen, why });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#forget();
    }
  }

  /** Ends a look that is under way. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#closing.resolve();
  }

  /** Undefined: nothing can be told, since the socket is another one meanwhile. */
  async #arrives(to: Endpoint, listen: string): Promise<boolean | undefined> {
    using socket = await this.deps.open(to.address.family);
    if (this.#misses === 0) this.#before = this.#drops() ?? 0;
    let sentAt = 0;
    for (const [at, look] of LOOKS.entries()) {
      socket.send(to);
      const over = Promise.withResolvers<void>();
      using _timer = this.deps.clock.after(look - sentAt, over.resolve);
      await Promise.race([over.promise, this.#closing.promise]);
      sentAt = look;
      const drops = this.#drops();
      if (this.#isClosed || drops === undefined || this.deps.status()?.listen !== listen) return undefined;
      if (drops <= this.#before) continue;
      this.deps.noteOwn(at + 1);
      return true;
    }
    return false;
  }

  #drops(): number | undefined {
    const { drops } = this.deps.status() ?? {};
    return drops === undefined ? undefined : Object.values(drops).reduce((sum, count) => sum + count, 0);
  }

  #forget(): void {
    this.#misses = 0;
    this.fault = undefined;
  }
}
