import { asOperationError } from "../../core/error.ts";
import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import type { HostRecords } from "../../core/hosts/host_records.ts";
import { formatAddress, type IpAddress, parseAddress, unmapAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { DNS_PORT, DnsForwarder } from "../../system/hosts/dns_forwarder.ts";
import { DnsListener } from "../../system/hosts/dns_listener.ts";
import { NameServers } from "../../system/hosts/resolver_file.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { NameServer } from "./name_server.ts";

const log = getLogger("names");

/** Milliseconds for which the list of container networks holds. */
const FRESH_MS = 2_000;

export interface NameServiceDeps {
  readonly records: HostRecords;
  /** The virtual networks there are now: this machine's own addresses with their lengths. */
  readonly networks: () => readonly Prefix[];
  /** The desktop's virtual addresses. */
  readonly desktop: () => readonly IpAddress[];
  readonly bridges: () => readonly ContainerBridge[];
  /** This machine's own addresses. */
  readonly ownAddresses: () => readonly IpAddress[];
}

/** The name server and its sockets. Loaded once the tunnel is up. */
export class NameService implements AsyncDisposable {
  readonly #server: NameServer;
  readonly #listeners = new Map<string, { readonly address: IpAddress; readonly listener: DnsListener }>();
  readonly #said = new LogOnChange();
  #fault: string | undefined;
  #sources: readonly Prefix[] = [];
  #sourcesAt = -Infinity;

  constructor(readonly deps: NameServiceDeps) {
    const { records, desktop } = deps;
    const servers = new NameServers(
      () => this.endpoints.map(({ address }) => address),
      () => SYSTEM_CLOCK.now(),
    );
    this.#server = new NameServer({
      records,
      desktop,
      mayForward: (source) => this.#isContainer(source),
      forwarder: new DnsForwarder({
        servers: () => servers.list(),
        source: (family) => {
          const own = this.endpoints.find(({ address }) => address.family === family);
          return own && formatAddress(own.address);
        },
      }),
      clock: SYSTEM_CLOCK,
    });
  }

  /** Where it answers. */
  get endpoints(): Endpoint[] {
    return [...this.#listeners.values()].map(({ address, listener }) => ({ address, port: listener.port }));
  }

  /** Why it does not answer at some address. */
  get fault(): string | undefined {
    return this.#fault;
  }

  get counters(): NameServer["counters"] {
    return this.#server.counters;
  }

  /** Listens on the addresses of the virtual networks and no others; what fails is tried again by the next call. */
  async follow(): Promise<void> {
    const wanted = new Map(this.deps.networks().map(({ address }) => [formatAddress(address), address]));
    for (const [key, { listener }] of this.#listeners) {
      if (wanted.has(key)) continue;
      this.#listeners.delete(key);
      await listener[Symbol.asyncDispose]();
    }
    let fault: string | undefined;
    for (const [key, address] of wanted) {
      if (this.#listeners.has(key)) continue;
      try {
        const listener = await this.#open(address);
        this.#listeners.set(key, { address, listener });
        log.info("names are answered", { endpoint: formatEndpoint({ address, port: listener.port }) });
      } catch (error) {
        fault = asOperationError(error, "Cannot answer names").report;
        if (this.#said.changed(key, fault)) log.warn(fault);
      }
    }
    this.#fault = fault;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { listener } of this.#listeners.values()) await listener[Symbol.asyncDispose]();
    this.#listeners.clear();
  }

  /** Opens the port of DNS, or another where a program of this machine has it: the firewall redirects there as well. */
  async #open(address: IpAddress): Promise<DnsListener> {
    const answer = this.#server.answer.bind(this.#server);
    try {
      return await DnsListener.open(address, DNS_PORT, answer);
    } catch (error) {
      const { report } = asOperationError(error, "Cannot answer names");
      const listener = await DnsListener.open(address, 0, answer);
      if (this.#said.changed(formatAddress(address), report)) log.warn(report);
      return listener;
    }
  }

  /** Whether a query comes from a container of this machine, from the machine itself, or from the virtual network. */
  #isContainer(source: string): boolean {
    const parsed = parseAddress(source);
    if (parsed === undefined) return false;
    const address = unmapAddress(parsed);
    const { networks, bridges, ownAddresses } = this.deps;
    if (SYSTEM_CLOCK.now() - this.#sourcesAt >= FRESH_MS) {
      this.#sourcesAt = SYSTEM_CLOCK.now();
      const own = ownAddresses().map((address) => ({ address, length: address.family === 4 ? 32 : 128 }));
      this.#sources = [...bridges().flatMap(({ subnets }) => subnets), ...own];
    }
    return [...networks(), ...this.#sources].some((one) => prefixContains(one, address));
  }
}
