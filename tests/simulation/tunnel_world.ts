/**
 * A server's link and a client's link over a network that loses, delays, reorders and repeats datagrams, in virtual time. An
 * attacker reads every datagram of the client and sends it again from any endpoint.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ServerLink } from "../../client/tunnel/server_link.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { packetVersion } from "../../core/packet/ip.ts";
import { ServerMessage, serverMessage } from "../../core/protocol/datagram.ts";
import { type HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { linuxSocketAddress } from "../../ffi/udp/socket_address.ts";
import { ClientLink } from "../../server/tunnel/client_link.ts";
import { fullControlText, revisionText } from "../../server/tunnel/control_text.ts";
import { FakeClock } from "../fakes/clock.ts";
import { endpoint } from "../literals.ts";

/** Milliseconds between heartbeats of an idle tunnel. */
export const HEARTBEAT_MS = 5_000;
/** The longest delay of a datagram, in milliseconds. */
export const MAX_DELAY_MS = 3_000;
/** The longest delay once the network is sound. */
const SOUND_DELAY_MS = 50;
/** Milliseconds between two data packets where there is traffic. */
const TRAFFIC_PERIOD_MS = 400;

const NOW = Date.UTC(2026, 0, 1);
const PORT = 2511;

/** A datagram that the attacker has read. */
interface Recorded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly from: Endpoint;
}

/** What a {@linkcode TunnelWorld} is made of. */
export interface WorldOptions {
  readonly seed: number;
  /** The keys of both ends; undefined: none is required. */
  readonly serverKey: HeartbeatMac | undefined;
  readonly clientKey: HeartbeatMac | undefined;
  /** Milliseconds that the client's wall clock is ahead of the server's. */
  readonly skew: number;
}

