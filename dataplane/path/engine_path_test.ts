import assert from "node:assert/strict";
import { Counter } from "../../core/counters.ts";
import { hex, superFrame } from "../../core/offload/frame_fixture.ts";
import { concat, noise, packetOf, plainTcp, plainUdp } from "../../core/offload/packets_fixture.ts";
import { writeLargeHeader } from "../../core/protocol/stream_frame.ts";
import { onLinux } from "../../ffi/unix/pipe_fixture.ts";
import { creditOf, framed, frameOf, LonePath, type Sent, StreamPair } from "./engine_path_fixture.ts";

/** What the other end grants at first, in octets of packet frames (engine_path.ts). */
const WINDOW = 512 * 1024;

const IPV6 = {
  source: Uint8Array.from({ length: 16 }, (_, at) => at + 1),
  destination: Uint8Array.from({ length: 16 }, (_, at) => at + 101),
};

/** A packet of IPv4 that no other number makes. */
function numbered(number: number, payload = 1_000): Uint8Array {
  return packetOf({ ...plainUdp, id: number & 0xffff, payload: noise(payload, number) });
}

/** The payload of a frame of kind 05. */
function large(fields: Parameters<typeof superFrame>[0], size = 1_000): Uint8Array {
  const { virtio, packet } = superFrame(fields, size);
  const before = new Uint8Array(8);
  writeLargeHeader(before, 0, virtio.type, virtio.headerLength, virtio.size, virtio.checksumStart);
  return concat(before, packet);
}

function textOf({ bytes, isLarge }: Sent): string {
  return isLarge ? `large:${hex(bytes)}` : hex(bytes);
}

const payload = noise(60_000, 7);
/** One of each kind. */
const ALL_KINDS: readonly Sent[] = [
  { bytes: numbered(1) },
  { bytes: packetOf({ ...plainUdp, ...IPV6 }) },
  { bytes: numbered(2), header: 28 },
  { bytes: packetOf({ ...plainTcp, payload: new Uint8Array() }) },
  { bytes: large({ ...plainTcp, payload }), isLarge: true },
  { bytes: large({ ...plainTcp, ...IPV6, payload }), isLarge: true },
  { bytes: large({ ...plainUdp, payload }), isLarge: true },
  { bytes: large({ ...plainUdp, ...IPV6, payload }), isLarge: true },
  { bytes: numbered(3, 65_507) },
];

Deno.test("packets of all kinds go there and back unchanged (needs Linux)", onLinux, () => {
  using pair = new StreamPair();
  pair.settle();
  pair.server.send(...ALL_KINDS);
  pair.client.send(...ALL_KINDS.toReversed());
  pair.settle();
  assert.deepEqual(pair.client.packets, ALL_KINDS.map(textOf));
  assert.deepEqual(pair.server.packets, ALL_KINDS.map(textOf).toReversed());
  for (const { drops, counters } of [pair.client, pair.server]) {
    assert.deepEqual(drops, {});
    const count = (name: "inbound.packets" | "outbound.packets" | "inbound.bytes" | "outbound.bytes") =>
      counters[Counter[name]];
    assert.deepEqual([count("inbound.packets"), count("outbound.packets")], [9, 9]);
    assert.equal(count("inbound.bytes"), count("outbound.bytes"));
  }
});

Deno.test("wherever the stream is cut, the same comes out (needs Linux)", onLinux, () => {
  const small = ALL_KINDS.map((sent): Sent =>
    sent.isLarge ? { bytes: large({ ...plainTcp, payload: noise(300, 1) }, 100), isLarge: true } : sent
  ).slice(0, 5);
  for (let piece = 1; piece <= 20; piece++) {
    using pair = new StreamPair(() => piece);
    pair.settle();
    pair.server.send(...small);
    pair.client.send(...small);
    pair.settle();
    assert.deepEqual(pair.client.packets, small.map(textOf), `pieces of ${piece} bytes`);
    assert.deepEqual(pair.server.packets, small.map(textOf), `pieces of ${piece} bytes`);
  }
});

