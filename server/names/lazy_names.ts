import type { Config } from "../../core/config/config.ts";
import type { NamesStatus } from "../status/status_document.ts";
import type { Names, NamesDeps } from "./names.ts";

/** The names of a server, whose code is loaded when `dns` is first on: behind the tunnel, which does not wait for it. */
export class LazyNames implements AsyncDisposable {
  #loading: Promise<Names> | undefined;
  #names: Names | undefined;

  constructor(readonly deps: NamesDeps) {}

  async apply(config: Config): Promise<void> {
    if (config.dns !== undefined) this.#loading ??= this.#load();
    await (await this.#loading)?.apply(config.dns);
  }

  /** The active domain; undefined while `dns` is off. */
  get domain(): string | undefined {
    return this.#names?.domain;
  }

  /** What `status` shows; null while `dns` is off. */
  get status(): NamesStatus | null {
    return this.#names?.status ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#loading)?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Names> {
    const { Names } = await import("./names.ts");
    return this.#names = new Names(this.deps);
  }
}
