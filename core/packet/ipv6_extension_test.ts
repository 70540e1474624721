import assert from "node:assert/strict";
import fc from "fast-check";
import { NO_UPPER_LAYER, upperLayer } from "./ipv6_extension.ts";

const AT = 3;

/** What is found in a packet with this next header and these octets behind the fixed header, among other octets. */
function find(next: number, rest: readonly number[], mayBeFragment = true, filling = 0): number {
  const bytes = new Uint8Array(AT + 40 + rest.length + 3000).fill(filling);
  bytes.fill(0, AT, AT + 40);
  bytes[AT] = 0x60;
  bytes[AT + 6] = next;
  bytes.set(rest, AT + 40);
  return upperLayer(bytes, AT, 40 + rest.length, mayBeFragment);
}

const found = (offset: number, protocol: number) => offset * 256 + protocol;
const header = (
  next: number,
  units: number,
) => [next, units - 1, ...new Array<number>(units * 8 - 2).fill(0)];
const fragment = (
  next: number,
  offset: number,
) => [next, 0, offset >>> 5, (offset & 31) << 3 | 1, 1, 2, 3, 4];

Deno.test("without extension headers the upper layer follows the fixed header", () => {
  for (const protocol of [6, 17, 58, 59, 255]) assert.equal(find(protocol, [1, 2]), found(40, protocol));
});

Deno.test("options and routing headers are passed, however many and long", () => {
  assert.equal(find(0, header(6, 1)), found(48, 6));
  assert.equal(
    find(0, [...header(43, 2), ...header(60, 1), ...header(17, 256)]),
    found(40 + 16 + 8 + 2048, 17),
  );
});

Deno.test("a first fragment has an upper layer where fragments are allowed, a later one never", () => {
  assert.equal(find(44, fragment(58, 0)), found(48, 58));
  assert.equal(find(44, fragment(58, 0), false), NO_UPPER_LAYER);
  for (const offset of [1, 31, 32, 0x1fff]) assert.equal(find(44, fragment(58, offset)), NO_UPPER_LAYER);
});

Deno.test("a header that runs past the packet's end leads nowhere", () => {
  assert.equal(find(60, header(6, 2).slice(0, 15)), NO_UPPER_LAYER);
  assert.equal(find(60, [6, 0]), NO_UPPER_LAYER);
  assert.equal(find(0, []), NO_UPPER_LAYER);
  assert.equal(find(60, header(6, 2)), found(56, 6), "its last octet is the packet's");
});

Deno.test("whatever the octets, nothing beyond the packet is read", () => {
  const anyNext = fc.constantFrom(0, 43, 44, 60, 6);
  const anyRest = fc.array(fc.oneof(anyNext, fc.integer({ min: 0, max: 255 })), { maxLength: 64 });
  fc.assert(fc.property(anyNext, anyRest, (next, rest) => {
    const result = find(next, rest);
    assert.equal(find(next, rest, true, 0xff), result);
    if (result !== NO_UPPER_LAYER) assert.ok(result >>> 8 <= 40 + rest.length);
  }));
});
