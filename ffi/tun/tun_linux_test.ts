import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../core/counters.ts";
import { gather, hex, superFrame } from "../../core/offload/frame_fixture.ts";
import { noise, packetOf, plainTcp, plainUdp } from "../../core/offload/packets_fixture.ts";
import { segmentTwin } from "../../core/offload/segment_twin_fixture.ts";
import { VIRTIO_HEADER } from "../../core/offload/virtio.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../../core/packet/tx_queue.ts";
import { errno } from "../libc/errno.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { asRootOnLinux, PrivateNetwork } from "../netlink/private_network_fixture.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { ODD_FAILURES } from "./tun_port.ts";
import { BATCH_FULL, DEVICE_ERROR, WOULD_BLOCK } from "./tun.ts";
import { IFREQ_FLAGS, IFREQ_SIZE, LinuxTunPort, openLinuxTun, tunRequest } from "./tun_linux.ts";
import { openPair } from "./tun_pair_fixture.ts";
import { UdpPeer } from "../udp/udp_peer_fixture.ts";
import { openLinuxUdpSocket } from "../udp/udp_socket_linux.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("struct ifreq and struct virtio_net_hdr have the kernel's sizes", () => {
  assert.deepEqual([IFREQ_SIZE, IFREQ_FLAGS], [40, 16]);
  assert.equal(VIRTIO_HEADER, 10);
});

Deno.test("the request names the interface and asks for TUN, no PI, VNET_HDR and exclusive use", () => {
  const request = tunRequest("connector0");
  assert.equal(request.length, 40);
  assert.equal(new TextDecoder().decode(request.subarray(0, 11)), "connector0\0");
  // IFF_TUN 1, IFF_NO_PI 0x1000, IFF_VNET_HDR 0x4000, IFF_TUN_EXCL 0x8000.
  assert.equal(new DataView(request.buffer).getUint16(16, true), 0xd001);
  assert.equal(tunRequest("a".repeat(15))[15], 0);
  for (const name of ["", "a".repeat(16)]) assert.throws(() => tunRequest(name), RangeError);
});

Deno.test("a device comes, is exclusive and goes (needs root on Linux)", asRootOnLinux, () => {
  using network = new PrivateNetwork();
  const device = openLinuxTun({ name: "t0", offload: true });
  assert.equal(device.name, "t0");
  assert.ok(device.offload.tcp);
  assert.equal(network.list("link show t0").length, 1);
  assert.throws(() => openLinuxTun({ name: "t0", offload: true }), { errno: errno.EBUSY });
  device.close();
  assert.deepEqual(network.list("link show type tun"), []);
  using plain = openLinuxTun({ name: "t1", offload: false });
  assert.deepEqual(plain.offload, { tcp: false, udp: false });
});

Deno.test("without a privilege the device is refused (needs root on Linux)", asRootOnLinux, () => {
  using network = new PrivateNetwork();
  network.withoutPrivilege(() =>
    assert.throws(() => openLinuxTun({ name: "t0", offload: true }), { errno: errno.EPERM })
  );
});

Deno.test(
  "a frame that does not fit into the list waits for the next one (needs root on Linux)",
  asRootOnLinux,
  () => {
    using pair = openPair({ in: true, out: true });
    const frame = superFrame({ ...plainTcp, hopLimit: 64, payload: noise(10_000, 1) }, 1000);
    const second = superFrame({ ...plainTcp, id: 77, payload: noise(10_000, 2) }, 1000);
    pair.inject(frame);
    pair.inject(second);
    const { port, memory } = pair.attachOut();
    const list = new TxQueue(memory.arena, 15);
    const datagrams = () =>
      Array.from({ length: list.count }, (_, index) =>
        hex(
          gather(memory.arena, list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE, IOVECS_PER_DATAGRAM),
        ));
    pair.awaitOut();
    assert.equal(port.read(list), 10);
    assert.deepEqual(datagrams(), segmentTwin(pair.forwarded(frame)).map(hex));
    assert.equal(port.read(list), BATCH_FULL);
    assert.equal(port.read(list), BATCH_FULL);
    assert.equal(list.count, 10);
    list.clear();
    port.release();
    assert.equal(port.read(list), 10);
    assert.deepEqual(datagrams(), segmentTwin(pair.forwarded(second)).map(hex));
    list.clear();
    port.release();
    assert.equal(port.read(list), WOULD_BLOCK);
  },
);

