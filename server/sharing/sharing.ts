/**
 * Sharing with teammates: the exposed socket as the configuration wants it, and the tokens of those who may
 * use it. Loaded when `expose` is set for the first time.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { Config, Expose } from "../../core/config/config.ts";
import { asOperationError } from "../../core/error.ts";
import { Backoff, type BackoffOptions } from "../../core/async/backoff.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import type { SharingStatus } from "./sharing_status.ts";
import { ExposedListener } from "./exposed_listener.ts";
import { listenerStatus } from "./listener_status.ts";
import { derivationsAtOnce, TokenPeers } from "./token_peers.ts";
import { WeakTokens } from "./weak_tokens.ts";

const log = getLogger("sharing");

/** The pauses until a socket that could not be opened is tried again. */
const RETRY: BackoffOptions = { firstMs: 1000, maxMs: 30_000 };

/** The collaborators of the sharing. */
export interface SharingDeps {
  readonly dataPlane: DataPlane;
  /** Let the kernel cut and join datagrams. */
  readonly offload: boolean;
}

/** The sharing of a server. */
export class Sharing implements AsyncDisposable {
  readonly #deps: SharingDeps;
  readonly #peers = new TokenPeers(scrypt, derivationsAtOnce(navigator.hardwareConcurrency));
  readonly #weak = new WeakTokens();
  readonly #faults = new LogOnChange();
  #config: Config | undefined;
  #listener: ExposedListener | undefined;
  #fault: string | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff(RETRY);
  readonly #queue = new SerialQueue((error) => this.#failed(error));
  #isOver = false;

  constructor(deps: SharingDeps) {
    this.#deps = deps;
  }

  /** Applies a configuration, one call after the other. What fails is logged and tried again. */
  apply(config: Config): Promise<void> {
    return this.#queue.run(async () => {
      this.#config = config;
      const { expose } = config;
      const tokens = expose === undefined ? [] : config.tokens;
      this.#peers.update(tokens.map(({ name }) => name));
      this.#backoff.reset();
      await this.#listen(expose);
      // Nothing waits for it: a thousand tokens take a while.
      void this.#weak.update(tokens);
    });
  }

  /** What `status` shows; null while `expose` is off. */
  get status(): SharingStatus | null {
    const { expose, tokens = [] } = this.#config ?? {};
    if (expose === undefined) return null;
    const common = { tokens: tokens.length, weak: this.#weak.count, deriving: this.#peers.deriving };
    if (this.#listener !== undefined) {
      return { ...listenerStatus(this.#listener, performance.now()), ...common };
    }
    return {
      listen: formatEndpoint(expose.endpoint),
      legacy: expose.legacy,
      cipher: null,
      ...common,
      sessions: [],
      handshakes: 0,
      drops: {},
      ...this.#fault === undefined ? {} : { fault: this.#fault },
    };
  }

  /** Ends all sessions, closes the socket and clears all keys. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#retry);
    await this.#queue.run(() => this.#close());
    this.#peers[Symbol.dispose]();
  }

  /** Has a socket open where it is wanted, and no other. */
  async #listen(expose: Expose | undefined): Promise<void> {
    clearTimeout(this.#retry);
    const listener = this.#listener;
    if (listener !== undefined && expose !== undefined) {
      if (equalEndpoint(listener.endpoint, expose.endpoint)) {
        return listener.apply(this.#inForce, expose.legacy);
      }
    }
    await this.#close();
    this.#fault = undefined;
    if (expose === undefined || this.#isOver) return;
    try {
      const { dataPlane, offload } = this.#deps;
      const deps = { dataPlane, offload, peers: this.#peers };
      const opened = this.#listener = await ExposedListener.open(expose, this.#inForce, deps);
      opened.failure.catch((error) => this.#lost(opened, error));
      this.#faults.clear("expose");
      log.info("accessors can log in", { listen: formatEndpoint(expose.endpoint), legacy: expose.legacy });
    } catch (error) {
      this.#failed(error);
    }
  }

  get #inForce(): Config {
    if (this.#config === undefined) throw new TypeError("a configuration comes first");
    return this.#config;
  }

  /** The tunnel goes on without the socket, which is tried again. */
  #failed(error: unknown): void {
    const { report } = asOperationError(error, "Cannot share with accessors");
    this.#fault = report;
    if (this.#faults.changed("expose", report)) log.error(report);
    clearTimeout(this.#retry);
    if (this.#isOver) return;
    this.#retry = setTimeout(
      () => this.#queue.start(() => this.#listen(this.#config?.expose)),
      this.#backoff.next(),
    );
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
