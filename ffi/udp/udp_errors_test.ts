/** What the socket makes of errors: those that speak of earlier datagrams, of one endpoint, of a full buffer. */
import assert from "node:assert/strict";
import { Counter } from "../../core/counters.ts";
import { noise, onesComplementSum, writeUint16 } from "../../core/offload/packets_fixture.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { asRootOnLinux, PrivateNetwork } from "../netlink/private_network_fixture.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { LinuxTunPort, openLinuxTun } from "../tun/tun_linux.ts";
import { endpoint, UdpPeer } from "./udp_peer_fixture.ts";
import { EXCEEDS_PMTU } from "./udp_socket.ts";

/** RFC 792: destination unreachable, and two of its codes. */
const UNREACHABLE = 3;
const PORT_UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

/** A network behind a TUN device, whose packets the test sees and whose answers it writes. */
class Beyond implements Disposable {
  readonly #network = new PrivateNetwork();
  readonly #tun = openLinuxTun({ name: "t0", offload: true });
  readonly #memory = new PacketMemory(16 << 20);
  readonly #list = new TxQueue(this.#memory.arena, 1024);
  readonly #port: LinuxTunPort;
  readonly #room = this.#memory.arena.allocate(2048, 64);
  /** The last packet that came. */
  last = new Uint8Array();

  constructor() {
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "1");
    this.ip("address add 10.0.0.1/24 dev t0");
    this.ip("link set t0 mtu 1500 up");
    assert.ok(this.#tun.offload.udp, "the kernel has UDP segmentation for TUN devices (Linux 6.2)");
    this.#port = new LinuxTunPort(
      this.#memory,
      this.#tun.descriptor,
      this.#tun.offload,
      new Float64Array(Object.keys(Counter).length),
    );
  }

  ip(words: string): void {
    this.#network.ip(words);
  }

  /** The packets that came since the last time: how many datagrams each message of the socket was cut into. */
  messages(): number[] {
    const messages: number[] = [];
    for (let count = this.#port.read(this.#list); count !== 0; count = this.#port.read(this.#list)) {
      assert.ok(count > 0);
      messages.push(count);
    }
    const at = this.#list.headers[this.#list.count - 1];
    if (messages.length > 0) this.last = this.#memory.arena.u8.slice(at, at + 28) as Uint8Array<ArrayBuffer>;
    this.#list.clear();
    this.#port.release();
    return messages;
  }

  /** Sends an ICMP message about the last packet, as any host on the way or a stranger may. */
  report(code: number, nextHopMtu = 0): void {
    const packet = new Uint8Array(20 + 8 + this.last.length);
    packet.set([0x45, 0, 0, packet.length, 0, 0, 0, 0, 64, 1]);
    packet.set([10, 0, 0, 77, 10, 0, 0, 1], 12);
    writeUint16(packet, 10, 0xffff - onesComplementSum(packet.subarray(0, 20)));
    packet.set([UNREACHABLE, code], 20);
    writeUint16(packet, 26, nextHopMtu);
    packet.set(this.last, 28);
    writeUint16(packet, 22, 0xffff - onesComplementSum(packet.subarray(20)));
    this.#memory.arena.u8.set(packet, this.#room);
    this.#port.write(this.#room, packet.length);
    this.#port.flush();
  }

  [Symbol.dispose](): void {
    this.#tun.close();
    this.#network[Symbol.dispose]();
  }
}

function send(peer: UdpPeer, size: number, count: number, to = 0): void {
  for (let index = 0; index < count; index++) peer.add(noise(size, index), to);
  peer.send();
}

Deno.test(
  "a stranger's ICMP fragmentation needed leaves the cutting as it is (needs root on Linux)",
  asRootOnLinux,
  () => {
    using beyond = new Beyond();
    using peer = new UdpPeer({ offload: true, address: "10.0.0.1", connect: endpoint("10.0.0.2", 2511) });
    send(peer, 1200, 40);
    assert.deepEqual(beyond.messages(), [40]);
    beyond.report(FRAGMENTATION_NEEDED, 1300);
    send(peer, 52, 10);
    assert.deepEqual(beyond.messages(), [10]);
    send(peer, 1200, 40);
    assert.deepEqual(beyond.messages(), [40]);
    assert.equal(peer.port.unsupported, 0);
    assert.equal(peer.counters[Counter["drop.sendFailed"]], 0);
    assert.equal(peer.counters[Counter["outbound.packets"]], 90);
  },
);

