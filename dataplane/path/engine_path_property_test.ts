import assert from "node:assert/strict";
import fc from "fast-check";
import { anyHeaders, anySuperFrame } from "../../core/offload/arbitrary_fixture.ts";
import { type Frame, hex } from "../../core/offload/frame_fixture.ts";
import { concat, noise, packetOf, plainUdp } from "../../core/offload/packets_fixture.ts";
import { isSoundFrame, writeLargeHeader } from "../../core/protocol/stream_frame.ts";
import { onLinux } from "../../ffi/unix/pipe_fixture.ts";
import { creditOf, framed, frameOf, LonePath, type Sent, StreamPair } from "./engine_path_fixture.ts";

/** Why a stream may end while its descriptors are well. */
const ENDS = ["a frame says that it is longer than any", "what comes is not framed as the Engine frames it"];

function large({ virtio, packet }: Frame): Uint8Array {
  const before = new Uint8Array(8);
  writeLargeHeader(before, 0, virtio.type, virtio.headerLength, virtio.size, virtio.checksumStart);
  return concat(before, packet);
}

const anyPacket: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(anyHeaders, fc.integer({ min: 0, max: 1_500 }), fc.integer()).map(
      ([headers, length, seed]) => ({ bytes: packetOf({ ...headers, payload: noise(length, seed) }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: anySuperFrame
      .filter(({ virtio, packet }) => packet.length - virtio.headerLength >= virtio.size)
      .map((frame) => ({ bytes: large(frame), isLarge: true })),
  },
);

/** What happens next to a pair. */
type Turn =
  | { readonly kind: "send"; readonly from: "server" | "client"; readonly packets: readonly Sent[] }
  | { readonly kind: "hold"; readonly direction: "toClient" | "toServer"; readonly isHeld: boolean }
  | { readonly kind: "settle" };

const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({
    kind: fc.constant("send" as const),
    from: fc.constantFrom("server" as const, "client" as const),
    packets: fc.array(anyPacket, { minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant("hold" as const),
    direction: fc.constantFrom("toClient" as const, "toServer" as const),
    isHeld: fc.boolean(),
  }),
  fc.constant({ kind: "settle" as const }),
);

const anyPieces = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 65_536 })),
  { minLength: 1, maxLength: 12 },
);

Deno.test("what is not counted as dropped arrives, once and in order (needs Linux)", onLinux, () => {
  fc.assert(
    fc.property(fc.array(anyTurn, { maxLength: 12 }), anyPieces, (turns, pieces) => {
      let next = 0;
      // Pieces of a few bytes alone would take long for megabytes.
      const piece = () => pieces[next++ % pieces.length] + (next % 3 === 0 ? 8_192 : 0);
      using pair = new StreamPair(piece);
      pair.settle();
      const taken = { server: [] as string[], client: [] as string[] };
      for (const turn of turns) {
        if (turn.kind === "hold") pair[turn.direction].isHeld = turn.isHeld;
        else if (turn.kind === "settle") pair.settle();
        else {
          for (const packet of turn.packets) {
            const end = pair[turn.from];
            const before = end.drops.sendBufferFull ?? 0;
            end.send(packet);
            if ((end.drops.sendBufferFull ?? 0) > before) continue;
            taken[turn.from].push(`${packet.isLarge ? "large:" : ""}${hex(packet.bytes)}`);
          }
        }
      }
      pair.toClient.isHeld = pair.toServer.isHeld = false;
      pair.settle();
      assert.deepEqual(pair.client.packets, taken.server);
      assert.deepEqual(pair.server.packets, taken.client);
      for (const { path, drops } of [pair.server, pair.client]) {
        assert.ok(path.room > 0, "it may go on");
        assert.deepEqual(Object.keys(drops).filter((reason) => reason !== "sendBufferFull"), []);
      }
    }),
    { numRuns: 60 },
  );
});

/** Octets as a confused or hostile end may send them: frames, some of them with octets changed, left out or added. */
const anyStream: fc.Arbitrary<Uint8Array> = fc.array(
  fc.oneof(
    anyPacket.map(({ bytes, isLarge }) => frameOf(isLarge ? 5 : bytes[0] >>> 4, bytes)),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(creditOf),
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 60 })).map(([kind, payload]) =>
      frameOf(kind, payload)
    ),
    fc.uint8Array({ maxLength: 40 }),
  ),
  { minLength: 1, maxLength: 12 },
).chain((pieces) => {
  const bytes = concat(...pieces);
  const change = fc.tuple(
    fc.constantFrom("set", "set", "remove", "insert"),
    fc.nat(Math.max(0, bytes.length - 1)),
    fc.integer({ min: 0, max: 255 }),
  );
  return fc.array(change, { maxLength: 5 }).map((changes) => {
    let changed = bytes;
    for (const [what, at, octet] of changes) {
      const skip = what === "insert" ? 0 : 1;
      const octets = what === "remove" ? [] : [octet];
      changed = concat(changed.subarray(0, at), Uint8Array.from(octets), changed.subarray(at + skip));
    }
    return changed;
  });
});

for (const role of ["server", "client"] as const) {
  for (const isFramed of role === "server" ? [true, false] : [false]) {
    const from = isFramed ? "the Engine" : "nobody who frames";
    Deno.test(`no octets from ${from} throw in a ${role} (needs Linux)`, onLinux, () => {
      fc.assert(
        fc.property(anyStream, fc.integer({ min: 1, max: 60 }), (bytes, pieces) => {
          const cut = Math.ceil(bytes.length / pieces);
          using lone = new LonePath(role);
          for (let at = 0; at < bytes.length; at += cut) {
            const piece = bytes.subarray(at, at + cut);
            lone.feed(isFramed ? framed(piece) : piece);
            lone.read();
          }
          const { end, path, packets } = lone.end;
          if (end !== undefined) assert.ok(ENDS.includes(end), end);
          else assert.ok(path.descriptor >= 0);
          // No byte is taken twice.
          const octets = packets.reduce((sum, packet) => sum + packet.replace("large:", "").length / 2, 0);
          assert.ok(octets <= bytes.length);
          lone.end.send({ bytes: packetOf({ ...plainUdp, payload: noise(10, 1) }) });
          lone.close();
          assert.notEqual(lone.end.end, undefined, "the end of the stream is seen");
        }),
        { numRuns: 100 },
      );
    });
  }
}

/** A frame whose length holds, with what its kind may not hold, too. */
const anyFrame = fc.oneof(
  anyPacket.map(({ bytes, isLarge }) => [isLarge ? 5 : bytes[0] >>> 4, bytes] as const),
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 })),
);

Deno.test(
  "each frame that is not sound is counted, and takes nothing of those around it (needs Linux)",
  onLinux,
  () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), (frames) => {
        using lone = new LonePath("server");
        for (const [kind, payload] of frames) lone.feed(framed(frameOf(kind, payload)));
        const { end, packets, messages } = lone.end;
        assert.equal(end, undefined);
        const isSound = ([kind, payload]: readonly [number, Uint8Array]) =>
          isSoundFrame(payload, 0, kind, payload.length);
        const sound = frames.filter(isSound);
        const drops = Object.values(lone.end.drops).reduce((sum, count) => sum + count, 0);
        assert.ok(drops >= frames.length - sound.length, `${drops} of ${frames.length - sound.length}`);
        const whole = sound.filter(([kind]) => kind === 4 || kind === 6).map(([, payload]) => hex(payload));
        assert.deepEqual(packets.filter((packet) => !packet.startsWith("large:")), whole);
        assert.ok(packets.length + messages.length + drops <= frames.length);
      }),
      { numRuns: 150 },
    );
  },
);
