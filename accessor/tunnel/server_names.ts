import { type Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import { isPrivateName } from "../../core/names/container_names.ts";
import { formatAddress } from "../../core/net/address.ts";
import type { Login } from "../../core/token/login.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type { ResolverState, SystemResolver } from "../../system/names/resolver.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { AccessorStatus } from "../status/status_document.ts";

const log = getLogger("names");

/** Milliseconds between two looks at the resolver. */
const REFRESH_MS = 10_000;

/** The port of DNS (RFC 1035 section 4.2). */
const DNS_PORT = 53;

/** Leads this machine's resolver to the server for the domain that it announces. */
export class ServerNames implements AsyncDisposable {
  #login: Pick<Login, "domain" | "peer"> | undefined;
  #resolver: SystemResolver | undefined;
  #state: ResolverState | undefined;
  #timer: Disposable | undefined;
  readonly #logged = new LogOnChange();
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot set up the resolver").report)
  );

  constructor(readonly interfaceName: string, readonly clock: Clock = SYSTEM_CLOCK) {}

  /** Takes what the server announces. */
  join(login: Pick<Login, "domain" | "peer">): void {
    this.#login = login;
    this.#queue.start(() => this.#apply());
  }

  /** The part of the status; undefined while there are no names. */
  get status(): AccessorStatus["names"] {
    const domain = this.#login?.domain;
    return domain === undefined ? undefined : { domain, resolver: this.#state ?? { kind: "none" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#login = undefined;
    await this.#queue.run(() => this.#apply());
  }

  async #apply(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const { domain, peer } = this.#login ?? {};
    if (domain === undefined || peer === undefined) return await this.#remove();
    // A server of somebody else may not answer for names of the Internet.
    if (!isPrivateName(`x.${domain}`)) {
      await this.#remove();
      const fault = `Cannot find names below ${domain}: the Internet may have such names`;
      this.#state = {
        kind: "none",
        fault,
        remedy: 'Let the server have a domain such as "dns container.internal"',
      };
    } else {
      const { systemResolver } = await import("../../system/names/resolver.ts");
      this.#resolver ??= await systemResolver("docker-accessor");
      const server = { server: formatAddress(peer), port: DNS_PORT };
      this.#state = await this.#resolver.apply({
        domains: [domain],
        interfaceName: this.interfaceName,
        ...server,
      });
      this.#timer = this.clock.after(REFRESH_MS, () => this.#queue.start(() => this.#apply()));
    }
    const { kind, fault, remedy = "" } = this.#state;
    if (!this.#logged.changed("resolver", fault ?? kind)) return;
    if (fault === undefined) log.info(`the resolver of this machine: ${kind}`, { domain });
    else log.warn(remedy === "" ? fault : `${fault}. ${remedy}`);
  }

  async #remove(): Promise<void> {
    this.#state = undefined;
    try {
      await this.#resolver?.remove();
    } catch (error) {
      log.warn(asOperationError(error, "Cannot take back the set-up of the resolver").report);
    }
  }
}
