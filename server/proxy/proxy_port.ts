import type { Clock } from "../../core/async/clock.ts";
import type { Proxy } from "../../core/config/keys/services.ts";
import { asOperationError } from "../../core/error.ts";
import { Backoff } from "../../core/async/backoff.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatEndpoint, formatHostPort } from "../../core/net/endpoint.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { type ProxyDeps, TcpProxy } from "../../system/proxy/tcp_proxy.ts";
import { UdpProxy } from "../../system/proxy/udp_proxy.ts";
import type { ProxyStatus } from "../status/status_document.ts";

const log = getLogger("proxy");

/** Milliseconds for which it is not said again that a target does not answer: containers may ask many times a second. */
const SILENCE_MS = 60_000;

export interface ProxyPortDeps extends Pick<ProxyDeps, "mayConnect" | "slots"> {
  /** The server's virtual addresses. */
  readonly addresses: readonly IpAddress[];
  readonly clock: Clock;
}

/** The listeners of one `proxy` line: TCP and UDP at each virtual address. */
export class ProxyPort implements AsyncDisposable {
  #tcp = new Map<IpAddress, TcpProxy>();
  #udp = new Map<IpAddress, UdpProxy>();
  #listenFault: string | undefined;
  #targetFault: string | undefined;
  #saidAt = -Infinity;
  #connections = 0;
  #total = 0;
  #failed = 0;
  #retry: Disposable | undefined;
  #opening: Promise<void> = Promise.resolve();
  #isClosed = false;
  readonly #said = new LogOnChange();
  readonly #backoff = new Backoff();

  constructor(readonly line: Proxy, readonly deps: ProxyPortDeps) {
    this.open();
  }

  /** What `status` shows. */
  get status(): ProxyStatus {
    const fault = this.#listenFault ?? this.#targetFault;
    const { listenPort: port } = this.line;
    return {
      listen: [...this.#tcp.keys()].map((address) => formatEndpoint({ address, port })),
      target: formatHostPort(this.line),
      connections: this.#connections,
      flows: [...this.#udp.values()].reduce((sum, { flows }) => sum + flows, 0),
      accepted: this.#total,
      failed: this.#failed,
      ...fault === undefined ? {} : { fault },
    };
  }

  /** Opens what is not open; the promise is kept once each was tried. */
  open(): Promise<void> {
    return this.#opening = this.#opening.then(() => this.#open());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
    await this.#opening;
    for (const udp of this.#udp.values()) udp[Symbol.dispose]();
    for (const tcp of this.#tcp.values()) await tcp[Symbol.asyncDispose]();
    this.#udp.clear();
    this.#tcp.clear();
  }

  async #open(): Promise<void> {
    let fault: string | undefined;
    for (const address of this.deps.addresses) {
      try {
        if (this.#isClosed) return;
        const deps = this.#proxyDeps(address);
        if (!this.#tcp.has(address)) this.#tcp.set(address, new TcpProxy(deps));
        if (!this.#udp.has(address)) this.#udp.set(address, await UdpProxy.open(deps, this.deps.clock));
      } catch (error) {
        fault = asOperationError(error, "Cannot listen for containers").report;
        if (this.#said.changed("listen", fault)) log.warn(fault);
      }
    }
    this.#listenFault = fault;
    if (fault !== undefined && !this.#isClosed) {
      this.#retry = this.deps.clock.after(this.#backoff.next(), () => void this.open());
    } else if (this.#said.clear("listen")) {
      log.info("the port can be listened on now", { port: this.line.listenPort });
    }
  }

  #proxyDeps(address: IpAddress): ProxyDeps {
    const { mayConnect, slots } = this.deps;
    return {
      hostname: formatAddress(address),
      listenPort: this.line.listenPort,
      target: this.line,
      mayConnect,
      slots: {
        take: () => {
          if (!slots.take()) return false;
          this.#connections++;
          return true;
        },
        release: () => {
          this.#connections--;
          slots.release();
        },
      },
      onTarget: (fault) => this.#onTarget(fault),
    };
  }

  #onTarget(fault: string | undefined): void {
    const isNew = fault !== this.#targetFault;
    this.#targetFault = fault;
    if (fault === undefined) this.#total++;
    else this.#failed++;
    const target = formatHostPort(this.line);
    const now = this.deps.clock.now();
    if (fault !== undefined && (isNew || this.#saidAt === -Infinity) && now - this.#saidAt >= SILENCE_MS) {
      this.#saidAt = now;
      log.warn("the target of a proxy line takes no connection; containers are turned away", {
        target,
        reason: fault,
      });
    } else if (fault === undefined && isNew && this.#saidAt !== -Infinity) {
      log.debug("the target of a proxy line takes connections again", { target });
    }
  }
}
