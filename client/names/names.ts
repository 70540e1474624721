import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import type { DnsRedirect } from "../../core/firewall/dns_redirect.ts";
import { HostRecords } from "../../core/hosts/host_records.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import type { ControlCommand } from "../../core/protocol/control.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type { NamesStatus } from "../status/status_document.ts";
import type { NameService, NameServiceDeps } from "./name_service.ts";

const log = getLogger("names");

export interface NamesDeps extends Omit<NameServiceDeps, "records"> {
  /** What the firewall has to redirect has changed. */
  readonly onRedirects: () => void;
}

/** The names that containers resolve by this client: those of the server's control texts, and the desktop's own. */
export class Names implements AsyncDisposable {
  readonly #records = new HostRecords();
  readonly #said = new LogOnChange();
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot answer names").report)
  );
  #service: NameService | undefined;

  constructor(readonly deps: NamesDeps) {}

  /** The queries that the firewall redirects to this client; undefined for none. */
  get redirect(): DnsRedirect | undefined {
    const { domains } = this.#records;
    const servers = this.#service?.endpoints ?? [];
    return domains.length === 0 || servers.length === 0 ? undefined : { domains, servers };
  }

  /**
   * What `status` shows.
   *
   * @param refused why the firewall does not redirect; undefined when nothing stands against it
   */
  status(refused: string | undefined): NamesStatus {
    const { endpoints = [], counters, fault = refused } = this.#service ?? {};
    return {
      listen: endpoints.map(formatEndpoint),
      domains: [...this.#records.domains],
      names: this.#records.size,
      queries: { answered: 0, forwarded: 0, failed: 0, malformed: 0, dropped: 0, ...counters },
      ...fault === undefined ? {} : { fault },
    };
  }

  /**
   * Takes the commands of a control text over.
   *
   * @returns how many `dns` and `host` commands could not be understood
   */
  take(commands: readonly ControlCommand[]): number {
    const faulty = this.#records.take(commands);
    const { omittedDomains, size, domains } = this.#records;
    const facts = { names: size, domains: domains.join(" ") };
    if (this.#said.changed("records", JSON.stringify(facts)) && domains.length > 0) {
      log.info("names of the hosts file", facts);
    }
    if (omittedDomains > 0 && this.#said.changed("omitted", String(omittedDomains))) {
      log.warn("too many domains; the last ones are not redirected", { omitted: omittedDomains });
    }
    return faulty;
  }

  /** Listens at the addresses that there are now; the code for it is loaded by the first call. */
  follow(): void {
    this.#queue.start(() => this.#follow());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
    await this.#service?.[Symbol.asyncDispose]();
  }

  async #follow(): Promise<void> {
    if (this.#service === undefined) {
      const { NameService } = await import("./name_service.ts");
      this.#service = new NameService({ ...this.deps, records: this.#records });
    }
    const before = this.#service.endpoints.map(formatEndpoint).join();
    await this.#service.follow();
    if (this.#service.endpoints.map(formatEndpoint).join() !== before) this.deps.onRedirects();
  }
}
