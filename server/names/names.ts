import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress, parseAddress, unmapAddress } from "../../core/net/address.ts";
import { answerQuery } from "../../core/names/answer.ts";
import { buildZone, type Zone } from "../../core/names/zone.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type { DnsAnswer } from "../../system/names/dns_answer.ts";
import { DNS_PORT, DnsSockets } from "../../system/names/dns_sockets.ts";
import type { ResolverSpec, ResolverState, SystemResolver } from "../../system/names/resolver.ts";
import { systemResolver } from "../../system/names/resolver.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { RunningContainers } from "../docker/running_containers.ts";
import type { NamesStatus } from "../status/status_document.ts";
import type { Audience } from "./audience.ts";

const log = getLogger("names");

/** Milliseconds between two looks at the sockets and the resolver: a VPN may have changed the one, a program left the other. */
const REFRESH_MS = 10_000;

/** The same while a socket could not be opened. */
const RETRY_MS = 2_000;

/** Senders that are remembered as answered or not. */
const MAX_SENDERS = 1024;

export interface NamesDeps {
  readonly containers: RunningContainers;
  readonly interfaceName: string;
  /** The server's virtual addresses. */
  readonly addresses: readonly IpAddress[];
  readonly hasIpv6: boolean;
  /** Which names a machine of this address is told. */
  readonly audienceOf: (address: IpAddress) => Audience | undefined;
  /** Whether those machines reach an address of a container. */
  readonly isReached: (address: IpAddress, audience: Audience) => boolean;
  /** Set up the resolver of this system. */
  readonly resolver?: (program: string) => Promise<SystemResolver>;
  /** Whether the resolver cannot reach the virtual address, as on macOS, where an interface's own address leads into it. */
  readonly needsLoopback: boolean;
  readonly port?: number;
  readonly clock?: Clock;
}

const LOOPBACK: IpAddress = { family: 4, bytes: Uint8Array.of(127, 0, 0, 1) };

/**
 * The names of containers: a name server at the virtual addresses and the set-up of the system's resolver, for as long as
 * there is a domain. What fails is shown by `status` and tried again.
 */
