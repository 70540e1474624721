import assert from "node:assert/strict";
import { labelOf, SUBJECTS, upstreamVersion } from "./subjects.ts";

Deno.test("a label has the version of what is another project's", () => {
  const versions = {
    wireguardGo: "0.0.20260522",
    wireguardGoOf2022: "0.0.20220316",
    gvproxy: "0.8.1",
    engine: "28.5.2",
    cipher: "libcrypto",
  };
  const labels = SUBJECTS.map((subject) => labelOf(subject, versions));
  assert.equal(new Set(labels).size, SUBJECTS.length);
  assert.deepEqual(labels.slice(2, 4), ["wireguard-go 0.0.20260522", "wireguard-go 0.0.20220316"]);
  assert.deepEqual(labels.slice(-2), ["exec stream, Engine 28.5.2", "docker-accessor libcrypto"]);
});

Deno.test("a version is told without Debian's part", () => {
  const versions = ["0.0.20260522-1", "1:0.8.1+ds-4", "28.5.2+dfsg4", "28.5.2\n"].map(upstreamVersion);
  assert.deepEqual(versions, ["0.0.20260522", "0.8.1", "28.5.2", "28.5.2"]);
});