Deno.test("probes and messages go beside packets, and without credit (needs Linux)", onLinux, () => {
  using pair = new StreamPair();
  pair.toServer.isHeld = true;
  pair.settle();
  assert.ok(pair.server.path.room <= 0, "no credit has come");
  pair.server.send({ bytes: numbered(1) });
  assert.equal(pair.server.drops.sendBufferFull, 1);
  assert.ok(pair.server.path.sendMessage(Uint8Array.of(1, 0, 2, 104, 105)));
  pair.server.probes.send(pair.server.path, true);
  pair.settle();
  assert.deepEqual(pair.client.messages, ["0100026869"]);
  assert.deepEqual(pair.client.packets, []);
  pair.toServer.isHeld = false;
  pair.settle();
  assert.equal(pair.server.probesAnswered, 1);
});

Deno.test("a sender without credit waits and loses nothing that it has taken (needs Linux)", onLinux, () => {
  using pair = new StreamPair();
  pair.settle();
  // The client reads nothing, so no new credit comes.
  pair.toClient.isHeld = true;
  let sent = 0;
  for (let calls = 0; pair.server.path.room > 0; calls++) {
    assert.ok(calls < 10_000, "it never has to wait");
    pair.server.send({ bytes: numbered(sent++) });
    pair.server.work();
  }
  assert.deepEqual(pair.server.drops, {});
  // As the packet loop does not: what is sent all the same and paid for is kept, the rest dropped and counted.
  for (let more = 0; more < 1_000; more++) pair.server.send({ bytes: numbered(sent + more) });
  const taken = sent + 1_000 - (pair.server.drops.sendBufferFull ?? 0);
  assert.equal(taken, Math.floor(WINDOW / 1_032));
  pair.toClient.isHeld = false;
  pair.settle();
  assert.deepEqual(pair.client.packets, Array.from({ length: taken }, (_, at) => hex(numbered(at))));
  assert.ok(pair.server.path.room > 0, "it may go on");
  pair.server.send({ bytes: numbered(99_999) });
  pair.settle();
  assert.equal(pair.client.packets.at(-1), hex(numbered(99_999)));
});

Deno.test("a credit that is less than an earlier one changes nothing (needs Linux)", onLinux, () => {
  using lone = new LonePath("client");
  lone.feed(creditOf(WINDOW));
  const { room } = lone.end.path;
  assert.ok(room > 0);
  for (const limit of [0, 1_000, WINDOW - 1, -1, -0x7000_0000]) lone.feed(creditOf(limit));
  assert.equal(lone.end.path.room, room);
  assert.deepEqual(lone.end.drops, {});
});

Deno.test("what waits is sent before what comes later (needs Linux)", onLinux, () => {
  using pair = new StreamPair();
  pair.settle();
  pair.toClient.isHeld = true;
  const packets = Array.from({ length: 500 }, (_, at) => ({ bytes: numbered(at) }));
  pair.server.send(...packets);
  assert.ok(pair.server.path.blockedDescriptor >= 0, "nothing waits");
  assert.equal(pair.server.path.room <= 0, true, "the packet loop may not go on while something waits");
  assert.ok(pair.server.path.sendMessage(Uint8Array.of(1, 0, 1, 97)));
  pair.toClient.isHeld = false;
  // The message comes behind all packets that waited.
  while (pair.client.messages.length === 0) {
    assert.ok(pair.toClient.carry() || pair.client.packets.length > 0);
    pair.server.work();
    pair.client.work();
  }
  assert.deepEqual(pair.client.packets, packets.map(textOf));
  assert.equal(pair.server.path.blockedDescriptor, -1);
});