Deno.test(
  "the report of an earlier datagram's fate costs no datagram (needs root on Linux)",
  asRootOnLinux,
  () => {
    using beyond = new Beyond();
    using peer = new UdpPeer({ offload: true, address: "10.0.0.1", connect: endpoint("10.0.0.2", 2511) });
    for (const [first, count] of [[100, 50], [100, 1], [1400, 64]]) {
      send(peer, 100, 1);
      assert.deepEqual(beyond.messages(), [1]);
      beyond.report(PORT_UNREACHABLE);
      send(peer, first, count);
      assert.deepEqual(beyond.messages(), count === 64 ? [46, 18] : [count]);
    }
    assert.equal(peer.counters[Counter["drop.sendFailed"]], 0);
  },
);

Deno.test(
  "an endpoint behind a narrow path has a limit of its own, for a minute (needs root on Linux)",
  asRootOnLinux,
  () => {
    let now = 1000;
    using beyond = new Beyond();
    using peer = new UdpPeer({ offload: true, address: "10.0.0.1", clock: () => now });
    const [wide, narrow] = [endpoint("10.0.0.2", 2511), endpoint("10.0.0.3", 2511)];
    peer.setEndpoint(0, wide);
    peer.setEndpoint(1, narrow);
    const messages = (size: number, count: number, to: number) => {
      send(peer, size, count, to);
      return beyond.messages();
    };
    beyond.ip("route add 10.0.0.3/32 dev t0 mtu 1300");
    // The kernel cuts these two in two fragments each.
    assert.deepEqual(messages(1400, 2, 1), [1, 1, 1, 1]);
    assert.equal(peer.port.unsupported, EXCEEDS_PMTU);
    assert.deepEqual(messages(1200, 9, 1), [9], "what fits is cut as before");
    assert.deepEqual(messages(1400, 9, 0), [9], "the others know nothing of it");
    beyond.ip("route change 10.0.0.3/32 dev t0 mtu 1500");
    peer.setEndpoint(0, wide);
    peer.setEndpoint(0, endpoint("10.0.0.4", 2511));
    peer.setEndpoint(1, narrow);
    assert.deepEqual(messages(1400, 3, 1), [1, 1, 1], "named again, it is the same path");
    now += 59_999;
    assert.deepEqual(messages(1400, 3, 1), [1, 1, 1]);
    now += 1;
    assert.deepEqual(messages(1400, 3, 1), [3], "after a minute it is tried again");

    beyond.ip("route change 10.0.0.3/32 dev t0 mtu 1300");
    assert.deepEqual(messages(1400, 2, 1), [1, 1, 1, 1]);
    peer.setEndpoint(1, endpoint("10.0.0.5", 2511));
    assert.deepEqual(messages(1400, 3, 1), [3], "another endpoint is another path");
    assert.equal(peer.counters[Counter["drop.sendFailed"]], 0);
  },
);

Deno.test(
  "when the send buffer is full, the rest of the list is dropped at once (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    network.ip("link add v0 type veth peer name v1");
    network.ip("link set v1 up");
    network.ip("address add 10.0.0.1/24 dev v0");
    network.ip("link set v0 up");
    using peer = new UdpPeer({ offload: false, address: "10.0.0.1" });
    // Datagrams wait for the neighbour's link address, which nobody tells, and are the socket's until then.
    peer.setEndpoint(0, endpoint("10.0.0.9", 2511));
    const [SOL_SOCKET, SO_SNDBUF] = [1, 7];
    linuxLibc().setsockopt(peer.socket.descriptor, SOL_SOCKET, SO_SNDBUF, new Uint32Array([20_000]), 4);
    send(peer, 1000, 600);
    const dropped = peer.counters[Counter["drop.sendBufferFull"]];
    assert.equal(dropped + peer.counters[Counter["outbound.packets"]], 600);
    assert.ok(dropped > 500, `${dropped} dropped`);
    const [names = "", values = ""] = Deno.readTextFileSync("/proc/thread-self/net/snmp")
      .split("\n").filter((line) => line.startsWith("Udp: "));
    const failedCalls = values.split(" ")[names.split(" ").indexOf("SndbufErrors")];
    // One ends the call that sent some, the next one tells why.
    assert.equal(failedCalls, "2");
  },
);
