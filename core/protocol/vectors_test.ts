import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { superFrame } from "../offload/frame_fixture.ts";
import { plainTcp } from "../offload/packets_fixture.ts";
import { encodeDirectAnswer, encodeDirectQuestion } from "../path/direct_probe.ts";
import { answerChallenge } from "./challenge.ts";
import { encodeControl } from "./control.ts";
import { encodeDescription } from "./description.ts";
import { encodeHeartbeat } from "./heartbeat.ts";
import { heartbeatMac } from "./heartbeat_mac.ts";
import { PROBE_ANSWER, PROBE_IN_USE, PROBE_LENGTH, writeProbe } from "./probe.ts";
import { encodeAnswer, encodeEnd } from "./server_proof.ts";
import {
  FRAME_HEADER,
  FRAME_LARGE,
  LARGE_HEADER,
  writeCreditFrame,
  writeFrameHeader,
  writeLargeHeader,
} from "./stream_frame.ts";

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

const LINK = { desktop: address("10.79.0.1"), machine: address("10.79.0.2") };

/** Sixteen octets, each one more than the one before. */
function octets(first: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => first + at);
}

function probe(flags: number): Uint8Array {
  const bytes = new Uint8Array(PROBE_LENGTH);
  writeProbe(bytes, 0, flags, 0x01020304);
  return bytes;
}

/** A frame of the engine path that holds this payload. */
function frame(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  writeFrameHeader(bytes, 0, kind, payload.length);
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

function largePacket(): Uint8Array {
  const { virtio, packet } = superFrame({ ...plainTcp, payload: new TextEncoder().encode("abcdefgh") }, 4);
  const payload = new Uint8Array(LARGE_HEADER + packet.length);
  writeLargeHeader(payload, 0, virtio.type, virtio.headerLength, virtio.size, virtio.checksumStart);
  payload.set(packet, LARGE_HEADER);
  return payload;
}

function credit(limit: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeCreditFrame(bytes, 0, limit);
  return bytes;
}

Deno.test("the documented test vectors are what is sent", async () => {
  const proof = heartbeatMac("correct horse battery staple");
  const challenge = Uint8Array.from({ length: 17 }, (_, at) => at === 0 ? 0 : at - 1);
  assert.deepEqual(await documentedVectors(), [
    hex(encodeHeartbeat(proof, Date.UTC(2026, 0, 1))),
    hex(challenge),
    hex(answerChallenge(proof, challenge)),
    hex(encodeAnswer(proof, encodeHeartbeat(proof, Date.UTC(2026, 0, 1)).subarray(1, 9))),
    hex(encodeEnd(proof, encodeHeartbeat(proof, Date.UTC(2026, 0, 1)).subarray(1, 9))),
    hex(encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] })),
    encodeControl("version 2,connect 172.18.0.0 172.19.0.0", 1400).map(hex).join(),
    encodeControl("version 2,dns .test,host 192.168.251.2 dev.example.test", 1400).map(hex).join(),
    hex(probe(0)),
    hex(probe(PROBE_ANSWER | PROBE_IN_USE)),
    hex(encodeDirectQuestion(proof, LINK, { isReady: false, nonce: octets(0), challenge: octets(16) })),
    hex(encodeDirectAnswer(proof, LINK, { isReady: true, nonce: octets(0), challenge: octets(16) })),
    hex(frame(0, encodeHeartbeat(undefined, 0))),
    hex(frame(1, encodeControl("", 1400)[0] ?? new Uint8Array())),
    hex(frame(FRAME_LARGE, largePacket())),
    hex(credit(262_144)),
  ]);
});
