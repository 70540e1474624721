/**
 * Datagrams at the client's socket in each of its states, and what its parts make of control texts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { BridgePairs } from "../../../client/firewall/bridge_pairs.ts";
import { Https } from "../../../client/https/https.ts";
import { ServerLink } from "../../../client/tunnel/server_link.ts";
import { COUNTER_BYTES } from "../../../core/counters.ts";
import { HostRecords } from "../../../core/hosts/host_records.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { encodeControl, MAX_CONTROL_LENGTH } from "../../../core/protocol/control.ts";
import { heartbeatMac } from "../../../core/protocol/heartbeat_mac.ts";
import { Inbound } from "../../../dataplane/inbound.ts";
import { Outbound } from "../../../dataplane/outbound.ts";
import { PathMtu } from "../../../dataplane/path_mtu.ts";
import { ProbeTimes } from "../../../dataplane/path/probe_times.ts";
import { UdpPath } from "../../../dataplane/path/udp_path.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { address } from "../../literals.ts";
import { MemoryTunPort, MemoryUdpPort } from "../fake_ports.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";
import { CORPUS_KEY } from "./server_datagrams.ts";

const NOW = Date.UTC(2026, 0, 1);
const MEMORY = 1 << 20;
const CANDIDATE = { host: "server.example", address: address("192.0.2.1") };
/** Datagrams that one datagram makes a client send at most: the answer to a challenge, a description, a heartbeat. */
const MAX_ANSWERS = 3;
const LARGE_PEER = { length: 65_535, behind: 1500, own: 9000, mayRaise: true };

class Client implements Disposable {
  readonly clock = new FakeClock(NOW);
  readonly link: ServerLink;
  readonly #port: MemoryUdpPort;
  readonly #path: UdpPath;
  readonly #inbound: Inbound;
  #sent = 0;

  constructor(readonly state: string, key: string | undefined, hasIpv6: boolean) {
    const memory = new PacketMemory(MEMORY);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = this.#port = new MemoryUdpPort(memory, true);
    this.#path = new UdpPath(memory.arena, port, counters);
    const tun = new MemoryTunPort(memory);
    const outbound = new Outbound(tun, this.#path, new TxQueue(memory.arena, 4), counters);
    outbound.mtu = new PathMtu(memory, tun);
    outbound.mtu.followPeer(LARGE_PEER);
    const probes = new ProbeTimes(memory.arena, () => {});
    this.#inbound = new Inbound("client", tun, memory.arena.u8, outbound, probes, (_path, at, length) => {
      assert.ok(port.holds(at, length), "a message outside of what was received");
      this.link.handleMessage(memory.arena.u8.slice(at, at + length));
    });
    this.#inbound.ipv6IsOn = hasIpv6;
    const proof = key === undefined ? undefined : heartbeatMac(key);
    const pairs = new BridgePairs();
    const names = new HostRecords();
    const https = new Https(
      { proof: undefined, onDescription: () => {} } as unknown as ConstructorParameters<typeof Https>[0],
    );
    this.link = new ServerLink({
      clock: this.clock,
      port: 2511,
      heartbeatMs: 5000,
      proof,
      description: () => ({ version: "0.1.0", addresses: ["192.168.251.1"] }),
      mtu: 1400,
      candidate: CANDIDATE,
      anyHost: false,
      onIpv6: () => {},
      onEngineMtu: (mtu) => assert.ok(mtu === undefined || mtu >= 576 && mtu <= 65_535),
      onDirect: () => {},
      gatherCandidates: () => Promise.resolve([CANDIDATE]),
      socket: { family: 4, connect: () => {}, send: () => ++this.#sent > 0 },
      onCommands: (commands) => {
        const faulty = pairs.take(commands) + names.take(commands) + https.take(commands);
        assert.ok(pairs.wanted.length <= MAX_CONTROL_LENGTH && names.domains.length <= 128);
        return faulty;
      },
      traffic: () => ({ received: 0, sent: 0 }),
    });
    this.link.start();
  }

  hear(text: string): this {
    for (const datagram of encodeControl(text, 1400)) this.link.handleMessage(datagram);
    return this;
  }

  async take(input: Uint8Array, random: Random): Promise<void> {
    const stride = random.oneIn(8) ? 1 + random.below(input.length + 1) : Math.max(1, input.length);
    this.#port.lay(input, stride, new Uint8Array());
    const before = this.#sent;
    assert.ok(this.#path.drain(this.#inbound));
    this.#port.checkGuards();
    const datagrams = Math.ceil(input.length / stride);
    assert.ok(
      this.#sent - before <= MAX_ANSWERS * datagrams,
      `${this.state}: ${this.#sent - before} answers`,
    );
    for (const { bytes } of this.#port.sent.splice(0)) assert.ok(bytes.length <= input.length);
    if (random.oneIn(64)) await this.clock.advance(random.below(20_000));
  }

  [Symbol.dispose](): void {
    this.link[Symbol.dispose]();
  }
}

function open(): Subject {
  const clients = [
    new Client("nothing heard", undefined, true),
    new Client("nothing heard, a key", CORPUS_KEY, false),
    new Client("an original's server", undefined, false).hear("connect 172.17.0.0 172.18.0.0"),
    new Client("a server of version 2", undefined, true).hear("version 2,connect 172.17.0.0 172.18.0.0"),
    new Client("a revision applied", CORPUS_KEY, true).hear("version 2,revision 7,addr6 fdc0:c0de:251::1/64"),
  ];
  return {
    take: (input, random) => random.pick(clients).take(input, random),
    [Symbol.dispose]: () => clients.forEach((client) => client[Symbol.dispose]()),
  };
}

export const clientDatagrams: Target = {
  name: "client-datagrams",
  kind: "datagrams",
  modules: [
    "client/firewall/bridge_pairs.ts",
    "client/https/https.ts",
    "client/tunnel/server_link.ts",
    "core/hosts/host_records.ts",
    "core/protocol/control.ts",
    "core/protocol/direct_command.ts",
    "core/packet/mss.ts",
    "dataplane/inbound.ts",
  ],
  share: 4,
  open,
};
