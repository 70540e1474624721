/**
 * The engine path's stream at both ends: frames cut anywhere, and towards the server the Engine's own framing around them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LogFrames } from "../../../core/docker/log_frames.ts";
import { framed, LonePath } from "../../../dataplane/path/engine_path_fixture.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";

/** Why a stream may end by what comes over it. */
const REASONS =
  /^(?:a frame says that it is longer than any|what comes is not framed as the Engine frames it)$/;
/** Streams that are cut anywhere have so many pieces at most. */
const MAX_PIECES = 6;

/** A packet of this end: an IPv4 header alone. */
const PACKET = Uint8Array.fromHex("4500001400004000400100000a0000010a000002");

/** The pieces in which bytes come, put into the Engine's frames where they are right ones. */
function cut(input: Uint8Array, random: Random, isFramed: boolean): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  while (at < input.length) {
    const isLast = pieces.length === MAX_PIECES - 1;
    const length = isLast || random.oneIn(3) ? input.length - at : 1 + random.below(input.length - at);
    const piece = input.slice(at, at + length);
    pieces.push(isFramed ? framed(piece, random.oneIn(16) ? 2 : 1) : piece);
    at += length;
  }
  return pieces;
}

/** What the end made of the bytes; it begins another stream where that one has ended. */
function takeStream(path: LonePath, pieces: readonly Uint8Array[], sends = false): string {
  const { end } = path;
  for (const piece of pieces) path.feed(piece);
  // As much as the credit allows, which may be none.
  if (sends && end.end === undefined) end.send({ bytes: PACKET }, { bytes: PACKET, header: 20 });
  const came = JSON.stringify([end.packets, end.messages, end.end]);
  assert.match(end.end ?? "a frame says that it is longer than any", REASONS);
  assert.ok(end.packets.every((packet) => /^(?:large:.{16})?[46]/.test(packet)), "no packet");
  end.packets.length = end.messages.length = 0;
  path.read();
  end.open();
  path.read();
  return came;
}

function open(): Subject {
  const [server, client] = [new LonePath("server"), new LonePath("client")];
  return {
    take(input, random) {
      if (random.oneIn(4)) {
        // The Engine's framing itself.
        takeStream(server, cut(input, random, false));
        const frames = new LogFrames();
        const came = cut(input, random, false).map((piece) => frames.take(piece)).flatMap((each) =>
          each ?? []
        );
        assert.ok(came.reduce((sum, { length }) => sum + length, 0) <= input.length);
      } else if (random.oneIn(2)) takeStream(server, cut(input, random, true), random.oneIn(4));
      else {
        const [whole, inPieces] = [[input.slice()], cut(input, random, false)];
        assert.equal(takeStream(client, inPieces), takeStream(client, whole), "the cut changes what comes");
      }
    },
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      client[Symbol.dispose]();
    },
  };
}

export const engineStream: Target = {
  name: "engine-stream",
  kind: "datagrams",
  modules: [
    "core/docker/exec_demultiplexer.ts",
    "core/docker/log_frames.ts",
    "core/offload/large_packet.ts",
    "core/packet/ipv6_extension.ts",
    "core/protocol/stream_frame.ts",
    "dataplane/inbound.ts",
    "dataplane/path/engine_path.ts",
    "dataplane/path/frame_reader.ts",
  ],
  share: 1,
  open,
};
