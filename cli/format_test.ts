import assert from "node:assert/strict";
import { formatBytes, formatDuration, formatJson } from "./format.ts";

Deno.test("durations show their two largest units", () => {
  assert.equal(formatDuration(0.9), "0 s");
  assert.equal(formatDuration(59), "59 s");
  assert.equal(formatDuration(60), "1 min");
  assert.equal(formatDuration(3661), "1 h 1 min");
  assert.equal(formatDuration(3605), "1 h");
  assert.equal(formatDuration(200_000), "2 d 7 h");
  assert.equal(formatDuration(-5), "0 s");
});

Deno.test("sizes show one decimal and never 1000 of a unit", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(999), "999 B");
  assert.equal(formatBytes(1000), "1.0 kB");
  assert.equal(formatBytes(999_949), "999.9 kB");
  assert.equal(formatBytes(999_951), "1.0 MB");
  assert.equal(formatBytes(104_857_600), "104.9 MB");
});

Deno.test("JSON shows no character that acts on a terminal, and means the same", () => {
  const document = {
    "a\u009b2J": ["\x1b]0;title\x07", "\u202eabc", "line\nnext", "\ud800", "caf\u00e9 \u{1f40b}"],
  };
  for (const indent of [0, 2]) {
    const text = formatJson(document, indent);
    assert.deepEqual(JSON.parse(text), document);
    assert.equal(text.replaceAll("\n", "").match(/\p{C}/u), null);
    assert.ok(text.includes("caf\u00e9 \u{1f40b}"));
  }
});
