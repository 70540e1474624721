/**
 * Finds out whether one of the client's machine's addresses can be reached without the tunnel, and goes on asking there.
 *
 * @module
 */
import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import {
  decodeDirectAnswer,
  DIRECT_NONCE_LENGTH,
  DIRECT_PROBE_LENGTH,
  type DirectMac,
  encodeDirectQuestion,
} from "../../core/path/direct_probe.ts";
import type { DirectWay } from "../../system/routing/direct_way_linux.ts";

/**
 * Milliseconds between questions on the path in use: while packets go there, while few do, while the interface sends nothing at
 * all, and where it is not used. TCP sends again 1.4 s after the first loss and then at 3 s (RFC 6298, with the 200 ms of Linux):
 * other packets are elsewhere by then.
 */
const BUSY_MS = 300;
const IDLE_MS = 1_000;
const REST_MS = 4_000;
const STANDBY_MS = 5_000;
/** Milliseconds between questions while one is unanswered, and while the machine is not ready yet. */
const ALERT_MS = 150;
const NOT_READY_MS = 100;
/** Milliseconds without an answer after which the address is not the client's any more. */
const SILENT_MS = 850;
/** Packets that the interface sends between two questions without any of the path: the questions, and those of others. */
const MAX_IDLE_PACKETS = 4;
/** By how many milliseconds a look may be late before the time counts as no silence: this program was held up. */
const MAX_LATE_MS = 250;
/** Pauses between searches. */
const SEARCH = { firstMs: 200, maxMs: 10_000 } as const;
/** So many times a machine that is not ready is asked soon again. */
const MAX_HURRIES = 50;
/** Questions of one address that may still be answered. */
const MAX_OPEN = 8;

/** The sockets that questions go out by. */
export interface ProbeSockets extends AsyncDisposable {
  use(addresses: readonly IpAddress[]): Promise<void>;
  send(from: IpAddress, datagram: Uint8Array<ArrayBuffer>, to: Endpoint): boolean;
}

/** Collaborators. */
export interface DirectProberDeps {
  /** Opens the sockets; what comes is to be handed to the function. */
  readonly openSockets: (
    onDatagram: (local: IpAddress, bytes: Uint8Array, source: Endpoint) => void,
    maximum: number,
  ) => ProbeSockets;
  /** The way to an address that is on a link of this machine; undefined: it is on none. */
  readonly find: (machine: IpAddress) => DirectWay | undefined;
  /** How many packets an interface has sent; undefined where that is not known. */
  readonly sentPackets: (interfaceName: string) => number | undefined;
  /** Packets can go there. */
  readonly onUp: (way: DirectWay) => void;
  /** They cannot, or for another reason than before; for people, without a full stop. */
  readonly onDown: (reason: string) => void;
  readonly onRoundTrip: (milliseconds: number) => void;
  readonly clock: Clock;
}

/** One of the machine's addresses, on a link of this one. */
interface Target {
  readonly endpoint: Endpoint;
  readonly way: DirectWay;
  /** When each open question was sent, by its nonce as text. */
  readonly open: Map<string, number>;
  /** The machine's challenge in its last answer. */
  challenge: Uint8Array;
}

export class DirectProber implements AsyncDisposable {
  readonly #sockets: ProbeSockets;
  readonly #backoff = new Backoff(SEARCH);
  #endpoints: readonly Endpoint[] = [];
  #mac: DirectMac | undefined;
  #targets: readonly Target[] = [];
  #active: Target | undefined;
  #isUsed = false;
  /** Since when a question has been waiting for an answer. */
  #waitingSince = Infinity;
  #lookAt = 0;
  #timer: Disposable | undefined;
  #isClosed = false;
  #reason = "";
  /** Packets that the interface had sent at the last answer, and when the question was asked. */
  #sent = 0;
  #askedAt = -Infinity;
  /** Answers of a machine that is not ready. */
  #hurries = 0;

