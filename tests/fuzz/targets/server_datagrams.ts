/**
 * Datagrams at the server's socket in each of its states: the packet code, and the link to the client behind it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../../../core/counters.ts";
import { formatEndpoint } from "../../../core/net/endpoint.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { answerChallenge, isChallenge } from "../../../core/protocol/challenge.ts";
import { encodeDescription } from "../../../core/protocol/description.ts";
import { encodeHeartbeat, type HeartbeatMac } from "../../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../../core/protocol/heartbeat_mac.ts";
import { Inbound } from "../../../dataplane/inbound.ts";
import { Outbound } from "../../../dataplane/outbound.ts";
import { ProbeTimes } from "../../../dataplane/path/probe_times.ts";
import { UdpPath } from "../../../dataplane/path/udp_path.ts";
import { PEER } from "../../../dataplane/worker_channel.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { linuxSocketAddress } from "../../../ffi/udp/socket_address.ts";
import { ClientLink } from "../../../server/tunnel/client_link.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { endpoint } from "../../literals.ts";
import { MemoryTunPort, MemoryUdpPort } from "../fake_ports.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";

const NOW = Date.UTC(2026, 0, 1);
/** The key of the kept inputs that prove one; a server with another key takes none of them. */
export const CORPUS_KEY = "corpus";
const MEMORY = 1 << 20;
const TEXT = "version 2,connect 172.17.0.0 172.18.0.0";
/** Octets that senders who proved nothing may be sent beyond their own: the budget of core/protocol/control.ts, with its framing. */
const BUDGET = { burst: 64 * 1024, perSecond: 4 * 1024, framing: 3 };
const PEER_AT = endpoint("192.0.2.7:40000");
const STRANGERS = [endpoint("192.0.2.9:40001"), endpoint("[2001:db8::9]:40002")];

/** A server's socket with the code behind it. */
class Server implements Disposable {
  readonly clock = new FakeClock(NOW);
  readonly link: ClientLink;
  readonly #port: MemoryUdpPort;
  readonly #tun: MemoryTunPort;
  readonly #path: UdpPath;
  readonly #inbound: Inbound;
  /** Octets received from, and sent to, who has proven nothing. */
  #received = 0;
  #answered = 0;
  #challenge: Uint8Array | undefined;

  constructor(readonly state: string, readonly key: string | undefined, hasIpv6: boolean) {
    const memory = new PacketMemory(MEMORY);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = this.#port = new MemoryUdpPort(memory, false);
    const path = this.#path = new UdpPath(memory.arena, port, counters);
    const tun = this.#tun = new MemoryTunPort(memory);
    const outbound = new Outbound(tun, path, new TxQueue(memory.arena, 4), counters);
    const probes = new ProbeTimes(memory.arena, () => {});
    this.#inbound = new Inbound(
      "server",
      tun,
      memory.arena.u8,
      outbound,
      probes,
      (_path, at, length, fromPeer) => {
        assert.ok(port.holds(at, length), "a message outside of what was received");
        const bytes = memory.arena.u8.slice(at, at + length);
        this.link.handleMessage(bytes, port.messageSource(), fromPeer, this.clock.wallClock());
      },
    );
    this.#inbound.ipv6IsOn = hasIpv6;
    this.link = new ClientLink({
      clock: this.clock,
      startedAt: NOW - 3_600_000,
      proof: this.#proof,
      keyPending: false,
      mtu: 1400,
      socket: { send: (datagram, to) => this.#note(datagram, formatEndpoint(to ?? PEER_AT)) },
      codec: linuxSocketAddress,
      bindPeer: (socketAddress) => {
        if (socketAddress !== undefined) port.setEndpoint(PEER, socketAddress);
        path.isBound = socketAddress !== undefined;
      },
      controlText: () => TEXT,
      onBound: () => {},
      onDescribed: () => {},
      revisionText: (revision) => `version 2,revision ${revision},addr6 off`,
      fillRandom: (bytes) => bytes.fill(7),
      random: () => 0,
    });
  }

