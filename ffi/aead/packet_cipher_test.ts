import assert from "node:assert/strict";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import fc from "fast-check";
import { hex } from "../../core/offload/frame_fixture.ts";
import { noise } from "../../core/offload/packets_fixture.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { searchLibcrypto } from "./libcrypto_library.ts";
import { loadPacketCipher } from "./load_cipher.ts";
import { CIPHER_TAG, type CipherBackend, type PacketCipher } from "./packet_cipher.ts";

const fromHex = (text: string) =>
  Uint8Array.from(text.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));

/** RFC 8439 appendix A.5. Its nonce begins with four zeros, as WireGuard's do, and has additional data, as those have not. */
const RFC = {
  key: fromHex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"),
  nonce: fromHex("000000000102030405060708"),
  data: fromHex("f33388860000000000004e91"),
  tag: fromHex("eead9d67890cbb22392336fea1851f38"),
  text:
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, " +
    "or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference " +
    "material or to cite them other than as /\u201cwork in progress./\u201d",
};

const nonceOf = (low: number, high: number) => {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(4, low, true);
  new DataView(nonce.buffer).setUint32(8, high, true);
  return nonce;
};

Deno.test("the twin agrees with RFC 8439 appendix A.5", () => {
  const sealed = chacha20poly1305(RFC.key, RFC.nonce, RFC.data).encrypt(new TextEncoder().encode(RFC.text));
  assert.equal(hex(sealed.subarray(0, 16)), "64a0861575861af460f062c79be643bd");
  assert.equal(hex(sealed.subarray(-CIPHER_TAG)), hex(RFC.tag));
});

/** Where things lie in the arena; out of reach of each other whatever the offset. */
const HEADER = 1 << 17;
const PAYLOAD = 2 << 17;
const OUT = 3 << 17;

const anyLength = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 1500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 65_535 }) },
);
const anyCounter = fc.oneof(fc.nat({ max: 1000 }), fc.maxSafeNat());
const anyOffset = fc.nat({ max: 77 });

const installed = searchLibcrypto();
if ("library" in installed) installed.library.close();
const without = { libcrypto: { ignore: "reason" in installed }, wasm: {} };

async function open(backend: CipherBackend): Promise<PacketCipher & { readonly memory: PacketMemory }> {
  const memory = new PacketMemory(1 << 20);
  return Object.assign(await loadPacketCipher(memory, 8, backend), { memory });
}

