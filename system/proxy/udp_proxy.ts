import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../core/async/clock.ts";
import { formatAddress, parseAddress } from "../../core/net/address.ts";
import { FLOW_IDLE_MS, FlowTable } from "../../core/proxy/flow_table.ts";
import { resolveHost } from "../../ffi/resolve/resolve.ts";
import { closeQuietly } from "./connect.ts";
import { cannotListen, type ProxyDeps } from "./tcp_proxy.ts";

/** Flows of one proxy at a time; each has a socket. */
const MAX_FLOWS = 512;
/** Milliseconds between two looks for idle flows. */
const SWEEP_MS = FLOW_IDLE_MS / 8;

/** Listens on one address and passes the datagrams of each source to the target, from a socket of its own, and the answers back. */
export class UdpProxy implements Disposable {
  readonly #flows = new FlowTable<Socket>(MAX_FLOWS);
  #sweep: Disposable | undefined;
  #isClosed = false;

  private constructor(readonly deps: ProxyDeps, readonly clock: Clock, readonly socket: Socket) {
    socket.on("message", (datagram, { address, port }) => void this.#pass(datagram, address, port));
  }

  /** Opens the socket. @throws {OperationError} "unavailable" where the port is taken */
  static async open(deps: ProxyDeps, clock: Clock): Promise<UdpProxy> {
    const socket = createSocket(familyOf(deps.hostname));
    const bound = Promise.withResolvers<void>();
    socket.on("error", bound.reject);
    socket.bind(deps.listenPort, deps.hostname, bound.resolve);
    try {
      await bound.promise;
      return new UdpProxy(deps, clock, socket);
    } catch (error) {
      closeQuietly(socket);
      throw cannotListen("UDP", deps, error);
    }
  }

  /** How many flows there are. */
  get flows(): number {
    return this.#flows.size;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#sweep?.[Symbol.dispose]();
    closeQuietly(this.socket);
    this.#flows.clear().forEach(closeQuietly);
  }

  async #pass(datagram: Uint8Array, address: string, port: number): Promise<void> {
    const key = `${address} ${port}`;
    const known = this.#flows.use(key, this.clock.now());
    if (known === undefined && !this.deps.mayConnect(address)) return;
    const flow = known ?? await this.#open(key, address, port);
    // A datagram that cannot be sent is lost, as on any network.
    if (flow !== undefined) send(flow, datagram, this.deps.target.port, this.#host);
  }

  #host = "";

  /** Opens the flow of a source that has none. */
  async #open(key: string, address: string, port: number): Promise<Socket | undefined> {
    const { host } = this.deps.target;
    const literal = parseAddress(host);
    if (literal === undefined) {
      const [found] = await resolveHost(host).catch(() => []);
      if (found === undefined) {
        this.deps.onTarget(`${host} has no address`);
        return undefined;
      }
      this.#host = formatAddress(found);
    } else this.#host = formatAddress(literal);
    const other = this.#flows.use(key, this.clock.now());
    if (other !== undefined || this.#isClosed) return other;
    const flow = createSocket(familyOf(this.#host));
    flow.on("error", () => {});
    flow.on("message", (answer, from) => {
      // Anyone on this machine can send to the flow's port; only the target's answers go on.
      if (from.port === this.deps.target.port && from.address === this.#host) {
        send(this.socket, answer, port, address);
      }
    });
    const ended = this.#flows.add(key, flow, this.clock.now());
    if (ended !== undefined) closeQuietly(ended);
    this.#sweep ??= this.clock.after(SWEEP_MS, () => this.#expire());
    return flow;
  }

  #expire(): void {
    this.#flows.expire(this.clock.now()).forEach(closeQuietly);
    this.#sweep = this.#flows.size === 0 ? undefined : this.clock.after(SWEEP_MS, () => this.#expire());
  }
}

function send(socket: Socket, datagram: Uint8Array, port: number, address: string): void {
  try {
    socket.send(datagram, port, address, () => {});
  } catch {
    // It was closed meanwhile.
  }
}

function familyOf(address: string): "udp4" | "udp6" {
  return address.includes(":") ? "udp6" : "udp4";
}
