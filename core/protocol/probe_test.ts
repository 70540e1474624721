import assert from "node:assert/strict";
import fc from "fast-check";
import { packetVersion } from "../packet/ip.ts";
import { ControlAssembler } from "./control.ts";
import { ServerMessage, serverMessage } from "./datagram.ts";
import {
  isProbe,
  PROBE_ANSWER,
  PROBE_IN_USE,
  PROBE_LENGTH,
  probeFlags,
  probeToken,
  writeProbe,
} from "./probe.ts";

const AT = 3;
const anyFlags = fc.integer({ min: 0, max: 255 });
const anyToken = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

/** A probe among octets that are all ones. */
function memoryWith(flags: number, token: number): Uint8Array {
  const bytes = new Uint8Array(AT + PROBE_LENGTH + 40).fill(0xff);
  writeProbe(bytes, AT, flags, token);
  return bytes;
}

Deno.test("a probe is 02, flags, two zeros and the token", () => {
  const bytes = memoryWith(PROBE_ANSWER | PROBE_IN_USE, 0x01020304);
  assert.deepEqual([...bytes.subarray(AT - 1, AT + 9)], [0xff, 2, 3, 0, 0, 1, 2, 3, 4, 0xff]);
});

Deno.test("any probe is read as it was written", () => {
  fc.assert(fc.property(anyFlags, anyToken, (flags, token) => {
    const bytes = memoryWith(flags, token);
    assert.ok(isProbe(bytes, AT, PROBE_LENGTH));
    assert.deepEqual([probeFlags(bytes, AT), probeToken(bytes, AT)], [flags, token]);
    writeProbe(bytes, AT, flags, token >>> 0);
    assert.equal(probeToken(bytes, AT), token, "an unsigned token is the same");
  }));
});

Deno.test("no probe is a packet or another message", () => {
  fc.assert(fc.property(anyFlags, anyToken, (flags, token) => {
    const bytes = memoryWith(flags, token);
    assert.equal(packetVersion(bytes, AT, PROBE_LENGTH), 0);
    assert.equal(serverMessage(bytes, AT, PROBE_LENGTH), ServerMessage.None);
    const datagram = bytes.subarray(AT, AT + PROBE_LENGTH);
    assert.deepEqual(new ControlAssembler().push(datagram), { kind: "stray" });
  }));
});

Deno.test("a datagram of another length or first octet is no probe", () => {
  const bytes = memoryWith(0, 7);
  for (let length = 0; length < 30; length++) assert.equal(isProbe(bytes, AT, length), length === 8);
  for (let first = 0; first < 256; first++) {
    bytes[AT] = first;
    assert.equal(isProbe(bytes, AT, PROBE_LENGTH), first === 2);
  }
});
