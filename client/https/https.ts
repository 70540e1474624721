import { decodeBase64 } from "../../core/https/base64.ts";
import type { HttpsRedirect } from "../../core/firewall/https_redirect.ts";
import { MAX_TARGETS, readWebCommand } from "../../core/https/web_target.ts";
import type { ControlCommand } from "../../core/protocol/control.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { asOperationError } from "../../core/error.ts";
import { getLogger } from "../../program/log.ts";
import type { HttpsService, HttpsServiceDeps } from "./https_service.ts";

/** What HTTPS needs of the client. */
export interface HttpsDeps extends Omit<HttpsServiceDeps, "proof"> {
  /** The heartbeats' key; undefined: none, and the server gives no certificate. */
  readonly proof: HeartbeatMac | undefined;
  /** The description of this client has changed. */
  readonly onDescription: () => void;
}

/** HTTPS of containers, whose code is loaded when the server first asks for it. */
export class Https implements AsyncDisposable {
  #loading: Promise<void> | undefined;
  #service: HttpsService | undefined;
  #wanted: readonly ControlCommand[] = [];

  constructor(readonly deps: HttpsDeps) {}

  /** What the server is told: the key for which a certificate is wanted. */
  get certificateKey(): string | undefined {
    return this.#service?.certificateKey;
  }

  /** The connections that the firewall has to lead here. */
  get redirects(): readonly HttpsRedirect[] {
    return this.#service?.redirects ?? [];
  }

  /** Takes a control text over; one that says everything and has no `https` turns it off. Returns how many commands are faulty. */
  take(commands: readonly ControlCommand[]): number {
    const isWhole = commands.some(({ name }) => name === "revision");
    const own = commands.filter(({ name }) => ["https", "certificate", "web"].includes(name));
    if (!isWhole && own.length === 0) return 0;
    const faulty = own.filter((command) =>
      command.name === "web"
        ? readWebCommand(command) === undefined
        : command.name === "certificate" && decodeBase64(command.words[0] ?? "") === undefined
    );
    this.#wanted = own;
    const isOn = own.some(({ name, words }) => name === "https" && words[0] === "on");
    const { proof } = this.deps;
    if (isOn && proof !== undefined && this.#loading === undefined) this.#loading = this.#load(proof);
    this.#follow();
    return faulty.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loading;
    await this.#service?.[Symbol.asyncDispose]();
  }

  async #load(proof: HeartbeatMac): Promise<void> {
    try {
      const { HttpsService } = await import("./https_service.ts");
      this.#service = new HttpsService({ ...this.deps, proof });
      this.deps.onDescription();
      this.#follow();
    } catch (error) {
      getLogger("https").error(asOperationError(error, "Cannot answer HTTPS").report);
    }
  }

  #follow(): void {
    const certificate = this.#wanted.find(({ name }) => name === "certificate")?.words[0];
    const targets = this.#wanted.filter(({ name }) => name === "web").slice(0, MAX_TARGETS);
    this.#service?.follow(
      certificate === undefined ? undefined : decodeBase64(certificate),
      targets.flatMap((command) => readWebCommand(command) ?? []),
    );
  }
}
