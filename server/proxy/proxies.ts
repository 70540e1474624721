import type { Proxy } from "../../core/config/keys/services.ts";
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { formatHostPort } from "../../core/net/endpoint.ts";
import { type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { ProxyStatus } from "../status/status_document.ts";
import { ProxyPort } from "./proxy_port.ts";

const log = getLogger("proxy");

/** Connections of all lines at a time; each has two descriptors, and the program may have 10,240 on macOS (OPEN_MAX). */
const MAX_CONNECTIONS = 4_096;
/** Milliseconds for which the list of container networks holds. */
const FRESH_MS = 1_000;

export interface ProxiesDeps {
  /** The server's virtual addresses. */
  readonly addresses: readonly IpAddress[];
  /** The virtual networks. */
  readonly networks: readonly Prefix[];
  /** The container networks that are routed now: without masquerading, containers come with their own address. */
  readonly routes: () => readonly Prefix[];
}

/** The `proxy` lines. Loaded when there is one. */
export class Proxies implements AsyncDisposable {
  #ports = new Map<string, ProxyPort>();
  #connections = 0;
  #routes: readonly Prefix[] = [];
  #routesAt = -Infinity;
  readonly #said = new LogOnChange();

  constructor(readonly deps: ProxiesDeps) {}

  get status(): ProxyStatus[] {
    return [...this.#ports.values()].map(({ status }) => status);
  }

  /** Serves these lines and no others; connections of lines that stay go on. */
  async apply(lines: readonly Proxy[]): Promise<void> {
    const wanted = new Map(lines.map((line) => [`${formatHostPort(line)} ${line.listenPort}`, line]));
    for (const [key, port] of this.#ports) {
      if (wanted.has(key)) continue;
      this.#ports.delete(key);
      await port[Symbol.asyncDispose]();
    }
    const before = this.#ports;
    this.#ports = new Map([...wanted].map(([key, line]) => [key, before.get(key) ?? this.#open(line)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.apply([]);
  }

  #open(line: Proxy): ProxyPort {
    return new ProxyPort(line, {
      addresses: this.deps.addresses,
      mayConnect: (source) => this.#mayConnect(source),
      slots: { take: () => this.#take(), release: () => void this.#connections-- },
      clock: SYSTEM_CLOCK,
    });
  }

  #take(): boolean {
    if (this.#connections < MAX_CONNECTIONS) return ++this.#connections > 0;
    if (this.#said.changed("full", "")) {
      log.warn("no more connections of containers are taken until some have ended", {
        maximum: MAX_CONNECTIONS,
      });
    }
    return false;
  }

  /**
   * Whether a source is in the virtual network or a container: the kernel also takes packets for the virtual address that others
   * of the local network send here.
   */
  #mayConnect(source: string): boolean {
    const address = parseAddress(source);
    if (address === undefined) return false;
    if (this.deps.networks.some((network) => prefixContains(network, address))) return true;
    const now = SYSTEM_CLOCK.now();
    if (now - this.#routesAt >= FRESH_MS) {
      this.#routesAt = now;
      this.#routes = this.deps.routes();
    }
    if (this.#routes.some((route) => prefixContains(route, address))) return true;
    if (this.#said.changed("stranger", "")) {
      log.warn("a machine that is no container was turned away", { source: formatAddress(address) });
    }
    return false;
  }
}
