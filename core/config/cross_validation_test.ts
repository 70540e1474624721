import assert from "node:assert/strict";
import fc from "fast-check";
import { anyPrefix } from "../net/arbitrary_fixture.ts";
import { maskPrefix, prefixesOverlap } from "../net/prefix.ts";
import { findOverlaps } from "./cross_validation.ts";

// Short prefixes of few octets overlap often.
const anyNetwork = fc.oneof(
  anyPrefix,
  fc.tuple(fc.constantFrom(10, 11), fc.constantFrom(0, 128), fc.integer({ min: 4, max: 18 })).map((
    [a, b, length],
  ) => ({
    address: { family: 4 as const, bytes: Uint8Array.of(a, b, 0, 0) },
    length,
  })),
).map(maskPrefix);

Deno.test("an overlap is found exactly where comparing each with each finds one", () => {
  fc.assert(
    fc.property(fc.array(anyNetwork, { maxLength: 12 }), (networks) => {
      const routes = networks.map((prefix, index) => ({
        value: { prefix, expose: false },
        line: index + 1,
        column: 7,
      }));
      const overlaps = [...findOverlaps(routes)];
      for (const [earlier, later] of overlaps) {
        assert(earlier.line < later.line);
        assert(prefixesOverlap(earlier.value.prefix, later.value.prefix));
      }
      const blamed = new Set(overlaps.flat().map(({ line }) => line));
      for (const route of routes) {
        const expected = routes.some((other) =>
          other !== route && prefixesOverlap(other.value.prefix, route.value.prefix)
        );
        assert.equal(blamed.has(route.line), expected, `line ${route.line}`);
      }
    }),
    { numRuns: 1000 },
  );
});