/** The two ends and the network between them. */
export class TunnelWorld implements Disposable {
  readonly clock = new FakeClock(NOW);
  readonly random: () => number;
  /** Part of the datagrams that is lost, and that arrives twice. */
  loss = 0;
  repetition = 0;
  maxDelay = SOUND_DELAY_MS;
  skew: number;
  hasTraffic = false;
  readonly #options: WorldOptions;
  readonly #recorded: Recorded[] = [];
  /** The datagrams that a run of the server has handled, as text. */
  readonly #handled = new Set<string>();
  #server: ClientLink;
  #client: ServerLink;
  #serverAt = endpoint(`192.0.2.1:${PORT}`);
  #clientAt = endpoint("198.51.100.1:40000");
  #connectedTo = this.#serverAt;
  #restarts = 0;
  /** The last revision that the server sent. */
  #revision: number | undefined;
  #traffic = { received: 0, sent: 0 };
  /** Whether the client's data plane takes packets from its server. */
  #isTrusted = true;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.skew = options.skew;
    this.random = mulberry32(options.seed);
    this.#server = this.#startServer();
    this.#client = this.#startClient();
    this.#sendData();
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
    this.#server[Symbol.dispose]();
  }

  /** The endpoint that the server is bound to, as text. */
  get bound(): string | undefined {
    const { client } = this.#server;
    return client && formatEndpoint(client.endpoint);
  }

  /** Why the two are not connected; undefined when they are. */
  get fault(): string | undefined {
    const { client } = this.#server;
    if (!this.#client.isUp) return "the client's server is not up";
    if (client === undefined) return "the server has no client";
    if (!equalEndpoint(client.endpoint, this.#clientAt)) return `the server is bound to ${this.bound}`;
    if (!equalEndpoint(this.#connectedTo, this.#serverAt)) {
      return "the client is connected to another endpoint";
    }
    if (client.description === undefined) return "the client has not described itself";
    if (client.description.revision !== this.#revision) return "the client lacks the last revision";
    return undefined;
  }

  /** Ends all faults of the network. */
  heal(): void {
    this.loss = this.repetition = 0;
    this.maxDelay = SOUND_DELAY_MS;
  }

  restartServer(): void {
    this.#server[Symbol.dispose]();
    this.#server = this.#startServer();
  }

  /** Starts the client again, at another port if it is to be so. */
  restartClient(moves: boolean): void {
    this.#client[Symbol.dispose]();
    if (moves) this.#clientAt = { ...this.#clientAt, port: 40_000 + ++this.#restarts };
    this.#connectedTo = this.#serverAt;
    this.#client = this.#startClient();
  }

  /** Gives the server another address, which its name leads to at once. */
  moveServer(): void {
    const last = this.#serverAt.address.bytes[3] === 1 ? 2 : 1;
    this.#serverAt = endpoint(`192.0.2.${last}:${PORT}`);
  }

  /** Changes the configuration of the tunnel. */
  changeConfig(): void {
    this.#server.sendChange("connect 10.1.0.0 10.2.0.0");
  }

  /** Sends recorded datagrams again: from the attacker's endpoint, and from where they came. */
  replay(): void {
    const attacker = endpoint("203.0.113.66:666");
    for (const { bytes, from } of this.#recorded.slice(-200)) {
      for (const source of [attacker, from]) this.#deliverToServer(bytes, source);
    }
  }

  #startServer(): ClientLink {
    const world = this as TunnelWorld;
    this.#revision = undefined;
    return new ClientLink({
      startedAt: this.clock.wallClock(),
      proof: this.#options.serverKey,
      keyPending: false,
      mtu: 1400,
      socket: { send: (datagram, to = assert.fail("no peer")) => world.#sendToClient(datagram, to) },
      codec: linuxSocketAddress,
      bindPeer: () => {},
      controlText: () => fullControlText([]),
      onBound: () => {},
      onDescribed: () => {},
      revisionText: (revision) => revisionText(this.#revision = revision, undefined, []),
      clock: this.clock,
      random: this.random,
      fillRandom: (bytes) => bytes.map(() => Math.floor(this.random() * 256)),
    });
  }

  #startClient(): ServerLink {
    const candidate = () => ({ host: "server.test", address: this.#serverAt.address });
    const clock = this.clock;
    this.#isTrusted = true;
    const link = new ServerLink({
      port: PORT,
      heartbeatMs: HEARTBEAT_MS,
      proof: this.#options.clientKey,
      description: () => ({ version: "0.1.0", addresses: ["192.168.251.1"] }),
      mtu: 1400,
      socket: {
        family: 4,
        connect: (peer) => void (this.#connectedTo = peer),
        send: (datagram) => this.#sendToServer(datagram),
      },
      candidate: candidate(),
      gatherCandidates: () => Promise.resolve([candidate()]),
      anyHost: false,
      onCommands: () => 0,
      onIpv6: () => {},
      onEngineMtu: () => {},
      onTrust: (isTrusted) => void (this.#isTrusted = isTrusted),
      traffic: () => ({ ...this.#traffic }),
      clock: {
        now: () => clock.now(),
        wallClock: () => clock.wallClock() + this.skew,
        after: (milliseconds, callback) => clock.after(milliseconds, callback),
      },
    });
    link.start();
    return link;
  }

  /** The client sends data, and the server answers it if the client is bound. */
  #sendData(): void {
    this.clock.after(TRAFFIC_PERIOD_MS, () => this.#sendData());
    if (!this.hasTraffic || !this.#isTrusted) return;
    this.#traffic.sent++;
    const [from, to] = [this.#clientAt, this.#connectedTo];
    this.#carry(() => {
      const { client } = this.#server;
      if (
        client === undefined || !equalEndpoint(client.endpoint, from) || !equalEndpoint(to, this.#serverAt)
      ) {
        return;
      }
      this.#carry(() => {
        const isHeard = equalEndpoint(from, this.#clientAt) && equalEndpoint(to, this.#connectedTo);
        if (isHeard && this.#isTrusted) this.#traffic.received++;
      });
    });
  }

  #sendToServer(bytes: Uint8Array<ArrayBuffer>): boolean {
    const [from, to] = [this.#clientAt, this.#connectedTo];
    this.#recorded.push({ bytes, from });
    this.#carry(() => {
      if (equalEndpoint(to, this.#serverAt)) this.#deliverToServer(bytes, from, true);
    });
    return true;
  }

  #sendToClient(bytes: Uint8Array<ArrayBuffer>, to: Endpoint): boolean {
    const from = this.#serverAt;
    this.#carry(() => {
      const isHeard = equalEndpoint(to, this.#clientAt) && equalEndpoint(from, this.#connectedTo);
      if (isHeard && packetVersion(bytes, 0, bytes.length) === 0) this.#client.handleMessage(bytes);
    });
    return true;
  }

  /** Delivers as the data plane does. With a key nothing that was handled before may bind another endpoint. */
  #deliverToServer(bytes: Uint8Array<ArrayBuffer>, from: Endpoint, isFirst = false): void {
    const fromPeer = this.#server.client !== undefined && equalEndpoint(this.#server.client.endpoint, from);
    const kind = serverMessage(bytes, 0, bytes.length);
    if (kind === ServerMessage.None || (kind === ServerMessage.Description && !fromPeer)) return;
    const text = bytes.join();
    const isReplay = this.#handled.has(text);
    if (!isFirst && !isReplay) return;
    this.#handled.add(text);
    const before = this.bound;
    this.#server.handleMessage(bytes, linuxSocketAddress.encode(from), fromPeer, this.clock.wallClock());
    if (isReplay && this.#options.serverKey !== undefined) {
      assert.equal(this.bound, before, "a replay has bound its sender");
    }
  }

  #carry(deliver: () => void): void {
    if (this.random() < this.loss) return;
    const copies = this.random() < this.repetition ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.clock.after(this.random() * this.maxDelay, deliver);
  }
}

/** A small generator of reproducible numbers from 0 to below 1. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
