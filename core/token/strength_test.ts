import assert from "node:assert/strict";
import fc from "fast-check";
import { ENOUGH_BITS, generateToken, TOKEN_ENTROPY, tokenStrength, type Weakness } from "./strength.ts";

const WEAK: readonly (readonly [token: string, most: number, ...Weakness[]])[] = [
  ["a", 5, "short"],
  ["secret", 8, "short", "words"],
  ["P4$$w0rd", 20, "short", "words"],
  ["token1", 15, "short", "words"],
  ["192837465", 30, "short", "digits"],
  ["1234567890123456789012345678901234567890", 40, "digits", "repetition", "sequence"],
  ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 12, "repetition"],
  ["k3mk3mk3mk3mk3mk3mk3mk3mk3mk3mk3m", 30, "repetition"],
  ["abcdefghijklmnopqrstuvwxyz", 40, "words", "sequence"],
  ["qwertyuiopasdfghjklzxcvbnm", 50, "words", "sequence"],
  ["zyxwvutsrqponmlkjihgfedcba", 45, "sequence"],
  ["correct-horse-battery-staple", 50, "words"],
  ["MichaelsOfficeMacbook2026", 75, "words"],
  ["7f3a9c1e", 45, "short"],
  ["blue-fish-tree-lamp-rain", 70, "words"],
];

for (const [token, most, ...weaknesses] of WEAK) {
  Deno.test(`weak: ${token}`, () => {
    const strength = tokenStrength(token);
    assert.ok(strength.isWeak);
    assert.ok(strength.bits <= most, `${strength.bits} bits`);
    assert.deepEqual(strength.weaknesses, weaknesses);
  });
}

const STRONG = [
  "8k3m5n7p9q2r4s6t8v1w3x5y7z",
  // openssl rand -hex 16, openssl rand -base64 18, uuidgen; in the order of the tools' manuals
  "c0d7a94be61f28537bd90e4fa1826c35",
  "Zr8wXq2LkV0tBn7HsYp4mDfG",
  "3f0c9e6a-7b14-4d28-95e1-a8d2c6f0b793",
];

for (const token of STRONG) {
  Deno.test(`strong: ${token}`, () => {
    const { bits, isWeak, weaknesses } = tokenStrength(token);
    assert.ok(!isWeak && bits >= ENOUGH_BITS, `${bits} bits`);
    assert.deepEqual(weaknesses, []);
  });
}

Deno.test("generated tokens are strong, 26 characters long, and of the alphabet", () => {
  const anyEntropy = fc.infiniteStream(fc.integer({ min: 0, max: 255 })).map((stream) =>
    Uint8Array.from([...stream.take(TOKEN_ENTROPY)])
  );
  // Uniform octets: fast-check's own favour the ends of the range, which no random source does.
  let seed = 1;
  const noise = () => (seed = seed * 48271 % 0x7fff_ffff) >>> 8 & 0xff;
  for (let run = 0; run < 2000; run++) {
    const token = generateToken(Uint8Array.from({ length: TOKEN_ENTROPY }, noise));
    assert.ok(!tokenStrength(token).isWeak, token);
  }
  fc.assert(fc.property(anyEntropy, (entropy) => {
    assert.match(generateToken(entropy), /^[0-9a-hjkmnp-tv-z]{26}$/);
  }));
});

Deno.test("octets of entropy that differ in their low five bits give another token", () => {
  const entropy = new Uint8Array(TOKEN_ENTROPY);
  const tokens = new Set<string>();
  for (let value = 0; value < 32; value++) tokens.add(generateToken(entropy.with(7, value)));
  assert.equal(tokens.size, 32);
  assert.throws(() => generateToken(new Uint8Array(25)), RangeError);
});

Deno.test("whatever the token, the estimate is a number of bits, and weak is what is below the limit", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200, unit: "grapheme" }), (token) => {
    const { bits, isWeak } = tokenStrength(token);
    assert.ok(bits >= 0);
    assert.equal(isWeak, bits < ENOUGH_BITS);
  }));
});

/** Milliseconds of the fastest of some estimates. */
function fastest(token: string): number {
  return Math.min(...Array.from({ length: 7 }, () => {
    const start = performance.now();
    tokenStrength(token);
    return performance.now() - start;
  }));
}

Deno.test("twice the length costs no more than that cubed, up to the greatest length", () => {
  const varied = (length: number) =>
    Array.from({ length }, (_, index) => String.fromCharCode(33 + index * 7 % 90)).join("");
  const repeated = (length: number) => "ab".repeat(length / 2);
  for (const token of [varied, repeated, (length: number) => "a".repeat(length)]) {
    fastest(token(512));
    // Twice the bound: the shorter one is so quick that the clock is coarse beside it.
    assert.ok(fastest(token(512)) <= 2 * 2 ** 3 * Math.max(fastest(token(256)), 0.1));
  }
});
