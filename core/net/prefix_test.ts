import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, type IpAddress, parseAddress } from "./address.ts";
import { anyAddress, anyPrefix } from "./arbitrary_fixture.ts";
import {
  equalPrefix,
  formatPrefix,
  maskPrefix,
  parsePrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "./prefix.ts";

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert(parsed !== undefined, `${text} is a prefix`);
  return parsed;
}

// The slow twin: an address as a string of bits.
function bits(address: IpAddress): string {
  return `${address.family}:` + [...address.bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function networkBits(one: Prefix): string {
  return bits(one.address).slice(0, 2 + one.length);
}

Deno.test("parsePrefix keeps host bits", () => {
  const addr = prefix("192.168.251.1/24");
  assert.equal(formatAddress(addr.address), "192.168.251.1");
  assert.equal(addr.length, 24);
  assert.equal(formatPrefix(prefix("FDC0:C0DE:251::1/64")), "fdc0:c0de:251::1/64");
});

Deno.test("parsePrefix refuses every other form", () => {
  const refused =
    "10.0.0.0|10.0.0.0/|/8|10.0.0.0/33|10.0.0.0/08|10.0.0.0/+8|10.0.0.0/-1|10.0.0.0/8.0|10.0.0.0/1e1|" +
    "10.0.0.0/255.0.0.0|10/8|10.0.0.0/8/8|10.0.0.0 /8|10.0.0.0/8 |::/129|::1%lo/64|fd00::/064|a/8";
  for (const text of refused.split("|")) assert.equal(parsePrefix(text), undefined, text);
});

Deno.test("a formatted prefix reads back as itself", () => {
  fc.assert(fc.property(anyPrefix, (one) => assert.deepEqual(parsePrefix(formatPrefix(one)), one)));
});

Deno.test("maskPrefix clears the host bits and nothing else", () => {
  assert.equal(formatPrefix(maskPrefix(prefix("172.18.255.255/12"))), "172.16.0.0/12");
  assert.equal(formatPrefix(maskPrefix(prefix("10.1.2.3/32"))), "10.1.2.3/32");
  assert.equal(formatPrefix(maskPrefix(prefix("10.1.2.3/0"))), "0.0.0.0/0");
  fc.assert(fc.property(anyPrefix, (one) => {
    const network = maskPrefix(one);
    const width = bits(one.address).length;
    assert.equal(bits(network.address), networkBits(one).padEnd(width, "0"));
    assert.equal(network.length, one.length);
    assert(equalPrefix(maskPrefix(network), network));
  }));
});

Deno.test("prefixContains compares the network part bit by bit", () => {
  fc.assert(fc.property(anyPrefix, anyAddress, (one, address) => {
    assert.equal(prefixContains(one, address), bits(address).startsWith(networkBits(one)));
    assert(prefixContains(one, one.address));
  }));
  // IPv4 does not lie in ::/0, nor an IPv4-mapped address in 0.0.0.0/0.
  const mapped = parseAddress("::ffff:10.0.0.1");
  assert(mapped !== undefined);
  assert.equal(prefixContains(prefix("0.0.0.0/0"), mapped), false);
  assert.equal(prefixContains(prefix("::/0"), prefix("10.0.0.1/32").address), false);
});

Deno.test("prefixesOverlap is true exactly if one network holds the other", () => {
  const related = anyPrefix.chain((one) =>
    fc.integer({ min: 0, max: one.address.bytes.length * 8 })
      .map((length): [Prefix, Prefix] => [one, { address: one.address, length }])
  );
  fc.assert(fc.property(fc.oneof(fc.tuple(anyPrefix, anyPrefix), related), ([a, b]) => {
    const expected = networkBits(a).startsWith(networkBits(b)) || networkBits(b).startsWith(networkBits(a));
    assert.equal(prefixesOverlap(a, b), expected);
    assert.equal(prefixesOverlap(b, a), expected);
  }));
});

Deno.test("equalPrefix tells host bits and lengths apart", () => {
  assert(equalPrefix(prefix("10.0.0.0/8"), prefix("10.0.0.0/8")));
  assert(!equalPrefix(prefix("10.0.0.0/8"), prefix("10.0.0.0/9")));
  assert(!equalPrefix(prefix("10.0.0.0/8"), prefix("10.0.0.1/8")));
});
