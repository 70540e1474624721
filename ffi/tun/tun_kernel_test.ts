/** What the kernel makes of large packets, beside what core/offload makes of them. */
import assert from "node:assert/strict";
import { Counter } from "../../core/counters.ts";
import { gather, hex, superFrame } from "../../core/offload/frame_fixture.ts";
import {
  ACK,
  CWR,
  ECE,
  FIN,
  noise,
  type PacketFields,
  plainTcp,
  plainUdp,
  PSH,
  URG,
} from "../../core/offload/packets_fixture.ts";
import { segmentTwin } from "../../core/offload/segment_twin_fixture.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../../core/packet/tx_queue.ts";
import { asRootOnLinux } from "../netlink/private_network_fixture.ts";
import { type Attached, openPair } from "./tun_pair_fixture.ts";

const prefix = (...start: number[]) => Uint8Array.from([...start, ...noise(16 - start.length, 8)]);
const v6 = {
  source: prefix(0xfd, 0, 0, 1),
  destination: prefix(0xfd, 0, 0, 2),
};
const tcpWith = (changes: Partial<PacketFields["tcp"]>, base: PacketFields = plainTcp): PacketFields => ({
  ...base,
  tcp: { ...plainTcp.tcp, ...changes },
});
const timestamps = new Uint8Array([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);

const streams: readonly [string, PacketFields, number][] = [
  ["TCP", { ...plainTcp, payload: noise(9000, 1) }, 1348],
  ["TCP up to the last octet of IPv4", { ...plainTcp, payload: noise(65535 - 40, 2) }, 1460],
  ["TCP of odd sizes", { ...plainTcp, payload: noise(4001, 3) }, 333],
  ["TCP that ends its stream", { ...tcpWith({ flags: ACK | PSH | FIN }), payload: noise(3000, 4) }, 1000],
  [
    "TCP with ECE and URG",
    { ...tcpWith({ flags: ACK | ECE | URG, urgent: 5 }), payload: noise(3000, 5) },
    1400,
  ],
  ["TCP with timestamps", { ...tcpWith({ options: timestamps }), payload: noise(5000, 6) }, 1200],
  [
    "TCP across the wrap of its sequence",
    { ...tcpWith({ sequence: 0xffff_f000 }), payload: noise(9000, 7) },
    1000,
  ],
  ["TCP across the wrap of its ids, fragments allowed", {
    ...plainTcp,
    id: 0xfffe,
    fragment: 0,
    payload: noise(6000, 8),
  }, 1000],
  ["TCP marked by a congested router", { ...plainTcp, trafficClass: 3, payload: noise(3000, 9) }, 1000],
  [
    "TCP with IPv4 options",
    { ...plainTcp, options: new Uint8Array(8).fill(1), payload: noise(3000, 10) },
    1000,
  ],
  ["TCP over IPv6", { ...tcpWith({ options: timestamps }), ...v6, payload: noise(9000, 11) }, 1208],
  ["UDP", { ...plainUdp, payload: noise(9001, 12) }, 1200],
  ["UDP of odd sizes", { ...plainUdp, id: 0xffff, payload: noise(2000, 13) }, 77],
  ["UDP of zeros", { ...plainUdp, payload: new Uint8Array(3000) }, 999],
  ["UDP over IPv6", { ...plainUdp, ...v6, payload: noise(9000, 14) }, 1232],
];

for (const family of [4, 6]) {
  const ipv6 = family === 6;
  const ours = streams.filter(([, { source }]) => source.length === (ipv6 ? 16 : 4));

  Deno.test(
    `the kernel cuts IPv${family} packets as the slow twin does (needs root on Linux)`,
    asRootOnLinux,
    () => {
      using pair = openPair({ in: true, out: false, ipv6 });
      for (const [name, fields, size] of ours) {
        const frame = superFrame(fields, size);
        pair.inject(frame);
        pair.awaitOut();
        const cut = pair.drainOut();
        assert.ok(cut.every(({ virtio }) => virtio.type === 0), name);
        const expected = segmentTwin(pair.forwarded(frame));
        assert.deepEqual(cut.map(({ packet }) => hex(packet)), expected.map(hex), name);
      }
    },
  );

  Deno.test(
    `the port cuts IPv${family} packets as the kernel would (needs root on Linux)`,
    asRootOnLinux,
    () => {
      using pair = openPair({ in: true, out: true, ipv6 });
      const { port, memory } = pair.attachOut();
      const list = new TxQueue(memory.arena, 2048);
      for (const [name, fields, size] of ours) {
        const frame = superFrame(fields, size);
        pair.inject(frame);
        pair.awaitOut();
        const expected = segmentTwin(pair.forwarded(frame)).map(hex);
        // With IPv6 there may be a report of the kernel's own before it.
        do {
          list.clear();
          port.release();
        } while (port.read(list) === 1);
        assert.deepEqual(datagrams(list).map(hex), expected, name);
      }
    },
  );

  Deno.test(
    `the kernel cuts joined IPv${family} packets into the same (needs root on Linux)`,
    asRootOnLinux,
    () => {
      using pair = openPair({ in: true, out: false, ipv6 });
      const attached = pair.attachIn();
      for (const [name, fields, size] of ours) {
        const frame = superFrame(fields, size);
        write(attached, segmentTwin(frame));
        pair.awaitOut();
        const expected = segmentTwin(pair.forwarded(frame));
        assert.deepEqual(pair.drainOut().map(({ packet }) => hex(packet)), expected.map(hex), name);
      }
      assert.equal(attached.counters[Counter["drop.tunWriteFailed"]], 0);
    },
  );
}

Deno.test("joined packets cross the kernel as few large ones (needs root on Linux)", asRootOnLinux, () => {
  using pair = openPair({ in: true, out: true });
  for (const fields of [plainTcp, plainUdp]) {
    const frame = superFrame({ ...fields, payload: noise(20_000, 1) }, 1000);
    write(pair.attachIn(), segmentTwin(frame));
    pair.awaitOut();
    const [crossed, ...others] = pair.drainOut();
    assert.deepEqual(others, []);
    assert.equal(crossed.virtio.size, 1000);
    assert.equal(hex(crossed.packet), hex(pair.forwarded(frame).packet));
  }
});

Deno.test("the first segment alone carries CWR (needs root on Linux)", asRootOnLinux, () => {
  using pair = openPair({ in: true, out: true });
  const frame = superFrame({ ...tcpWith({ flags: ACK | CWR }), payload: noise(3000, 1) }, 1000);
  // The kernel wants to be told by the type's ECN bit.
  pair.inject({ ...frame, virtio: { ...frame.virtio, type: frame.virtio.type | 0x80 } });
  pair.awaitOut();
  const { port, memory } = pair.attachOut();
  const list = new TxQueue(memory.arena, 100);
  while (port.read(list) > 0);
  assert.deepEqual(datagrams(list).map(hex), segmentTwin(pair.forwarded(frame)).map(hex));
});

/** Writes packets through the port, as one batch. */
function write({ port, memory }: Attached, packets: readonly Uint8Array[]): void {
  const { arena } = memory;
  const places = packets.map((packet) => {
    const at = arena.allocate(packet.length, 1);
    arena.u8.set(packet, at);
    return at;
  });
  packets.forEach((packet, index) => port.write(places[index], packet.length));
  port.flush();
}

function datagrams(list: TxQueue): Uint8Array[] {
  return Array.from(
    { length: list.count },
    (_, index) =>
      gather(list.arena, list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE, IOVECS_PER_DATAGRAM),
  );
}
