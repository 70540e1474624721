import type { Config } from "../../core/config/config.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import { DESKTOP_NAME } from "../../core/hosts/host_records.ts";
import {
  dnsCommand,
  hostCommands,
  MAX_DOMAINS,
  type VirtualAddresses,
} from "../../core/hosts/host_commands.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type { HostsStatus } from "../status/status_document.ts";
import type { HostsFiles } from "./hosts_files.ts";

const log = getLogger("hosts");

export interface HostNamesDeps {
  /** The server's virtual addresses. */
  readonly server: () => VirtualAddresses;
  /** Sends a change to the client, whatever it has of the rest. */
  readonly sendChange: (text: string) => void;
}

/** The names of the hosts files as commands for the client. */
export class HostNames implements AsyncDisposable {
  #files: HostsFiles | undefined;
  /** Whether anything of the desktop is there for containers, which is then found by its name as well. */
  #isDesktopNamed = false;
  readonly #said = new LogOnChange();
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot follow hosts files").report)
  );

  constructor(readonly deps: HostNamesDeps) {}

  /** What `status` shows. */
  get status(): HostsStatus {
    return (this.#files?.all ?? []).map((
      { line: { file, domains }, entries: { entries, faulty }, fault },
    ) => ({
      file,
      domains: [...domains],
      names: entries.reduce((sum, { names }) => sum + names.length, 0),
      faultyLines: faulty,
      ...fault === undefined ? {} : { fault },
    }));
  }

  /** The commands of each text for a client that may be the original's: its client drops what a text does not name. */
  get commands(): string[] {
    return this.#commandsFor(this.#domains, [4]);
  }

  /** The commands for a client that described itself: IPv6 addresses too, and the desktop's own name. */
  get fullCommands(): string[] {
    const domains = this.#isDesktopNamed ? [...this.#domains, DESKTOP_NAME] : this.#domains;
    return this.#commandsFor(domains, [4, 6]);
  }

  /** Follows the files of the configuration, and tells the client. */
  apply({ hosts, proxies }: Config): Promise<void> {
    return this.#queue.run(async () => {
      const before = { domains: this.#domains, text: this.fullCommands.join() };
      this.#isDesktopNamed = hosts.length > 0 || proxies.length > 0;
      if (hosts.length > 0) this.#files ??= await this.#load();
      await this.#files?.follow(hosts);
      const removed = before.domains.filter((domain) => !this.#domains.includes(domain));
      if (this.fullCommands.join() !== before.text) this.#send(removed.map((domain) => `-${domain}`));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#files?.[Symbol.dispose]();
    await this.#queue.close();
  }

  get #domains(): string[] {
    const all = [...new Set((this.#files?.all ?? []).flatMap(({ line }) => line.domains))];
    if (all.length > MAX_DOMAINS && this.#said.changed("domains", String(all.length))) {
      log.warn("too many domains in hosts lines; the last ones are left out", { maximum: MAX_DOMAINS });
    }
    return all.slice(0, MAX_DOMAINS);
  }

  /** @param removed domains that are no longer redirected, each after a "-" */
  #send(removed: readonly string[]): void {
    this.deps.sendChange(this.#commandsFor([...removed, ...this.#domains], [4]).join(","));
  }

  #commandsFor(domains: readonly string[], families: readonly (4 | 6)[]): string[] {
    const dns = dnsCommand(domains);
    const entries = (this.#files?.all ?? []).flatMap(({ entries }) => entries.entries);
    if (entries.length === 0) return dns;
    const { commands, omitted } = hostCommands(entries, this.deps.server(), families, dns.join().length);
    if (omitted === 0) this.#said.clear(families.join());
    else if (this.#said.changed(families.join(), String(omitted))) {
      log.warn(
        "lines of the hosts files are left out: they are too many, or their address is IPv6's while that is off",
        {
          lines: omitted,
        },
      );
    }
    return [...dns, ...commands];
  }

  async #load(): Promise<HostsFiles> {
    const { HostsFiles } = await import("./hosts_files.ts");
    return new HostsFiles(() => this.#send([]));
  }
}