  get #proof(): HeartbeatMac | undefined {
    return this.key === undefined ? undefined : heartbeatMac(this.key);
  }

  get client(): string | undefined {
    return this.link.client && formatEndpoint(this.link.client.endpoint);
  }

  #note(datagram: Uint8Array, to: string): boolean {
    if (isChallenge(datagram)) this.#challenge = datagram;
    if (to !== formatEndpoint(PEER_AT)) this.#answered += datagram.length;
    return true;
  }

  /** Binds the client as it binds itself, and lets it describe itself. */
  bind(isDescribed: boolean): this {
    const proof = this.#proof;
    this.deliver(encodeHeartbeat(proof, NOW + 1), PEER_AT);
    if (this.client === undefined && proof !== undefined && this.#challenge !== undefined) {
      this.deliver(answerChallenge(proof, this.#challenge), PEER_AT);
    }
    assert.equal(this.client, formatEndpoint(PEER_AT), this.state);
    if (!isDescribed) return this;
    this.deliver(encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] }), PEER_AT);
    assert.ok(this.link.client?.description);
    return this;
  }

  /** Sends a heartbeat that proves the key with a time that is long gone, so that a challenge is out. */
  challenge(): this {
    this.deliver(encodeHeartbeat(this.#proof, NOW - 600_000), PEER_AT);
    assert.ok(this.#challenge, this.state);
    return this;
  }

  deliver(bytes: Uint8Array, from: typeof PEER_AT, stride = Math.max(1, bytes.length)): void {
    this.#port.lay(bytes, stride, linuxSocketAddress.encode(from));
    assert.ok(this.#path.drain(this.#inbound));
    this.#port.checkGuards();
  }

  /** Delivers an input, and checks who is bound and who was answered what. */
  async take(input: Uint8Array, random: Random): Promise<void> {
    const before = this.client;
    const { written } = this.#tun;
    const described = this.link.client?.description;
    const isStranger = random.oneIn(2);
    const from = isStranger ? random.pick(STRANGERS) : PEER_AT;
    const stride = random.oneIn(8) ? 1 + random.below(input.length + 1) : Math.max(1, input.length);
    if (isStranger) this.#received += input.length;
    this.deliver(input, from, stride);
    if (before !== undefined) assert.ok(this.client !== undefined, `${this.state}: the client is gone`);
    const mayMove = this.key === undefined || this.key === CORPUS_KEY;
    if (!mayMove) {
      assert.equal(this.client, before, `${this.state}: another client without the key`);
      if (isStranger) {
        assert.equal(this.#tun.written, written, `${this.state}: a stranger's packet passes`);
        assert.equal(
          this.link.client?.description,
          described,
          `${this.state}: a stranger describes the client`,
        );
      }
      assert.ok(this.#answered <= this.#received, `${this.state}: ${this.#answered} for ${this.#received}`);
    } else {
      const budget = BUDGET.burst + BUDGET.perSecond * this.clock.now() / 1000;
      // A heartbeat of one octet is answered by three.
      const most = this.#received * BUDGET.framing * 2 + budget;
      assert.ok(this.#answered <= most, `${this.state}: ${this.#answered} octets for ${this.#received}`);
    }
    for (const { endpoint: to, bytes } of this.#port.sent.splice(0)) {
      assert.equal(to, PEER);
      assert.ok(bytes.length <= input.length, "an answer that is longer than the probe");
    }
    if (random.oneIn(64)) await this.clock.advance(random.below(5_000));
  }

  [Symbol.dispose](): void {
    this.link[Symbol.dispose]();
  }
}

function open(): Subject {
  const servers = [
    new Server("no client, no key", undefined, true),
    new Server("no client, a key", "secret", true),
    new Server("a challenge is out", "secret", true).challenge(),
    new Server("bound without a key", undefined, false).bind(true),
    new Server("bound by a key", "secret", false).bind(false),
    new Server("bound by a key, described", "secret", true).bind(true),
    new Server("a key that the sender knows", CORPUS_KEY, true),
  ];
  return {
    take: (input, random) => random.pick(servers).take(input, random),
    [Symbol.dispose]: () => servers.forEach((server) => server[Symbol.dispose]()),
  };
}

export const serverDatagrams: Target = {
  name: "server-datagrams",
  kind: "datagrams",
  modules: [
    "core/protocol/challenge.ts",
    "core/protocol/datagram.ts",
    "core/protocol/description.ts",
    "core/protocol/heartbeat.ts",
    "core/protocol/probe.ts",
    "dataplane/inbound.ts",
    "dataplane/path/udp_path.ts",
    "server/tunnel/client_link.ts",
  ],
  share: 4,
  open,
};
