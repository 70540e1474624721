import type { Config } from "../../core/config/config.ts";
import type { WebStatus } from "../status/status_document.ts";
import type { Web, WebDeps } from "./web.ts";

/** The status page of a server, whose code is loaded when `web` is set for the first time. */
export class LazyWeb implements AsyncDisposable {
  #loading: Promise<Web> | undefined;
  #web: Web | undefined;

  constructor(readonly deps: WebDeps) {}

  async apply(config: Config): Promise<void> {
    if (config.web !== undefined) this.#loading ??= this.#load();
    await (await this.#loading)?.apply(config.web);
  }

  /** What `status` shows; null while the page is off. */
  get status(): WebStatus | null {
    return this.#web?.status ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#loading)?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Web> {
    const { Web } = await import("./web.ts");
    return this.#web = new Web(this.deps);
  }
}