Deno.test("a reader that stops bounds what waits, and all goes on afterwards (needs Linux)", onLinux, () => {
  using lone = new LonePath("client");
  // It grants everything and takes nothing.
  lone.feed(creditOf(0x7fff_ffff));
  lone.read();
  let refused = 0;
  for (let round = 0; round < 40; round++) {
    lone.end.send(...Array.from({ length: 100 }, (_, at) => ({ bytes: numbered(round * 100 + at) })));
    if (!lone.end.path.sendMessage(new Uint8Array(40_000).fill(1))) refused++;
    lone.end.work(10);
  }
  const dropped = lone.end.drops.sendBufferFull ?? 0;
  const sent = lone.end.counters[Counter["outbound.packets"]];
  assert.equal(dropped + sent, 4_000);
  assert.ok(sent * 1_032 < 3 << 19, `${sent} packets are more than 1 MiB and a socket's buffer`);
  assert.ok(refused > 0);
  assert.equal(lone.end.end, undefined);
  // The reader goes on.
  for (let idle = 0; idle < 3;) {
    idle = lone.read().length === 0 ? idle + 1 : 0;
    lone.end.work(10);
  }
  assert.equal(lone.end.path.blockedDescriptor, -1);
  lone.end.send({ bytes: numbered(5_000) });
  assert.equal(hex(lone.read()), hex(frameOf(4, numbered(5_000))));
});

Deno.test("packets of one call find no more room than there is (needs Linux)", onLinux, () => {
  using lone = new LonePath("client");
  lone.feed(creditOf(0x7fff_ffff));
  lone.read();
  const message = new Uint8Array(60_000).fill(1);
  let messages = 0;
  while (lone.end.path.sendMessage(message)) messages++;
  // Less than one message more is free: half of these packets.
  const packets = Array.from({ length: 60 }, (_, at) => ({ bytes: numbered(at, 2_000) }));
  lone.end.send(...packets);
  const sent = lone.end.counters[Counter["outbound.packets"]];
  assert.equal(lone.end.drops.sendBufferFull, 60 - sent);
  assert.ok(sent < 30, `${sent} sent`);
  const parts: Uint8Array[] = [];
  for (let idle = 0; idle < 3;) {
    parts.push(lone.read());
    idle = parts.at(-1)?.length === 0 ? idle + 1 : 0;
    lone.end.work(10);
  }
  const expected = [
    ...Array.from({ length: messages }, () => frameOf(1, message)),
    ...packets.slice(0, sent).map(({ bytes }) => frameOf(4, bytes)),
  ];
  assert.ok(hex(concat(...parts)) === hex(concat(...expected)), "all comes out as it went in");
});

Deno.test("a credit that is due goes with the next packets, or by itself (needs Linux)", onLinux, () => {
  for (const hasPacket of [true, false]) {
    using lone = new LonePath("client");
    lone.feed(creditOf(WINDOW));
    lone.read();
    const half = concat(...Array.from({ length: 150 }, (_, at) => frameOf(4, numbered(at))));
    lone.take(half);
    lone.take(half);
    const credit = creditOf(300 * 1_032 + WINDOW);
    assert.equal(lone.read().length, 0, "it waits for packets of the other way");
    if (hasPacket) lone.end.send({ bytes: numbered(7) });
    lone.end.path.grantCredit();
    assert.equal(hex(lone.read()), hex(hasPacket ? concat(credit, frameOf(4, numbered(7))) : credit));
    lone.end.path.grantCredit();
    assert.equal(lone.read().length, 0, "once");
  }
});

Deno.test("credit that found no room follows when the stream goes on (needs Linux)", onLinux, () => {
  using lone = new LonePath("client");
  lone.feed(creditOf(0x7fff_ffff));
  lone.read();
  while (lone.end.path.sendMessage(new Uint8Array(60_000).fill(1))) { /* The stream fills. */ }
  while (lone.end.path.sendMessage(Uint8Array.of(0))) { /* To the last octet but four. */ }
  // All that was granted at first is used.
  const packets = Array.from({ length: 500 }, (_, at) => frameOf(4, numbered(at)));
  lone.feed(concat(...packets));
  assert.equal(lone.end.packets.length, 500);
  let last: Uint8Array = new Uint8Array();
  for (let idle = 0; idle < 3;) {
    const read = lone.read();
    if (read.length > 0) last = read;
    idle = read.length === 0 ? idle + 1 : 0;
    lone.end.work(10);
  }
  assert.equal(hex(last.subarray(-8)), hex(creditOf(500 * 1_032 + WINDOW)));
});

