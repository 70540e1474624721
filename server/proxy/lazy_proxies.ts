import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { Config } from "../../core/config/config.ts";
import { asOperationError } from "../../core/error.ts";
import { getLogger } from "../../program/log.ts";
import type { ProxyStatus } from "../status/status_document.ts";
import type { Proxies, ProxiesDeps } from "./proxies.ts";

const log = getLogger("proxy");

/** The `proxy` lines of a server, as soon as there are any: their code is loaded then. */
export class LazyProxies implements AsyncDisposable {
  #proxies: Proxies | undefined;
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot serve proxies").report)
  );

  constructor(readonly deps: ProxiesDeps) {}

  get status(): ProxyStatus[] {
    return this.#proxies?.status ?? [];
  }

  apply({ proxies }: Config): Promise<void> {
    return this.#queue.run(async () => {
      if (proxies.length > 0) this.#proxies ??= await this.#load();
      await this.#proxies?.apply(proxies);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
    await this.#proxies?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Proxies> {
    const { Proxies } = await import("./proxies.ts");
    return new Proxies(this.deps);
  }
}
