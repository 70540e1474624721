import assert from "node:assert/strict";
import { readStatistics } from "../core/packet/pcapng.ts";
import { CaptureFeed } from "../dataplane/capture/capture_feed.ts";
import { allocateCaptureRing, CaptureWriter } from "../dataplane/capture/capture_ring.ts";
import { type CaptureSettings, PacketCapture, WHOLE_CAPTURE } from "./packet_capture.ts";

const PACKET = Uint8Array.of(0x45, ...Array(11).fill(0), 10, 0, 0, 1, 10, 0, 0, 2);

class Memory {
  bytes: number[] = [];
  write(bytes: Uint8Array): Promise<number> {
    // As a pipe does, it takes less than it is given.
    const taken = bytes.subarray(0, 1000);
    this.bytes.push(...taken);
    return Promise.resolve(taken.length);
  }
}

function scene(settings: Partial<CaptureSettings> = {}, target: { write: Memory["write"] } = new Memory()) {
  const ring = allocateCaptureRing();
  const turns: boolean[] = [];
  const feed = new CaptureFeed(ring, (isOn) => turns.push(isOn));
  const writer = new CaptureWriter(ring);
  const capture = new PacketCapture(feed, "connector0", { ...WHOLE_CAPTURE, ...settings }, target);
  const send = (count: number) => {
    for (let sent = 0; sent < count; sent++) writer.write(PACKET, true, 0, PACKET.length, 0, 0);
  };
  return { feed, turns, capture, send };
}

Deno.test("a capture has all packets up to its end, which it tells at the end of the file", async () => {
  const target = new Memory();
  const { capture, send, turns } = scene({}, target);
  send(5);
  capture.stop();
  assert.deepEqual(await capture.ended, { packets: 5, dropped: 0, end: "asked", error: undefined });
  assert.deepEqual(readStatistics(Uint8Array.from(target.bytes)), { packets: 5, dropped: 0 });
  assert.deepEqual(turns, [true, false]);
});

Deno.test("a capture ends after its number of packets, and a second one goes on", async () => {
  const { feed, capture, send, turns } = scene({ count: 3 });
  const other = new PacketCapture(feed, "connector0", WHOLE_CAPTURE, new Memory());
  send(5);
  const result = await capture.ended;
  assert.deepEqual([result.packets, result.end], [3, "packets"]);
  send(2);
  other.stop();
  assert.equal((await other.ended).packets, 7);
  assert.deepEqual(turns, [true, false]);
});

Deno.test("a target that takes nothing more ends the capture, not the program", async () => {
  const { capture, turns } = scene({}, { write: () => Promise.reject(new Error("no space left")) });
  const { end, error } = await capture.ended;
  assert.equal(end, "failed");
  assert.match(String(error), /no space left/);
  assert.deepEqual(turns, [true, false]);
});

Deno.test("what a slow target cannot take is counted", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = { write: (bytes: Uint8Array) => gate.promise.then(() => bytes.length) };
  const { feed, capture } = scene({}, slow);
  const bytes = new Uint8Array(60_000).fill(0x45);
  for (let count = 0; count < 200; count++) {
    capture.take({ bytes, length: bytes.length, outbound: true, time: 0 });
  }
  capture.stop();
  gate.resolve();
  const { packets, dropped } = await capture.ended;
  assert.equal(packets + dropped, 200);
  assert.ok(dropped > 20 && packets > 100, `${packets} ${dropped}`);
  feed[Symbol.dispose]();
});