/** One bad input to either end: what is counted, or why the stream ends. */
interface BadInput {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly drops?: Record<string, number>;
  readonly end?: RegExp;
}

const header = (kind: number, length: number) => Uint8Array.of(kind, length >>> 16, length >>> 8, length);
const malformed = (count = 1) => ({ drops: { malformed: count } });
const good = large({ ...plainTcp, payload: noise(5_000, 3) });
/** The large packet with one octet of its 8 changed. */
const lying = (at: number, octet: number) => {
  const bytes = good.slice();
  bytes[at] = octet;
  return frameOf(5, bytes);
};

const BAD: readonly BadInput[] = [
  { name: "a frame that says it is longer than any", bytes: header(4, 65_544), end: /longer than any/ },
  { name: "a frame of 16 MiB", bytes: header(9, 0xff_ffff), end: /longer than any/ },
  { name: "an unknown kind", bytes: frameOf(8, numbered(1)), ...malformed() },
  { name: "kind ff without a payload", bytes: frameOf(0xff, new Uint8Array()), ...malformed() },
  { name: "kind 04 with IPv6", bytes: frameOf(4, packetOf({ ...plainUdp, ...IPV6 })), ...malformed() },
  { name: "kind 06 with IPv4", bytes: frameOf(6, numbered(1)), ...malformed() },
  { name: "a packet longer than its frame", bytes: frameOf(4, numbered(1).slice(0, 900)), ...malformed() },
  {
    name: "a packet shorter than its frame",
    bytes: frameOf(4, concat(numbered(1), payload.slice(0, 4))),
    ...malformed(),
  },
  { name: "kind 04 without a payload", bytes: frameOf(4, new Uint8Array()), ...malformed() },
  { name: "a credit of three octets", bytes: frameOf(7, new Uint8Array(3)), ...malformed() },
  { name: "a credit of five octets", bytes: frameOf(7, new Uint8Array(5)), ...malformed() },
  { name: "an empty heartbeat", bytes: frameOf(0, new Uint8Array()), ...malformed() },
  { name: "a heartbeat in a frame of a text", bytes: frameOf(1, Uint8Array.of(0)), ...malformed() },
  { name: "a large packet of 8 octets", bytes: frameOf(5, good.slice(0, 8)), ...malformed() },
  { name: "a large packet of another protocol", bytes: lying(0, 5), ...malformed() },
  { name: "a large packet of IPv6 that is one of IPv4", bytes: lying(0, 4), ...malformed() },
  { name: "a large packet of no type", bytes: lying(0, 0), ...malformed() },
  { name: "a large packet whose second octet is not 0", bytes: lying(1, 1), ...malformed() },
  { name: "a large packet with longer headers than it has", bytes: lying(3, 60), ...malformed() },
  { name: "a large packet with segments longer than itself", bytes: lying(4, 0xff), ...malformed() },
  { name: "a large packet with its transport header elsewhere", bytes: lying(7, 24), ...malformed() },
];

