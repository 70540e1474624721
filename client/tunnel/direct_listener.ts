/**
 * The client's side of the direct path: answers the server's probes at this machine's own addresses, knows the desktop by them, and
 * routes its virtual address to it while the server sends its packets there.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import { TokenBucket } from "../../core/async/token_bucket.ts";
import type { DirectPeer, FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import {
  decodeDirectQuestion,
  DIRECT_PROBE_LENGTH,
  type DirectLink,
  encodeDirectAnswer,
  isDirectQuestion,
} from "../../core/path/direct_probe.ts";
import { CHALLENGE_SECRET_LENGTH, Challenges } from "../../core/protocol/challenge.ts";
import type { DirectTerms } from "../../core/protocol/direct_command.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { MAX_DIRECT } from "../../core/protocol/description.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { loadHeartbeatProof } from "../../program/heartbeat_key.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { addDirectRoutes, findMac, removeDirectRoutes } from "../../system/routing/direct_way_linux.ts";
import type { MachineAddress } from "../../system/routing/machine_networks.ts";
import { DatagramSockets } from "../../system/udp/datagram_sockets.ts";

const log = getLogger("path");

/** Milliseconds after which a desktop that has not asked is no longer there. */
const PEER_MS = 10_000;
/** Desktops that are known at a time: one by each of a few links. */
const MAX_PEERS = 4;
/** Questions whose proof is looked at: a server asks up to ten times a second at each of a few addresses. */
const QUESTIONS_PER_SECOND = 50;
const MAX_QUESTIONS = 100;
/** The bound of those that come from where no desktop is known: strangers keep no desktop out. */
const STRANGE_PER_SECOND = 20;
const MAX_STRANGE = 40;

/** Collaborators; those with defaults are for tests. */
export interface DirectListenerDeps {
  /** The key of the heartbeats; undefined: none. */
  readonly proof: HeartbeatMac | undefined;
  /** The server's virtual address, and this machine's. */
  readonly desktop: IpAddress;
  readonly own: IpAddress;
  readonly addresses: () => readonly MachineAddress[];
  /** What the firewall is to let pass has changed. */
  readonly onPeers: () => void;
  /** Where this end listens has changed. */
  readonly onEndpoints: () => void;
  /** Whether the firewall lets a desktop's packets pass. */
  readonly lets: (peer: DirectPeer) => boolean;
  readonly clock?: Clock;
}

/** A desktop that has proven itself on a link. */
interface Peer extends DirectPeer {
  readonly way: { readonly machine: IpAddress; readonly own: IpAddress; readonly interfaceName: string };
  readonly heardAt: number;
}

