import assert from "node:assert/strict";
import fc from "fast-check";
import { addressFromUint32 } from "../net/address.ts";
import { parsePrefix, type Prefix, prefixContains } from "../net/prefix.ts";
import { ipv4Ranges, Ipv4Set } from "./prefix_set.ts";

// Few different high bits, so that prefixes hold and touch each other.
const anyAddress = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.tuple(fc.constantFrom(0, 0xac10_0000, 0xffff_fc00), fc.nat({ max: 1023 })).map(([high, low]) =>
    high + low
  ),
);
const anyPrefix = fc.tuple(anyAddress, fc.oneof(fc.integer({ min: 22, max: 32 }), fc.nat({ max: 32 })))
  .map(([address, length]): Prefix => ({ address: addressFromUint32(address), length }));

Deno.test("an address is in the set when a prefix holds it", () => {
  fc.assert(
    fc.property(
      fc.array(anyPrefix, { maxLength: 12 }),
      fc.array(anyAddress, { minLength: 1 }),
      (prefixes, addresses) => {
        const set = new Ipv4Set();
        set.replace(ipv4Ranges(prefixes));
        const edges = prefixes.flatMap(({ address: { bytes }, length }) => {
          const address = new DataView(bytes.buffer).getUint32(0);
          const size = 2 ** (32 - length);
          const first = Math.floor(address / size) * size;
          return [first - 1, first, first + size - 1, first + size].filter((edge) =>
            edge >= 0 && edge <= 0xffff_ffff
          );
        });
        for (const address of [...addresses, ...edges, ...addresses]) {
          const expected = prefixes.some((prefix) => prefixContains(prefix, addressFromUint32(address)));
          assert.equal(set.has(address), expected, `${address} in ${JSON.stringify(prefixes)}`);
        }
      },
    ),
  );
});

Deno.test("ten thousand prefixes are told apart, and replaced as a whole", () => {
  const set = new Ipv4Set();
  const prefixes = Array.from({ length: 10_000 }, (_, index) => ({
    address: addressFromUint32(0x0a00_0000 + index * 512),
    length: 24,
  }));
  set.replace(ipv4Ranges(prefixes));
  for (let index = 0; index < 10_000; index++) {
    assert.equal(set.has(0x0a00_0000 + index * 512 + 255), true);
    assert.equal(set.has(0x0a00_0000 + index * 512 + 256), false);
  }
  set.replace(ipv4Ranges([]));
  assert.equal(set.has(0x0a00_0000), false);
});

Deno.test("IPv6 prefixes are left out", () => {
  const prefix = parsePrefix("fd00::/8");
  assert.ok(prefix);
  assert.deepEqual(ipv4Ranges([prefix]), new Uint32Array());
});
