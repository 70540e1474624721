import assert from "node:assert/strict";
import { ProgressLine } from "./progress_line.ts";

function scene(columns = 80) {
  let written = "";
  const line = new ProgressLine((text) => void (written += text), () => columns);
  const take = () => {
    const text = written;
    written = "";
    return text;
  };
  return { line, take };
}

Deno.test("a bar shows how far something is, and is gone at the end", () => {
  const { line, take } = scene();
  const entry = line.begin();
  assert.equal(take(), "");
  entry.update("loading image", 0.5);
  assert.equal(take(), "\r[############............]  50 % loading image\x1b[K");
  entry.update("loading image", 0.5001);
  assert.equal(take(), "", "the same is not written again");
  entry.update("loading image", 1.7);
  assert.equal(take(), `\r[${"#".repeat(24)}] 100 % loading image\x1b[K`);
  entry[Symbol.dispose]();
  assert.equal(take(), "\r\x1b[K");
});

Deno.test("lines are written above it", () => {
  const { line, take } = scene();
  line.above("first\n");
  assert.equal(take(), "first\n");
  line.begin().update("waiting");
  take();
  line.above("second\n");
  assert.equal(take(), "\r\x1b[Ksecond\nwaiting");
});

Deno.test("what was begun last is shown, then the one before again", () => {
  const { line, take } = scene(8);
  using first = line.begin();
  first.update("starting up");
  assert.equal(take(), "\rstartin\x1b[K");
  const second = line.begin();
  second.update("image");
  first.update("waiting");
  assert.equal(take(), "\rimage\x1b[K");
  second[Symbol.dispose]();
  assert.equal(take(), "\rwaiting\x1b[K");
});
