import assert from "node:assert/strict";
import { LogFrames } from "./log_frames.ts";

const frame = (
  stream: number,
  text: string,
) => [stream, 0, 0, 0, 0, 0, 0, text.length, ...new TextEncoder().encode(text)];

Deno.test("both outputs come out in their order, wherever the stream is cut", () => {
  const stream = Uint8Array.from([...frame(1, "one\n"), ...frame(2, ""), ...frame(2, "two\n")]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const frames = new LogFrames();
    const pieces = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) => frames.take(part) ?? []);
    assert.equal(pieces.map((piece) => new TextDecoder().decode(piece)).join(""), "one\ntwo\n");
  }
});

Deno.test("what has no frames is refused", () => {
  assert.equal(new LogFrames().take(new TextEncoder().encode("a log of a terminal")), undefined);
  assert.equal(new LogFrames().take(Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 0)), undefined);
});
