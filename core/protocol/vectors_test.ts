import assert from "node:assert/strict";
import { answerChallenge } from "./challenge.ts";
import { encodeControl } from "./control.ts";
import { encodeDescription } from "./description.ts";
import { encodeHeartbeat } from "./heartbeat.ts";
import { heartbeatMac } from "./heartbeat_mac.ts";

/** The octets that docs/internals/protocol.md shows, one block of hexadecimal text each; blocks of another kind say so. */
async function documentedVectors(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../docs/internals/protocol.md", import.meta.url));
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    .flatMap(([, kind, block = ""]) => kind === "" ? [block] : []);
  return blocks.map((block) =>
    [...block.matchAll(/^(?:[0-9a-f]{2} ?)+/gm)].join(" ").replace(/\s+/g, " ").trim()
  );
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

Deno.test("the documented test vectors are what is sent", async () => {
  const proof = heartbeatMac("correct horse battery staple");
  const challenge = Uint8Array.from({ length: 17 }, (_, at) => at === 0 ? 0 : at - 1);
  assert.deepEqual(await documentedVectors(), [
    hex(encodeHeartbeat(proof, Date.UTC(2026, 0, 1))),
    hex(challenge),
    hex(answerChallenge(proof, challenge)),
    hex(encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] })),
    encodeControl("version 2,connect 172.18.0.0 172.19.0.0", 1400).map(hex).join(),
  ]);
});
