import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { isPublicKey, LEAF_DAYS, makeAuthority, signLeaf, validUntil } from "./certificate.ts";
import { certificatePem, pemBlock, pemBytes } from "./pem.ts";

const NOW = Date.UTC(2026, 0, 1);
const publicKey = () =>
  new Uint8Array(
    generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "der" }),
  );

Deno.test("an authority signs certificates that name their hosts and last 30 days", () => {
  const authority = makeAuthority("container.internal", NOW);
  const names = ["container.internal", "*.container.internal"];
  const leaf = signLeaf(authority, names, publicKey(), NOW);
  assert.match(new TextDecoder("latin1").decode(leaf), /\*\.container\.internal/);
  assert.equal(validUntil(leaf), NOW + LEAF_DAYS * 86_400_000);
  assert.equal(validUntil(leaf.subarray(1)), undefined);
});

Deno.test("keys of other kinds, and bytes that are none, are not signed", () => {
  const authority = makeAuthority("container.internal", NOW);
  const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const otherKey = new Uint8Array(other.export({ type: "spki", format: "der" }));
  for (const key of [otherKey, new Uint8Array(91), new Uint8Array()]) {
    assert.equal(isPublicKey(new Uint8Array(key)), false);
    assert.throws(() => signLeaf(authority, ["container.internal"], new Uint8Array(key), NOW), RangeError);
  }
});

Deno.test("PEM is read as it was written", () => {
  const { certificate, privateKey } = makeAuthority("a.test", NOW);
  const text = privateKey + certificatePem(certificate);
  const block = pemBlock(text, "CERTIFICATE") ?? "";
  assert.deepEqual(pemBytes(block), certificate);
  assert.equal(pemBlock("nothing", "CERTIFICATE"), undefined);
});
