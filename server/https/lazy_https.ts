import type { Config } from "../../core/config/config.ts";
import type { HttpsStatus } from "../status/status_document.ts";
import type { Https, HttpsDeps } from "./https.ts";

/** HTTPS of containers, whose code is loaded when `https` is first on. */
export class LazyHttps implements AsyncDisposable {
  #loading: Promise<Https> | undefined;
  #https: Https | undefined;
  #certificateKey: string | undefined;

  constructor(readonly deps: HttpsDeps) {}

  async apply(config: Config): Promise<void> {
    if (config.https) this.#loading ??= this.#load();
    await (await this.#loading)?.apply(config);
  }

  /** The commands for a client that described itself. */
  get commands(): readonly string[] {
    return this.#https?.commands ?? [];
  }

  /** What `status` shows; null while it is off. */
  get status(): HttpsStatus | null {
    return this.#https?.status ?? null;
  }

  /** The client has described itself. */
  take(certificateKey: string | undefined): void {
    this.#certificateKey = certificateKey;
    this.#https?.take(certificateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#loading)?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Https> {
    const { Https } = await import("./https.ts");
    this.#https = new Https(this.deps);
    this.#https.take(this.#certificateKey);
    return this.#https;
  }
}
