import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { Config } from "../../core/config/config.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { encodeBase64 } from "../../core/https/base64.ts";
import { type Authority, LEAF_DAYS, signLeaf } from "../../core/https/certificate.ts";
import { readCertificateKey } from "../../core/https/certificate_request.ts";
import { certificateNames, webCommand, webTargets } from "../../core/https/web_target.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { openAuthority } from "../../system/https/authority_file.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { RunningContainers } from "../docker/running_containers.ts";
import type { HttpsStatus } from "../status/status_document.ts";

const log = getLogger("https");

/** A certificate is renewed when a third of its time is left; that is looked at each hour. */
const RENEWAL_MS = LEAF_DAYS * 86_400_000 * 2 / 3;
const CHECK_MS = 3_600_000;
/** Milliseconds until the authority's file is tried again. */
const RETRY_MS = 30_000;
/** Certificates an hour: a client that asks for more is not answered. */
const MAX_SIGNATURES = 60;

/** What HTTPS needs of the server. */
export interface HttpsDeps {
  readonly containers: RunningContainers;
  /** The key that clients prove; undefined: none is required. */
  readonly proof: () => HeartbeatMac | undefined;
  /** Whether that is not decided yet. */
  readonly keyPending: () => boolean;
  /** The commands have changed. */
  readonly publish: () => void;
  readonly authority?: (domain: string, now: number) => Promise<Authority>;
  readonly clock?: Clock;
}

/** HTTPS of containers: says which there are, and signs the certificate of the client that answers for them. */
export class Https implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #queue = new SerialQueue((error) => this.#failed(error));
  readonly #listener: Disposable;
  readonly #said = new LogOnChange();
  #domain: string | undefined;
  #authority: Authority | undefined;
  #keyText: string | undefined;
  #signed:
    | { readonly key: string; readonly names: string; readonly at: number; readonly text: string }
    | undefined;
  #signatures: number[] = [];
  #commands: readonly string[] = [];
  #fault: string | undefined;
  #timer: Disposable | undefined;

  constructor(readonly deps: HttpsDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    this.#listener = deps.containers.onChange(() => this.#wake());
  }

  /** Serves below the domain of the configuration from now on, or not at all. */
  apply({ https, dns }: Pick<Config, "https" | "dns">): Promise<void> {
    return this.#queue.run(async () => {
      const domain = https ? dns : undefined;
      if (domain !== this.#domain) this.#authority = this.#signed = undefined;
      this.#domain = domain;
      await this.#work();
    });
  }

  /** The commands for a client that described itself. */
  get commands(): readonly string[] {
    return this.#commands;
  }

  /** What `status` shows; null while it is off. */
  get status(): HttpsStatus | null {
    if (this.#domain === undefined) return null;
    return {
      domain: this.#domain,
      certificate: this.#signed !== undefined,
      containers: this.#commands.filter((command) => command.startsWith("web ")).length,
      ...this.#fault === undefined ? {} : { fault: this.#fault },
    };
  }

  /** The client has described itself. */
  take(certificateKey: string | undefined): void {
    const isUnproven = certificateKey === undefined && this.#fault === undefined &&
      this.deps.proof() === undefined;
    if (isUnproven) this.#wake();
    if (certificateKey === undefined || certificateKey === this.#keyText) return;
    this.#keyText = certificateKey;
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    await this.#queue.close();
    this.#timer?.[Symbol.dispose]();
  }

  #wake(): void {
    if (this.#domain !== undefined) this.#queue.start(() => this.#work());
  }

  async #work(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const domain = this.#domain;
    const before = this.#commands.join();
    let commands: readonly string[] = [];
    if (domain !== undefined) {
      this.#timer = this.#clock.after(CHECK_MS, () => this.#wake());
      const { containers } = this.deps.containers;
      this.#authority ??= await (this.deps.authority ?? openAuthority)(domain, this.#clock.wallClock());
      const certificate = this.#sign(this.#authority, certificateNames(containers, domain));
      commands = [
        "https on",
        ...certificate === undefined ? [] : [`certificate ${certificate}`],
        ...webTargets(containers).map(webCommand),
      ];
    }
    this.#commands = commands;
    if (commands.join() !== before) this.deps.publish();
  }

  /** The certificate for the client's key, the last one as long as it is good; undefined: there is no key to sign. */
  #sign(authority: Authority, names: readonly string[]): string | undefined {
    const now = this.#clock.wallClock();
    const proof = this.deps.proof();
    if (proof === undefined) {
      if (!this.deps.keyPending()) {
        this.#say(
          "The client gets no certificate: it proves no key. Write a key line and give it the same key",
        );
      }
      return undefined;
    }
    const key = this.#keyText;
    if (key === undefined) {
      this.#fault = undefined;
      return undefined;
    }
    // A name that is gone stays in the certificate until it is renewed.
    const all = [...new Set([...names, ...this.#signed?.key === key ? this.#signed.names.split(" ") : []])];
    const union = (all.length > 2 * names.length + 64 ? [...names] : all).sort().join(" ");
    const signed = this.#signed;
    const age = signed === undefined ? Infinity : now - signed.at;
    if (signed?.key === key && signed.names === union && age >= 0 && age < RENEWAL_MS) return signed.text;
    const publicKey = readCertificateKey(key, proof);
    if (publicKey === undefined) {
      this.#say("Cannot give the client a certificate: the proof of its key does not hold");
      return undefined;
    }
    this.#signatures = this.#signatures.filter((at) => Math.abs(now - at) < CHECK_MS);
    if (this.#signatures.length >= MAX_SIGNATURES) {
      this.#say("Cannot give the client a certificate: it has had too many within an hour");
      return signed?.key === key ? signed.text : undefined;
    }
    this.#signatures.push(now);
    const text = encodeBase64(signLeaf(authority, union.split(" "), publicKey, now));
    this.#signed = { key, names: union, at: now, text };
    this.#fault = undefined;
    this.#said.clear("fault");
    log.info("the client has a certificate", { names: union });
    return text;
  }

  #failed(error: unknown): void {
    if (!(error instanceof OperationError) && !(error instanceof RangeError)) throw error;
    this.#say(asOperationError(error, "Cannot serve HTTPS").report);
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(RETRY_MS, () => this.#wake());
  }

  #say(fault: string): void {
    this.#fault = fault;
    if (this.#said.changed("fault", fault)) log.warn(fault);
  }
}
