import assert from "node:assert/strict";
import { decodeDescription, encodeDescription } from "../protocol/description.ts";
import { heartbeatMac } from "../protocol/heartbeat_mac.ts";
import { PUBLIC_KEY_LENGTH } from "./certificate.ts";
import { readCertificateKey, writeCertificateKey } from "./certificate_request.ts";

const proof = heartbeatMac("correct horse battery staple");
const key = new Uint8Array(PUBLIC_KEY_LENGTH).fill(0xff);

Deno.test("a key with its proof goes through a description, and longer text does not", () => {
  const text = writeCertificateKey(key, proof);
  const description = { version: "1", addresses: [], certificateKey: text };
  assert.deepEqual(decodeDescription(encodeDescription(description)), description);
  assert.equal(
    decodeDescription(encodeDescription({ ...description, certificateKey: `${text}x` })),
    undefined,
  );
  assert.deepEqual(readCertificateKey(text, proof), key);
});

Deno.test("one changed character of key or proof is seen", () => {
  const text = writeCertificateKey(key, proof);
  for (let at = 0; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    const read = readCertificateKey(changed, proof);
    // The last character before the padding has bits that mean nothing.
    assert.ok(read === undefined || read.every((byte, index) => byte === key[index]), changed);
  }
  assert.equal(readCertificateKey(text, heartbeatMac("another")), undefined);
});