for (const backend of ["libcrypto", "wasm"] as const) {
  Deno.test(
    `${backend}: seals as its twin does, at any place and in any two pieces`,
    without[backend],
    async () => {
      using cipher = await open(backend);
      const { u8 } = cipher.memory.arena;
      fc.assert(
        fc.property(
          anyLength,
          fc.nat({ max: 128 }),
          anyCounter,
          fc.tuple(anyOffset, anyOffset, anyOffset),
          fc.integer(),
          fc.nat({ max: 7 }),
          (length, split, counter, [header, payload, out], seed, slot) => {
            const text = noise(length, seed);
            const first = Math.min(split, length);
            const key = noise(32, seed + 1);
            const padded = new Uint8Array(Math.ceil(length / 16) * 16);
            padded.set(text);
            const expected = chacha20poly1305(key, nonceOf(counter >>> 0, Math.floor(counter / 2 ** 32)))
              .encrypt(padded);
            u8.fill(0xa7, OUT, OUT + length + 200);
            u8.set(text.subarray(0, first), HEADER + header);
            u8.set(text.subarray(first), PAYLOAD + payload);
            cipher.setKey(slot, key);
            const total = cipher.seal(
              slot,
              counter,
              HEADER + header,
              first,
              PAYLOAD + payload,
              length - first,
              OUT + out,
            );
            assert.equal(total, expected.length);
            assert.equal(hex(u8.subarray(OUT + out, OUT + out + total)), hex(expected));
            assert.equal(u8[OUT + out + total], 0xa7);
            assert.equal(
              hex(u8.subarray(PAYLOAD + payload, PAYLOAD + payload + length - first)),
              hex(text.subarray(first)),
            );
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  Deno.test(
    `${backend}: opens in place what its twin sealed, whatever the counter`,
    without[backend],
    async () => {
      using cipher = await open(backend);
      const { u8 } = cipher.memory.arena;
      const anyHalf = fc.integer({ min: 0, max: 0xffff_ffff });
      fc.assert(
        fc.property(
          anyLength,
          anyHalf,
          anyHalf,
          anyOffset,
          fc.integer(),
          (length, low, high, offset, seed) => {
            const text = noise(length, seed);
            const key = noise(32, seed + 1);
            const sealed = chacha20poly1305(key, nonceOf(low, high)).encrypt(text);
            const at = OUT + offset;
            u8.fill(0xa7, OUT, at + sealed.length + 100);
            u8.set(sealed, at);
            cipher.setKey(3, key);
            assert.equal(cipher.open(3, low | 0, high, at, sealed.length), true);
            assert.equal(hex(u8.subarray(at, at + length)), hex(text));
            assert.equal(u8[at - 1] === 0xa7 || offset === 0, true);
            assert.equal(u8[at + sealed.length], 0xa7);
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  Deno.test(`${backend}: opens the text of RFC 8439 appendix A.5`, without[backend], async () => {
    using cipher = await open(backend);
    const { u8 } = cipher.memory.arena;
    const text = new TextEncoder().encode(RFC.text);
    const sealed = chacha20poly1305(RFC.key, RFC.nonce).encrypt(text);
    u8.set(sealed, OUT);
    cipher.setKey(0, RFC.key);
    assert.equal(cipher.open(0, 0x0403_0201, 0x0807_0605, OUT, sealed.length), true);
    assert.equal(new TextDecoder().decode(u8.subarray(OUT, OUT + text.length)), RFC.text);
  });

  Deno.test(
    `${backend}: refuses a text of which any bit was changed, and what is too short`,
    without[backend],
    async () => {
      using cipher = await open(backend);
      const { u8 } = cipher.memory.arena;
      const key = noise(32, 1);
      const sealed = chacha20poly1305(key, nonceOf(7, 0)).encrypt(noise(80, 2));
      cipher.setKey(1, key);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        u8.set(sealed, OUT);
        u8[OUT + (bit >> 3)] ^= 1 << (bit & 7);
        assert.equal(cipher.open(1, 7, 0, OUT, sealed.length), false, `bit ${bit}`);
      }
      for (let length = 0; length < sealed.length; length++) {
        u8.set(sealed, OUT);
        assert.equal(cipher.open(1, 7, 0, OUT, length), false, `${length} octets`);
      }
      u8.set(sealed, OUT);
      assert.equal(cipher.open(1, 8, 0, OUT, sealed.length), false, "another counter");
      u8.set(sealed, OUT);
      assert.equal(cipher.open(1, 7, 1, OUT, sealed.length), false, "another counter's upper half");
      // What it refused leaves no trace.
      u8.set(sealed, OUT);
      assert.equal(cipher.open(1, 7, 0, OUT, sealed.length), true);
    },
  );

  Deno.test(
    `${backend}: keys are apart, may be replaced, and are gone when cleared`,
    without[backend],
    async () => {
      using cipher = await open(backend);
      const { u8 } = cipher.memory.arena;
      const sealWith = (slot: number) => {
        u8.fill(0, PAYLOAD, PAYLOAD + 64);
        cipher.seal(slot, 1, HEADER, 0, PAYLOAD, 64, OUT);
        return hex(u8.subarray(OUT, OUT + 80));
      };
      const twin = (key: Uint8Array) => hex(chacha20poly1305(key, nonceOf(1, 0)).encrypt(new Uint8Array(64)));
      const [a, b, c] = [noise(32, 1), noise(32, 2), noise(32, 3)];
      cipher.setKey(0, a);
      cipher.setKey(7, b);
      assert.equal(sealWith(0), twin(a));
      assert.equal(sealWith(7), twin(b));
      cipher.setKey(0, c);
      assert.equal(sealWith(0), twin(c));
      assert.equal(sealWith(7), twin(b));
      cipher.clearKey(0);
      cipher.clearKey(0);
      cipher.setKey(0, a);
      assert.equal(sealWith(0), twin(a));
      assert.throws(() => cipher.setKey(8, a), RangeError);
      assert.throws(() => cipher.setKey(-1, a), RangeError);
      assert.throws(() => cipher.setKey(1, a.subarray(1)), RangeError);
    },
  );
}

Deno.test("libcrypto is preferred where it loads", without.libcrypto, async () => {
  using cipher = await loadPacketCipher(new PacketMemory(1 << 20), 1);
  assert.equal(cipher.backend, "libcrypto");
});
