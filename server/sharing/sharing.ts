import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { Config } from "../../core/config/config.ts";
import { asOperationError, type OperationError } from "../../core/error.ts";
import { equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { problemStatus } from "../../program/status.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { SharingStatus } from "../status/status_document.ts";
import { ExposedListener, type ListenerDeps } from "./exposed_listener.ts";
import { derivationsAtOnce, TokenPeers } from "./token_peers.ts";
import { WeakTokens } from "./weak_tokens.ts";

const log = getLogger("sharing");

export interface SharingDeps {
  readonly dataPlane: DataPlane;
  /** Whether the kernel may cut and join datagrams. */
  readonly offload: boolean;
  readonly clock?: Clock;
}

/**
 * Sharing with teammates: the exposed socket as the configuration wants it, and the tokens of those who may use it.
 */
export class Sharing implements AsyncDisposable {
  readonly #deps: ListenerDeps;
  readonly #peers = new TokenPeers(scrypt, derivationsAtOnce(navigator.hardwareConcurrency));
  readonly #weak: WeakTokens;
  readonly #faults = new LogOnChange();
  /** The pauses until a socket that could not be opened is tried again. */
  readonly #backoff = new Backoff();
  readonly #queue = new SerialQueue((error) => this.#failed(error));
  #config: Config | undefined;
  #listener: ExposedListener | undefined;
  #fault: OperationError | undefined;
  #retry: Disposable | undefined;
  #isOver = false;

  constructor({ clock = SYSTEM_CLOCK, ...deps }: SharingDeps) {
    this.#deps = { ...deps, clock, peers: this.#peers };
    this.#weak = new WeakTokens(clock);
  }

  /** Applies a configuration, one call after the other. What fails is logged and tried again. */
  apply(config: Config): Promise<void> {
    return this.#queue.run(async () => {
      this.#config = config;
      const tokens = config.expose === undefined ? [] : config.tokens;
      this.#peers.update(tokens.map(({ name }) => name));
      this.#backoff.reset();
      await this.#listen();
      // Nothing waits for it: a thousand tokens take a while.
      void this.#weak.update(tokens);
    });
  }

  /** What `status` shows; null while `expose` is off. */
  get status(): SharingStatus | null {
    const { expose, tokens = [] } = this.#config ?? {};
    if (expose === undefined) return null;
    const common = { tokens: tokens.length, weak: this.#weak.count, deriving: this.#peers.deriving };
    if (this.#listener !== undefined) return { ...this.#listener.status, ...common };
    return {
      listen: formatEndpoint(expose.endpoint),
      legacy: expose.legacy,
      cipher: null,
      ...common,
      sessions: [],
      handshakes: 0,
      drops: {},
      ...problemStatus(this.#fault),
    };
  }

  /** So many datagrams of the server itself have arrived; they are no drops. */
  noteOwn(count: number): void {
    if (this.#listener !== undefined) this.#listener.ownDatagrams += count;
  }

  /** Ends all sessions, closes the socket and clears all keys. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#retry?.[Symbol.dispose]();
    await this.#queue.run(() => this.#close());
    this.#peers[Symbol.dispose]();
  }

  /** Has a socket open where it is wanted, and no other. */
  async #listen(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    const config = this.#config;
    if (config === undefined) return;
    const { expose } = config;
    const listener = this.#listener;
    if (listener !== undefined && expose !== undefined && equalEndpoint(listener.endpoint, expose.endpoint)) {
      return listener.apply(config, expose.legacy);
    }
    await this.#close();
    this.#fault = undefined;
    if (expose === undefined || this.#isOver) return;
    try {
      const opened = this.#listener = await ExposedListener.open(expose, config, this.#deps);
      opened.plane.failure.catch((error) => this.#lost(opened, error));
      this.#faults.clear("expose");
      log.info("accessors can log in", { listen: formatEndpoint(expose.endpoint), legacy: expose.legacy });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The tunnel goes on without the socket, which is tried again. */
  #failed(error: unknown): void {
    const fault = this.#fault = asOperationError(error, "Cannot share with accessors");
    if (this.#faults.changed("expose", fault.report)) log.error(fault.report);
    this.#retry?.[Symbol.dispose]();
    if (this.#isOver) return;
    const retry = () => this.#queue.start(() => this.#listen());
    this.#retry = this.#deps.clock.after(this.#backoff.next(), retry);
  }

  #lost(listener: ExposedListener, error: unknown): void {
    this.#queue.start(async () => {
      if (this.#listener !== listener || this.#isOver) return;
      await this.#close();
      this.#failed(error);
    });
  }

  async #close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.[Symbol.asyncDispose]();
  }
}
