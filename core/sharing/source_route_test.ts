import assert from "node:assert/strict";
import { hasSourceRoute } from "./source_route.ts";

/** A packet with these options, padded with ends of the list, behind eight other octets. */
function packet(...options: number[]): Uint8Array {
  const length = 20 + Math.ceil(options.length / 4) * 4;
  const bytes = new Uint8Array(8 + length + 8).fill(131);
  bytes.fill(0, 8, 8 + length);
  bytes[8] = 0x40 | length / 4;
  bytes.set(options, 28);
  return bytes;
}

Deno.test("loose and strict source routes are found, wherever among the options", () => {
  for (const type of [131, 137]) {
    assert.ok(hasSourceRoute(packet(type, 7, 4, 10, 0, 0, 1), 8));
    assert.ok(hasSourceRoute(packet(1, 1, type, 7, 4, 10, 0, 0, 1), 8));
    // Behind a timestamp (68) of eight octets.
    assert.ok(hasSourceRoute(packet(68, 8, 5, 0, 0, 0, 0, 0, type, 7, 4, 10, 0, 0, 1), 8));
  }
});

Deno.test("other options are none, nor is what lies behind the last one or in one's data", () => {
  assert.equal(hasSourceRoute(packet(), 8), false);
  assert.equal(hasSourceRoute(packet(148, 4, 0, 0), 8), false);
  assert.equal(hasSourceRoute(packet(7, 7, 4, 131, 137, 131, 137), 8), false);
  assert.equal(hasSourceRoute(packet(0, 131, 7, 4), 8), false);
});

Deno.test("options that end badly are not trusted", () => {
  assert.ok(hasSourceRoute(packet(7, 0, 131, 4), 8));
  assert.ok(hasSourceRoute(packet(7, 1, 0, 0), 8));
  assert.ok(hasSourceRoute(packet(7, 9, 0, 0), 8));
  assert.ok(hasSourceRoute(packet(1, 1, 1, 7), 8));
});