  constructor(readonly deps: DirectProberDeps) {
    this.#sockets = deps.openSockets(
      (local, bytes, source) => this.#handle(local, bytes, source),
      DIRECT_PROBE_LENGTH,
    );
  }

  /** The way that was found. */
  get way(): DirectWay | undefined {
    return this.#active?.way;
  }

  /** Asks at these addresses from now on. The same again changes nothing. */
  setClient(endpoints: readonly Endpoint[], mac: DirectMac | undefined): void {
    const isSame = mac === this.#mac && endpoints.length === this.#endpoints.length &&
      endpoints.every((each, at) => equalEndpoint(each, this.#endpoints[at]));
    if (isSame) return;
    this.#endpoints = endpoints;
    this.#mac = mac;
    this.#backoff.reset();
    this.refresh();
  }

  /** The networks of this machine may have changed. */
  refresh(): void {
    if (this.#isClosed) return;
    const before = this.#targets;
    this.#targets = (this.#mac === undefined ? [] : this.#endpoints).flatMap((endpoint): Target[] => {
      const way = this.deps.find(endpoint.address);
      if (way === undefined) return [];
      const known = before.find((each) => equalEndpoint(each.endpoint, endpoint) && isSameWay(each.way, way));
      const challenge = new Uint8Array(DIRECT_NONCE_LENGTH);
      return [known ?? { endpoint, way, open: new Map(), challenge }];
    });
    const isSame = this.#targets.length === before.length &&
      this.#targets.every((each, at) => each === before[at]);
    if (this.#active !== undefined && !this.#targets.includes(this.#active)) {
      const { endpoint: { address } } = this.#active;
      const isTold = this.#endpoints.some((endpoint) => equalAddress(endpoint.address, address));
      const state = isTold ? "on a link of this machine" : "an address of the client's machine";
      this.#lose(`${formatAddress(address)} is no longer ${state}`);
    }
    if (this.#targets.length === 0) this.#tell(this.#whyNone());
    if (isSame) return;
    this.#backoff.reset();
    void this.#sockets.use(this.#targets.map(({ way }) => way.own)).then(() => this.#look());
  }

  /** Asks now, as the selection of the path wants it. */
  probe(): void {
    if (this.#active !== undefined) this.#ask(this.#active);
  }

  /** Packets go there, or no longer. */
  set isUsed(isUsed: boolean) {
    if (isUsed === this.#isUsed) return;
    this.#isUsed = isUsed;
    this.#askedAt = -Infinity;
    if (this.#active !== undefined) this.#schedule(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#sockets[Symbol.asyncDispose]();
  }

  /** Asks whom it is time to ask, and looks whether an answer is missing. */
  #look(): void {
    if (this.#isClosed || this.#targets.length === 0) return;
    const now = this.deps.clock.now();
    const active = this.#active;
    if (active === undefined) {
      for (const target of this.#targets) this.#ask(target);
      return this.#schedule(this.#backoff.next());
    }
    const late = now - this.#lookAt;
    if (late > MAX_LATE_MS) this.#waitingSince = Math.min(this.#waitingSince + late, now);
    if (now >= this.#waitingSince + SILENT_MS) {
      return this.#lose(`${formatAddress(active.way.machine)} does not answer`);
    }
    if (this.#mayRest(active.way, now)) return this.#schedule(IDLE_MS);
    this.#ask(active);
    this.#schedule(ALERT_MS);
  }

  /** Whether the interface has sent nothing since the last answer, so that nothing can be lost there. */
  #mayRest({ interfaceName }: DirectWay, now: number): boolean {
    return this.#isUsed && this.#waitingSince === Infinity && now < this.#askedAt + REST_MS &&
      this.deps.sentPackets(interfaceName) === this.#sent;
  }

  #schedule(milliseconds: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#lookAt = this.deps.clock.now() + milliseconds;
    this.#timer = this.deps.clock.after(milliseconds, () => this.#look());
  }

  #ask(target: Target): void {
    const { endpoint, way, open, challenge } = target;
    if (this.#mac === undefined) return;
    const nonce = crypto.getRandomValues(new Uint8Array(DIRECT_NONCE_LENGTH));
    const link = { desktop: way.own, machine: way.machine };
    const question = encodeDirectQuestion(this.#mac, link, { isReady: false, nonce, challenge });
    const now = this.deps.clock.now();
    for (const oldest of open.keys()) {
      if (open.size < MAX_OPEN) break;
      open.delete(oldest);
    }
    open.set(nonce.join(), now);
    if (target === this.#active) {
      this.#waitingSince = Math.min(this.#waitingSince, now);
      this.#askedAt = now;
    }
    this.#sockets.send(way.own, question, endpoint);
  }

  #handle(local: IpAddress, datagram: Uint8Array, source: Endpoint): void {
    const target = this.#targets.find(({ endpoint, way }) =>
      equalEndpoint(endpoint, source) && equalAddress(way.own, local)
    );
    if (target === undefined || this.#mac === undefined) return;
    // Without an open question nothing is worth a look at its proof.
    if (target.open.size === 0) return;
    const { way } = target;
    const answer = decodeDirectAnswer(this.#mac, { desktop: way.own, machine: way.machine }, datagram);
    const sentAt = answer && target.open.get(answer.nonce.join());
    if (answer === undefined || sentAt === undefined) return;
    const now = this.deps.clock.now();
    target.open.delete(answer.nonce.join());
    target.challenge = answer.challenge;
    if (!answer.isReady) return this.#hurry(way);
    if (this.#active === undefined) {
      this.#active = target;
      this.#backoff.reset();
      this.#hurries = 0;
      this.#reason = "";
      this.deps.onUp(way);
    }
    if (target !== this.#active) return;
    this.#waitingSince = Infinity;
    this.deps.onRoundTrip(now - sentAt);
    this.#schedule(this.#isUsed ? this.#usedPause(way) : STANDBY_MS);
  }

  #usedPause({ interfaceName }: DirectWay): number {
    const before = this.#sent;
    this.#sent = this.deps.sentPackets(interfaceName) ?? before + MAX_IDLE_PACKETS + 1;
    return this.#sent - before > MAX_IDLE_PACKETS ? BUSY_MS : IDLE_MS;
  }

  /** The machine is there and opens its firewall, which takes some 100 ms; where it cannot, the search goes on as usual. */
  #hurry(way: DirectWay): void {
    if (this.#active !== undefined) return;
    if (this.#hurries++ < MAX_HURRIES) return this.#schedule(NOT_READY_MS);
    this.#tell(`the firewall of ${formatAddress(way.machine)} lets no packets pass there`);
  }

  #lose(reason: string): void {
    this.#hurries = 0;
    this.#active = undefined;
    this.#waitingSince = Infinity;
    for (const { open } of this.#targets) open.clear();
    this.#backoff.reset();
    this.#tell(reason);
    this.#schedule(this.#backoff.next());
  }

  #tell(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.deps.onDown(reason);
  }

  #whyNone(): string {
    if (this.#mac === undefined || this.#endpoints.length === 0) {
      return "the client has told no address of its machine";
    }
    const addresses = this.#endpoints.map((endpoint) => formatEndpoint(endpoint).replace(/:\d+$/, ""));
    return `none of the machine's addresses is on a link of this one: ${addresses.join(" ")}`;
  }
}

function isSameWay(a: DirectWay, b: DirectWay): boolean {
  return a.interfaceName === b.interfaceName && equalAddress(a.own, b.own) &&
    equalAddress(a.machine, b.machine);
}