Deno.test("sixty-four reads fill the port until it is released (needs root on Linux)", asRootOnLinux, () => {
  using pair = openPair({ in: false, out: false });
  for (let id = 0; id < 65; id++) pair.injectPacket(packetOf({ ...plainUdp, id, payload: noise(20, id) }));
  const { port, memory } = pair.attachOut();
  const list = new TxQueue(memory.arena, 100);
  pair.awaitOut();
  for (let read = 0; read < 64; read++) assert.equal(port.read(list), 1);
  assert.equal(port.read(list), BATCH_FULL);
  const ids = Array.from({ length: 64 }, (_, index) => memory.arena.u8[list.headers[index] + 5]);
  assert.deepEqual(ids, Array.from({ length: 64 }, (_, index) => index), "what was read is still there");
  port.release();
  list.clear();
  assert.equal(port.read(list), 1);
  assert.equal(memory.arena.u8[list.headers[0] + 5], 64);
  assert.equal(port.read(list), WOULD_BLOCK);
});

Deno.test("what is no packet is counted and passed over (needs root on Linux)", asRootOnLinux, () => {
  using pair = openPair({ in: false, out: false });
  const { port, memory, counters } = pair.attachOut();
  pair.sendRaw(new Uint8Array([0]));
  pair.sendRaw(noise(100, 3));
  pair.injectPacket(packetOf(plainUdp));
  const list = new TxQueue(memory.arena, 10);
  pair.awaitOut();
  assert.equal(port.read(list), 1);
  assert.equal(list.lengths[0], 1028);
  assert.equal(counters[Counter["drop.malformed"]], 2);
});

Deno.test(
  "a removed interface fails the read and refuses the write (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    using device = openLinuxTun({ name: "t0", offload: true });
    const memory = new PacketMemory(16 << 20);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = new LinuxTunPort(memory, device.descriptor, device.offload, counters);
    const list = new TxQueue(memory.arena, 10);
    const at = memory.arena.allocate(2048, 64);
    memory.arena.u8.set(packetOf(plainTcp), at);
    port.write(at, 1040);
    port.flush();
    assert.equal(counters[Counter["drop.tunWriteFailed"]], 1, "it is still down");
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "1");
    network.ip("link set t0 up");
    assert.equal(port.read(list), WOULD_BLOCK);
    port.write(at, 1040);
    port.flush();
    assert.equal(counters[Counter["drop.tunWriteFailed"]], 1);
    network.ip("link delete t0");
    assert.equal(port.read(list), DEVICE_ERROR);
    assert.equal(port.failure, linuxErrno.EBADFD);
    port.write(at, 1040);
    port.flush();
    assert.equal(counters[Counter["drop.tunWriteFailed"]], 2);
  },
);

/** A port whose device is a connected UDP socket: what comes is read, and an ICMP error fails one read. */
function portOfSocket(peer: UdpPeer) {
  const memory = new PacketMemory(16 << 20);
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const offload = { tcp: false, udp: false };
  const port = new LinuxTunPort(memory, peer.socket.descriptor, offload, counters);
  return { port, counters, list: new TxQueue(memory.arena, 10) };
}

Deno.test(
  "a read that fails for no known reason is counted, and the next one counts (needs Linux)",
  onLinux,
  () => {
    using peer = new UdpPeer({ offload: false });
    const gone = new UdpPeer({ offload: false });
    peer.socket.connect(gone.endpoint);
    const { endpoint } = gone;
    gone[Symbol.dispose]();
    const { port, counters, list } = portOfSocket(peer);
    for (let failures = 1; failures <= 200; failures++) {
      peer.socket.send(new Uint8Array(1));
      assert.equal(port.read(list), WOULD_BLOCK, "ECONNREFUSED, then EAGAIN");
      assert.equal(counters[Counter["drop.malformed"]], failures);
    }
    peer.socket.send(new Uint8Array(1));
    using back = openLinuxUdpSocket(endpoint);
    back.send(Uint8Array.of(...new Uint8Array(VIRTIO_HEADER), ...packetOf(plainUdp)), peer.endpoint);
    assert.equal(port.read(list), 1, "the failure does not hide the packet behind it");
    assert.equal(counters[Counter["drop.malformed"]], 201);
  },
);

Deno.test("a device that does nothing but fail is gone in the end (needs Linux)", onLinux, () => {
  const libc = linuxLibc();
  const descriptor = libc.open(new TextEncoder().encode("/\0"), 0);
  try {
    const memory = new PacketMemory(16 << 20);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = new LinuxTunPort(memory, descriptor, { tcp: false, udp: false }, counters);
    const EISDIR = 21;
    assert.equal(port.read(new TxQueue(memory.arena, 10)), DEVICE_ERROR);
    assert.equal(port.failure, EISDIR);
    assert.equal(counters[Counter["drop.malformed"]], ODD_FAILURES - 1);
  } finally {
    libc.close(descriptor);
  }
});
