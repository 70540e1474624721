import type { Config } from "../../core/config/config.ts";
import type { SharingStatus } from "../status/status_document.ts";
import type { Sharing, SharingDeps } from "./sharing.ts";

/**
 * The sharing of a server, as soon as there is any. Its code is loaded when `expose` is set for the first time, at the
 * start or by a reload: most servers never need it.
 */
export class LazySharing implements AsyncDisposable {
  #loading: Promise<Sharing> | undefined;
  #sharing: Sharing | undefined;

  constructor(readonly deps: SharingDeps) {}

  async apply(config: Config): Promise<void> {
    if (config.expose !== undefined) this.#loading ??= this.#load();
    await (await this.#loading)?.apply(config);
  }

  /** What `status` shows; null while `expose` is off. */
  get status(): SharingStatus | null {
    return this.#sharing?.status ?? null;
  }

  /** So many datagrams of the server itself have arrived. */
  noteOwn(count: number): void {
    this.#sharing?.noteOwn(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#loading)?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Sharing> {
    const { Sharing } = await import("./sharing.ts");
    return this.#sharing = new Sharing(this.deps);
  }
}
