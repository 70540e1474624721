/**
 * Loads the sharing with accessors when `expose` is set for the first time, at the start or by a reload: most
 * servers never need it.
 *
 * @module
 */
import type { Config } from "../../core/config/config.ts";
import type { SharingDeps } from "./sharing.ts";
import type { SharingStatus } from "./sharing_status.ts";

type Sharing = import("./sharing.ts").Sharing;

/** The sharing of a server, as soon as there is any. */
export class LazySharing implements AsyncDisposable {
  #sharing: Promise<Sharing> | undefined;
  #loaded: Sharing | undefined;

  constructor(readonly deps: SharingDeps) {}

  /** Applies a configuration. */
  async apply(config: Config): Promise<void> {
    if (config.expose !== undefined) this.#sharing ??= this.#load();
    await (await this.#sharing)?.apply(config);
  }

  /** What `status` shows; null while `expose` is off. */
  get status(): SharingStatus | null {
    return this.#loaded?.status ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#sharing)?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Sharing> {
    const { Sharing } = await import("./sharing.ts");
    return this.#loaded = new Sharing(this.deps);
  }
}
