/** Packets that are longer than the interface behind the device takes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Coalescer } from "./coalesce.ts";
import { type Frame, gather, hex, openArena, virtioOf } from "./frame_fixture.ts";
import {
  ACK,
  concat,
  CWR,
  ECE,
  FIN,
  headerLength,
  noise,
  type PacketFields,
  packetOf,
  plainTcp,
  plainUdp,
  PSH,
  SYN,
} from "./packets_fixture.ts";
import { segmentTwin } from "./segment_twin_fixture.ts";

const LONGEST = 1500;
const { arena, sum } = openArena(2 << 20);
const storeAt = arena.allocate(1 << 20, 64);
const frames: Frame[] = [];
const coalescer = new Coalescer(arena, sum, { tcp: true, udp: true }, (iovecs, count) => {
  const bytes = gather(arena, iovecs, count);
  frames.push({ virtio: virtioOf(bytes), packet: bytes.slice(10) });
});
coalescer.longest = LONGEST;

function write(packets: readonly Uint8Array[]): Frame[] {
  frames.length = 0;
  let at = storeAt + 1;
  const places = packets.map((packet) => {
    arena.u8.set(packet, at);
    at += packet.length + 4;
    return [at - packet.length - 4, packet.length] as const;
  });
  for (const [place, length] of places) coalescer.push(place, length);
  coalescer.flush();
  return [...frames];
}

const v6 = { source: noise(16, 3), destination: noise(16, 4) };
/** No operation twice, then timestamps: what Linux and macOS send with each segment. */
const timestamps = new Uint8Array([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
const segment = (changes: Partial<PacketFields>, tcp: Partial<NonNullable<PacketFields["tcp"]>> = {}) => ({
  ...plainTcp,
  ...changes,
  tcp: { ...plainTcp.tcp, ...tcp },
});

/** The headers of a packet without what differs from segment to segment. */
function common(packet: Uint8Array, headers: number): string {
  const copy = packet.slice(0, headers);
  const isIpv4 = copy[0] >>> 4 === 4;
  const tcp = isIpv4 ? 20 : 40;
  if (isIpv4) copy.fill(0, 2, 6).fill(0, 10, 12);
  else copy.fill(0, 4, 6);
  copy.fill(0, tcp + 4, tcp + 8).fill(0, tcp + 13, tcp + 14).fill(0, tcp + 16, tcp + 18);
  return hex(copy);
}

Deno.test("what the kernel cuts is the same stream in packets that fit, with all their options", () => {
  const anySegment = fc.record({
    changes: fc.constantFrom<Partial<PacketFields>>({}, v6, { fragment: 0 }),
    options: fc.constantFrom(new Uint8Array(), timestamps),
    flags: fc.constantFrom(ACK, ACK | PSH, ACK | FIN, ACK | PSH | FIN, ACK | ECE, ACK | CWR),
    length: fc.integer({ min: 1, max: 15_960 }),
  });
  fc.assert(
    fc.property(anySegment, fc.integer({ min: 1, max: 5 }), ({ changes, options, flags, length }, count) => {
      const isIpv6 = changes.source !== undefined;
      const all = Array.from(
        { length: count },
        (_, index) =>
          segment({ ...changes, payload: noise(length, index), id: plainTcp.id + (isIpv6 ? 0 : index) }, {
            options,
            flags,
            sequence: plainTcp.tcp.sequence + index * length,
          }),
      );
      const headers = headerLength(all[0] ?? assert.fail());
      const cut = write(all.map(packetOf)).flatMap((frame) => segmentTwin(frame));
      assert.ok(cut.every((packet) => packet.length <= LONGEST));
      assert.equal(
        hex(concat(...cut.map((packet) => packet.subarray(headers)))),
        hex(concat(...all.map(({ payload }) => payload))),
      );
      const expected = common(packetOf(all[0] ?? assert.fail()), headers);
      for (const packet of cut) assert.equal(common(packet, headers), expected);
      const tcp = (isIpv6 ? 40 : 20) + 13;
      assert.equal((cut.at(-1) ?? assert.fail())[tcp], flags & (length > LONGEST - headers ? ~CWR : ~0));
    }),
    { numRuns: 300 },
  );
});

Deno.test("four packets of 16,000 octets in a row are one frame for the kernel", () => {
  const size = 16_000 - 52;
  const packets = [0, 1, 2, 3].map((index) =>
    packetOf(segment({ payload: noise(size, index), id: plainTcp.id + index }, {
      options: timestamps,
      sequence: plainTcp.tcp.sequence + index * size,
    }))
  );
  const [frame, ...others] = write(packets);
  assert.deepEqual(others, []);
  assert.deepEqual([frame?.virtio.type, frame?.virtio.size, frame?.packet.length], [1, 1448, 52 + 4 * size]);
});

Deno.test("the first segment alone carries CWR, as the type says", () => {
  const [frame] = write([packetOf(segment({ payload: noise(5000, 1) }, { flags: ACK | CWR }))]);
  assert.deepEqual([frame?.virtio.type, frame?.virtio.size], [0x81, 1460]);
});

for (
  const [what, packets] of [
    ["packets that fit", [packetOf(segment({ payload: noise(1460, 1) }, { flags: ACK | FIN }))]],
    ["SYNs", [packetOf(segment({ payload: new Uint8Array() }, { flags: SYN }))]],
    ["datagrams of UDP", [1, 2].map((seed) => packetOf({ ...plainUdp, payload: noise(3000, seed) }))],
    ["TCP with IPv4 options", [
      packetOf(segment({ options: new Uint8Array(4).fill(1), payload: noise(3000, 1) })),
    ]],
  ] as const
) {
  Deno.test(`${what} are written as they came`, () => {
    assert.deepEqual(
      write(packets).map(({ virtio, packet }) => [virtio.flags, virtio.type, hex(packet)]),
      packets.map((packet) => [0, 0, hex(packet)]),
    );
  });
}

Deno.test("a long packet with a wrong checksum is not given a right one", () => {
  const packet = packetOf(segment({ payload: noise(9000, 1) }));
  packet[4000] ^= 1;
  const [frame] = write([packet]);
  assert.deepEqual([frame?.virtio.flags, hex(frame?.packet ?? assert.fail())], [0, hex(packet)]);
});