export class Names implements AsyncDisposable {
  domain: string | undefined;
  /** By who asks; made from the containers when somebody does. */
  readonly #zones = new Map<Audience, Zone>();
  #serial = 0;
  #turn = 0;
  #refused = 0;
  readonly #sockets = new Map<string, DnsSockets>();
  readonly #faults = new Map<string, string>();
  readonly #senders = new Map<string, Audience | undefined>();
  readonly #logged = new LogOnChange();
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot serve names").report)
  );
  readonly #listener: Disposable;
  readonly #clock: Clock;
  #resolver: SystemResolver | undefined;
  #resolverState: ResolverState | undefined;
  #domains = "";
  #timer: Disposable | undefined;

  constructor(readonly deps: NamesDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    this.#listener = deps.containers.onChange(() => this.#rebuild());
  }

  /** Serves the names below another domain from now on; undefined: none. */
  apply(domain: string | undefined): Promise<void> {
    return this.#queue.run(async () => {
      this.domain = domain;
      if (domain === undefined) return await this.#close();
      this.#rebuild();
      await this.#refresh();
    });
  }

  get status(): NamesStatus | null {
    const { domain } = this;
    if (domain === undefined) return null;
    const faults = [...this.#faults.values()];
    const resolver = this.#resolverState ?? { kind: "none" };
    return {
      domain,
      listen: [...this.#sockets.values()].map(({ address, port }) =>
        `${formatAddress(address)} port ${port}`
      ),
      names: this.#zone("all")?.names.size ?? 0,
      queries: this.#turn,
      refused: this.#refused,
      resolver,
      ...faults.length === 0 ? {} : { fault: faults.join("; ") },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener[Symbol.dispose]();
    await this.#queue.run(() => this.#close());
  }

  #rebuild(): void {
    this.#zones.clear();
    // A sender may be of a network that is new.
    this.#senders.clear();
    this.#serial = (this.#serial + 1) >>> 0;
    const zone = this.#zone("all");
    if (zone !== undefined && this.#domainsOf(zone).join() !== this.#domains) {
      this.#queue.start(() => this.#refresh());
    }
  }

  #zone(audience: Audience): Zone | undefined {
    const { domain } = this;
    let zone = this.#zones.get(audience);
    if (zone !== undefined || domain === undefined) return zone;
    const { containers, addresses: desktop, hasIpv6, isReached } = this.deps;
    zone = buildZone(containers.containers, {
      ...{ domain, desktop, hasIpv6, serial: this.#serial, hidesUnreached: audience === "exposed" },
      isReached: (address) => isReached(address, audience),
    });
    this.#zones.set(audience, zone);
    return zone;
  }

  #domainsOf({ domain, otherDomains }: Zone): string[] {
    return [domain, ...otherDomains];
  }

  /** Opens the sockets that are missing and sets the resolver up, now and after a while again. */
  async #refresh(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const zone = this.#zone("all");
    if (zone === undefined) return;
    const { addresses, needsLoopback, port = DNS_PORT } = this.deps;
    for (const address of addresses) await this.#open(address, port);
    if (needsLoopback) await this.#open(LOOPBACK, 0);
    const local = this.#sockets.get(formatAddress(needsLoopback ? LOOPBACK : addresses[0] ?? LOOPBACK));
    if (local !== undefined) await this.#setUpResolver(zone, local);
    this.#timer = this.#clock.after(
      this.#faults.size > 0 ? RETRY_MS : REFRESH_MS,
      () => this.#queue.start(() => this.#refresh()),
    );
  }

  async #open(address: IpAddress, port: number): Promise<void> {
    const key = formatAddress(address);
    if (this.#sockets.has(key)) return;
    try {
      const answer: DnsAnswer = (message, limit, sender) => {
        const audience = this.#audienceOf(sender);
        const zone = audience && this.#zone(audience);
        return zone && answerQuery(zone, message, limit, this.#turn++);
      };
      const isAllowed = (sender: string) => {
        const isAnswered = this.#audienceOf(sender) !== undefined;
        if (!isAnswered) this.#refused++;
        return isAnswered;
      };
      this.#sockets.set(key, await DnsSockets.open(address, port, { answer, isAllowed }));
      this.#faults.delete(key);
      log.info("names are answered", { domain: this.domain ?? "", address: key });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#faults.set(key, error.message);
      if (this.#logged.changed(key, error.report)) log.warn(`${error.report}; it is tried again`);
    }
  }

  async #setUpResolver(zone: Zone, { address, port }: DnsSockets): Promise<void> {
    const domains = this.#domainsOf(zone);
    this.#resolver ??= await (this.deps.resolver ?? systemResolver)("docker-connector");
    const { interfaceName } = this.deps;
    const spec: ResolverSpec = { domains, interfaceName, server: formatAddress(address), port };
    this.#resolverState = await this.#resolver.apply(spec);
    this.#domains = domains.join();
    const { kind, fault, remedy = "" } = this.#resolverState;
    if (!this.#logged.changed("resolver", fault ?? kind)) return;
    if (fault === undefined) log.info(`the resolver of this machine: ${kind}`);
    else log.warn(remedy === "" ? fault : `${fault}. ${remedy}`);
  }

  #audienceOf(sender: string): Audience | undefined {
    if (this.#senders.has(sender)) return this.#senders.get(sender);
    const address = parseAddress(sender);
    const audience = address && this.deps.audienceOf(unmapAddress(address));
    if (this.#senders.size >= MAX_SENDERS) this.#senders.clear();
    this.#senders.set(sender, audience);
    return audience;
  }

  async #close(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#zones.clear();
    this.#domains = "";
    try {
      await this.#resolver?.remove();
    } catch (error) {
      log.warn(asOperationError(error, "Cannot take back the set-up of the resolver").report);
    }
    this.#resolverState = undefined;
    const open = [...this.#sockets.values()];
    this.#sockets.clear();
    this.#faults.clear();
    await Promise.all(open.map((sockets) => sockets[Symbol.asyncDispose]()));
  }
}
