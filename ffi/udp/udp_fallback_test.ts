/** What the socket does where the kernel will not cut: paths with a smaller MTU, devices that cannot sum. */
import assert from "node:assert/strict";
import { Counter } from "../../core/counters.ts";
import { hex } from "../../core/offload/frame_fixture.ts";
import { noise, sealTransport } from "../../core/offload/packets_fixture.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { asRootOnLinux, PrivateNetwork } from "../netlink/private_network_fixture.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { LinuxTunPort, openLinuxTun } from "../tun/tun_linux.ts";
import { endpoint, UdpPeer } from "./udp_peer_fixture.ts";
import { EXCEEDS_PMTU } from "./udp_socket.ts";

const rows = (size: number, count: number) => Array.from({ length: count }, (_, index) => noise(size, index));

/** Sends and expects all of it; returns the number of runs it came in. */
function exchange(sender: UdpPeer, receiver: UdpPeer, datagrams: Uint8Array[]): number {
  for (const datagram of datagrams) sender.add(datagram);
  sender.send();
  const arrivals = receiver.receive(datagrams.length);
  assert.deepEqual(arrivals.map(({ octets }) => hex(octets)), datagrams.map(hex));
  assert.equal(sender.counters[Counter["drop.sendFailed"]], 0);
  return receiver.runs;
}

Deno.test(
  "datagrams above the path's MTU go singly, as fragments; smaller ones are still joined (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    network.ip("link set lo mtu 1500 up");
    let now = 0;
    using sender = new UdpPeer({ offload: true, clock: () => now });
    using receiver = new UdpPeer({ offload: true });
    sender.setEndpoint(0, receiver.endpoint);
    assert.equal(exchange(sender, receiver, rows(1000, 3)), 1);
    assert.equal(sender.port.unsupported, 0);
    assert.equal(
      exchange(sender, receiver, [...rows(1000, 3), ...rows(2000, 5), ...rows(1000, 4)]),
      1 + 5 + 1,
    );
    assert.equal(sender.port.unsupported, EXCEEDS_PMTU);
    assert.equal(exchange(sender, receiver, [...rows(3000, 2), ...rows(1472, 8)]), 2 + 1);
    assert.equal(exchange(sender, receiver, rows(1473, 3)), 3);

    network.ip("link set lo mtu 9000");
    assert.equal(exchange(sender, receiver, rows(3000, 4)), 4, "the path has changed, and nobody says so");
    now += 60_000;
    assert.equal(exchange(sender, receiver, rows(3000, 4)), 1, "after a minute it is tried again");
  },
);

// Kernels before 6.11 answer EIO here, later ones sum in software.
Deno.test(
  "through a device that cannot sum all datagrams come, with sums (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    using tun = openLinuxTun({ name: "t0", offload: false });
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "1");
    network.ip("address add 10.0.0.1/24 dev t0");
    network.ip("link set t0 up");
    using sender = new UdpPeer({ offload: true, address: "0.0.0.0" });
    sender.setEndpoint(0, endpoint("10.0.0.2", 2511));
    const sent = rows(1000, 5);
    for (const datagram of sent) sender.add(datagram);
    sender.send();

    const memory = new PacketMemory(16 << 20);
    const list = new TxQueue(memory.arena, 100);
    const port = new LinuxTunPort(memory, tun.descriptor, tun.offload, sender.counters);
    for (let read = 0; read < 5; read++) assert.equal(port.read(list), 1);
    const packets = Array.from({ length: 5 }, (_, index) => {
      const at = list.headers[index];
      return memory.arena.u8.slice(at, at + list.lengths[index]);
    });
    assert.deepEqual(packets.map((packet) => hex(packet.subarray(28))), sent.map(hex));
    for (const packet of packets) {
      const sealed = packet.slice();
      sealTransport(sealed, 20, 17);
      assert.equal(hex(sealed), hex(packet));
    }
    assert.equal(sender.counters[Counter["outbound.packets"]], 5);
  },
);
