import type { Clock } from "../../core/async/clock.ts";
import { formatAddress } from "../../core/net/address.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { isLoopback } from "../../core/web/request_guard.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { codeOf, wordsOf } from "../../system/process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { WebListener } from "../../system/web/web_listener.ts";
import type { WebStatus } from "../status/status_document.ts";
import { EventFeed } from "./event_feed.ts";
import type { WebSources } from "./page_state.ts";
import { Resources } from "./resources.ts";
import { TrafficSampler } from "./traffic_sampler.ts";

const log = getLogger("web");

/** Milliseconds until a port that was taken is tried again. */
const RETRY_PAUSE = 10_000;

export interface WebDeps extends WebSources {
  readonly clock?: Clock;
}

/** The status page and /metrics: a listener where the configuration says, and the history that the charts show. */
export class Web implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #notes = new LogOnChange();
  #endpoint: Endpoint | undefined;
  #running: AsyncDisposableStack | undefined;
  #retry: Disposable | undefined;
  #fault: string | undefined;
  /** Changes are applied one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(readonly deps: WebDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
  }

  get status(): WebStatus | null {
    if (this.#endpoint === undefined) return null;
    const fault = this.#fault === undefined ? {} : { fault: this.#fault };
    return { listen: formatEndpoint(this.#endpoint), ...fault };
  }

  /** Serves the page at an endpoint from now on; undefined: nowhere. */
  async apply(endpoint: Endpoint | undefined): Promise<void> {
    await (this.#last = this.#last.then(() => this.#change(endpoint)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.apply(undefined);
  }

  async #change(endpoint: Endpoint | undefined): Promise<void> {
    const old = this.#endpoint;
    const isSame = endpoint !== undefined && old !== undefined && equalEndpoint(endpoint, old);
    if (isSame && this.#running !== undefined) return;
    this.#retry?.[Symbol.dispose]();
    this.#endpoint = endpoint;
    this.#fault = undefined;
    await this.#running?.disposeAsync();
    this.#running = undefined;
    if (endpoint !== undefined) this.#open(endpoint);
    else if (old !== undefined) log.info("the status page is off");
  }

  #open(endpoint: Endpoint): void {
    let listener: Deno.TcpListener;
    try {
      listener = Deno.listen({ hostname: formatAddress(endpoint.address), port: endpoint.port });
    } catch (error) {
      this.#fault = `Cannot serve the status page at ${formatEndpoint(endpoint)}: ${reasonOf(error)}`;
      if (this.#notes.changed("page", this.#fault)) log.warn(`${this.#fault}; it is tried again`);
      this.#retry = this.#clock.after(RETRY_PAUSE, () => void this.apply(this.#endpoint));
      return;
    }
    const running = this.#running = new AsyncDisposableStack();
    const sampler = running.use(new TrafficSampler(this.deps.sample, this.#clock));
    const feed = running.use(new EventFeed({ ...this.deps, sampler, clock: this.#clock }));
    const resources = new Resources({ ...this.deps, feed, listen: endpoint.address, clock: this.#clock });
    running.use(new WebListener(listener, (request) => resources.answer(request)));
    const url = `http://${formatEndpoint(endpoint)}/`;
    log.info("the status page is served", { url });
    this.#notes.clear("page");
    if (!isLoopback(endpoint.address)) {
      log.warn(
        `Everyone who reaches ${formatEndpoint(endpoint)} can read the status page: it asks for no password`,
      );
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "another program listens there";
  if (error instanceof Deno.errors.AddrNotAvailable || codeOf(error) === "EADDRNOTAVAIL") {
    return "this machine does not have the address";
  }
  return wordsOf(error);
}