for (const role of ["server", "client"] as const) {
  const wrap = (bytes: Uint8Array) => role === "server" ? framed(bytes) : bytes;
  for (const { name, bytes, drops, end } of BAD) {
    Deno.test(`a ${role} takes ${name} for what it is (needs Linux)`, onLinux, () => {
      using lone = new LonePath(role);
      lone.feed(wrap(frameOf(4, numbered(1))));
      lone.feed(wrap(bytes));
      if (end !== undefined) return assert.match(lone.end.end ?? "", end);
      lone.feed(wrap(frameOf(4, numbered(2))));
      assert.deepEqual(lone.end.drops, drops ?? {});
      assert.deepEqual(lone.end.packets, [1, 2].map((number) => hex(numbered(number))));
      assert.equal(lone.end.end, undefined);
    });
  }

  Deno.test(`a stream that ends inside a frame ends a ${role}'s (needs Linux)`, onLinux, () => {
    using lone = new LonePath(role);
    lone.feed(wrap(frameOf(4, numbered(1))));
    lone.feed(wrap(frameOf(4, numbered(2)).slice(0, 500)));
    lone.close();
    assert.equal(lone.end.end, "the Engine ended the stream");
    assert.deepEqual([lone.end.packets, lone.end.drops], [[hex(numbered(1))], {}]);
  });

  Deno.test(`a ${role} begins again on another stream (needs Linux)`, onLinux, () => {
    using lone = new LonePath(role);
    lone.feed(wrap(frameOf(4, numbered(1)).slice(0, 500)));
    lone.end.open();
    assert.ok(lone.end.path.room <= 0, "credit of the old stream counts");
    lone.feed(wrap(frameOf(4, numbered(2))));
    assert.deepEqual([lone.end.packets, lone.end.drops], [[hex(numbered(2))], {}]);
  });
}

Deno.test("a stream that breaks while something waits ends at both ends (needs Linux)", onLinux, () => {
  using pair = new StreamPair();
  pair.settle();
  pair.toClient.isHeld = pair.toServer.isHeld = true;
  const packets = Array.from({ length: 500 }, (_, at) => ({ bytes: numbered(at) }));
  pair.server.send(...packets);
  pair.client.send(...packets);
  pair.breakStream();
  pair.settle();
  for (const { end, path } of [pair.server, pair.client]) {
    assert.match(end ?? "", /^the (Engine ended the stream|stream broke: )/);
    assert.deepEqual([path.descriptor, path.blockedDescriptor], [-1, -1]);
    assert.ok(path.room <= 0);
  }
  // What is sent still, as the packet loop does not, is counted as dropped, and no more happens.
  pair.server.send(...packets);
  assert.equal(pair.server.drops.sendBufferFull, 500);
  assert.equal(pair.server.path.sendMessage(Uint8Array.of(0)), false);
});

Deno.test("bytes that are not framed as the Engine frames them end the stream (needs Linux)", onLinux, () => {
  for (const bytes of [Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1, 0), Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 1, 0)]) {
    using lone = new LonePath("server");
    lone.feed(framed(frameOf(4, numbered(1))));
    lone.feed(bytes);
    assert.equal(lone.end.end, "what comes is not framed as the Engine frames it");
    assert.deepEqual(lone.end.packets, [hex(numbered(1))]);
  }
});

Deno.test(
  "what the client says on its standard error is no packet, and is told (needs Linux)",
  onLinux,
  () => {
    using lone = new LonePath("server");
    const bytes = frameOf(4, numbered(1));
    lone.feed(framed(bytes.slice(0, 300)));
    lone.feed(framed(new TextEncoder().encode("Cannot attach: nothing runs there\n"), 2));
    lone.feed(framed(bytes.slice(300)));
    assert.deepEqual(lone.end.packets, [hex(numbered(1))]);
    // More than is kept of it.
    for (let line = 0; line < 100; line++) lone.feed(framed(new Uint8Array(1_000).fill(97), 2));
    lone.close();
    assert.match(
      lone.end.end ?? "",
      /^the Engine ended the stream; the client says: Cannot attach: nothing runs there\na{222}$/,
    );
  },
);

Deno.test(
  "words of the container runtime where frames should be end the stream (needs Linux)",
  onLinux,
  () => {
    using lone = new LonePath("server");
    lone.feed(
      framed(new TextEncoder().encode("OCI runtime exec failed: executable file not found in $PATH")),
    );
    assert.equal(lone.end.end, "a frame says that it is longer than any");
  },
);