/** Listens for the server while that offers the direct path. */
export class DirectListener implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #sockets: DatagramSockets;
  readonly #challenges: Challenges;
  readonly #known: TokenBucket;
  readonly #strange: TokenBucket;
  readonly #peers = new Map<string, Peer>();
  readonly #said = new LogOnChange();
  #terms: DirectTerms | undefined;
  #mac: HeartbeatMac | undefined;
  #endpoints: readonly string[] = [];
  #interfaces: readonly MachineAddress[] = [];
  /** The route that leads back to the desktop. */
  #back: Peer["way"] | undefined;
  /**
   * Since a desktop was on a link, it sees one source on every path, also while the direct one is not offered: a connection that
   * begins then is to go on when it is offered again.
   */
  #isFixed = false;
  #timer: Disposable | undefined;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(readonly deps: DirectListenerDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    const now = this.#clock.now();
    this.#known = new TokenBucket(QUESTIONS_PER_SECOND, MAX_QUESTIONS, now);
    this.#strange = new TokenBucket(STRANGE_PER_SECOND, MAX_STRANGE, now);
    this.#challenges = new Challenges(crypto.getRandomValues(new Uint8Array(CHALLENGE_SECRET_LENGTH)));
    this.#sockets = new DatagramSockets({
      onDatagram: (local, bytes, source) => this.#handle(local, bytes, source),
      maximum: DIRECT_PROBE_LENGTH,
      clock: this.#clock,
    });
  }

  /** Where probes are answered, for the description. */
  get endpoints(): readonly string[] {
    return this.#endpoints;
  }

  /** What the firewall is to let pass. */
  get rules(): Pick<FirewallSpec, "direct" | "fixedSource"> {
    const direct = [...this.#peers.values()].map(({ interfaceName, source, mac }) => ({
      interfaceName,
      source,
      mac,
    }));
    if (!this.#isFixed) return {};
    return { direct, fixedSource: { desktop: this.deps.desktop, source: this.deps.own } };
  }

  /** Follows what the server says of the direct path; undefined: it is not offered. */
  follow(terms: DirectTerms | undefined): void {
    const before = this.#terms;
    this.#terms = terms;
    const isSame = terms?.secret === before?.secret && (terms === undefined) === (before === undefined);
    if (!isSame) this.#start(() => this.#open());
    this.#leadBack();
  }

  /** This machine's addresses may have changed. */
  refresh(): void {
    this.#start(() => this.#listen());
  }

  /** Stops, and takes the route back out. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#terms = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#leadBack();
    await this.#work;
    await this.#sockets[Symbol.asyncDispose]();
  }

  #start(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#isClosed ? undefined : work()).catch((error) => {
      if (!(error instanceof SystemError)) throw error;
      log.debug("cannot listen for the desktop", { reason: error.message });
    });
  }

  async #open(): Promise<void> {
    const terms = this.#terms;
    const mac = terms?.secret === undefined ? this.deps.proof : await loadHeartbeatProof(terms.secret);
    this.#mac = terms === undefined ? undefined : mac;
    if (this.#peers.size > 0) {
      this.#peers.clear();
      this.deps.onPeers();
    }
    await this.#listen();
  }

  async #listen(): Promise<void> {
    this.#interfaces = this.#mac === undefined ? [] : this.deps.addresses().slice(0, MAX_DIRECT);
    await this.#sockets.use(this.#interfaces.map(({ address }) => address));
    const endpoints = this.#sockets.endpoints.map(formatEndpoint).sort();
    if (endpoints.join() === this.#endpoints.join()) return;
    this.#endpoints = endpoints;
    this.deps.onEndpoints();
  }

  #handle(machine: IpAddress, datagram: Uint8Array, source: Endpoint): void {
    const mac = this.#mac;
    if (mac === undefined || !isDirectQuestion(datagram)) return;
    const key = `${formatAddress(machine)} ${formatAddress(source.address)}`;
    const bucket = this.#peers.has(key) ? this.#known : this.#strange;
    if (!bucket.take(1, this.#clock.now())) return;
    const link = { desktop: source.address, machine };
    const question = decodeDirectQuestion(mac, link, datagram);
    if (question === undefined) return;
    const now = this.#clock.wallClock();
    const challenge = this.#challenges.issue(mac, source, now).subarray(1);
    if (this.#challenges.isCurrent(mac, new Uint8Array([0, ...question.challenge]), source, now)) {
      this.#meet(key, link);
    }
    const peer = this.#peers.get(key);
    const isReady = peer !== undefined && this.deps.lets(peer);
    this.#sockets.send(
      machine,
      encodeDirectAnswer(mac, link, { isReady, nonce: question.nonce, challenge }),
      source,
    );
  }

  /** A desktop is there now. */
  #meet(key: string, { desktop, machine }: DirectLink): void {
    const interfaceName = this.#interfaces.find(({ address }) => equalAddress(address, machine))
      ?.interfaceName;
    const mac = interfaceName && findMac(desktop, interfaceName);
    const before = this.#peers.get(key);
    if (interfaceName === undefined || mac === undefined) return;
    if (before === undefined && this.#peers.size >= MAX_PEERS) return;
    this.#peers.set(key, {
      interfaceName,
      mac,
      source: this.deps.desktop,
      way: { machine: desktop, own: machine, interfaceName },
      heardAt: this.#clock.now(),
    });
    if (before?.mac === mac && before.interfaceName === interfaceName) return;
    if (before === undefined) {
      log.info("the desktop is on a link of this machine", { interface: interfaceName });
    }
    this.#isFixed = true;
    this.deps.onPeers();
    this.#leadBack();
    this.#watch();
  }

  /** Forgets desktops that do not ask any more. */
  #watch(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#isClosed || this.#peers.size === 0) return;
    const oldest = Math.min(...[...this.#peers.values()].map(({ heardAt }) => heardAt));
    this.#timer = this.#clock.after(Math.max(0, oldest + PEER_MS - this.#clock.now()), () => {
      const now = this.#clock.now();
      for (const [key, { heardAt, interfaceName }] of this.#peers) {
        if (now < heardAt + PEER_MS) continue;
        this.#peers.delete(key);
        log.info("the desktop is no longer on that link", { interface: interfaceName });
        this.deps.onPeers();
      }
      this.#leadBack();
      this.#watch();
    });
  }

  /** Leads what is for the desktop by the link or into the tunnel, as the server sends its own. */
  #leadBack(): void {
    const { desktop, own } = this.deps;
    const via = this.#terms?.via;
    const way = via && [...this.#peers.values()].find(({ way }) => equalAddress(way.machine, via))?.way;
    const before = this.#back;
    const text = (each: Peer["way"] | undefined) =>
      each && `${each.interfaceName} ${formatAddress(each.machine)} ${formatAddress(each.own)}`;
    if (text(way) === text(before)) return;
    const prefixes = [{ address: desktop, length: 32 }];
    const routing = { source: own };
    const faults = way === undefined ? [] : [...addDirectRoutes(prefixes, way, routing).faults];
    if (before !== undefined) faults.push(...removeDirectRoutes(prefixes, before, routing).faults);
    this.#back = way;
    if (faults.length === 0) this.#said.clear("route");
    else if (this.#said.changed("route", faults.join())) {
      log.warn(`Cannot route the desktop's address by the link: ${faults.join()}`);
    }
  }
}
