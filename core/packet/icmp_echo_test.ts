import assert from "node:assert/strict";
import fc from "fast-check";
import { hex } from "../offload/frame_fixture.ts";
import { noise, onesComplementSum, sealIpv4, writeUint16 } from "../offload/packets_fixture.ts";
import { answerEcho, isIcmpError } from "./icmp_echo.ts";

/** An IPv4 packet that carries an ICMP message of this type. */
function icmpPacket(type: number, payload: Uint8Array, options = 0): Uint8Array {
  const header = 20 + options;
  const packet = new Uint8Array(header + 8 + payload.length);
  packet.set([0x40 | header / 4, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 251, 3, 192, 168, 251, 2]);
  writeUint16(packet, 2, packet.length);
  packet[header] = type;
  packet.set(noise(4, 1), header + 4);
  packet.set(payload, header + 8);
  sealIpv4(packet);
  writeUint16(packet, header + 2, ~onesComplementSum(packet.subarray(header)) & 0xffff);
  return packet;
}

const anyRequest = fc.tuple(fc.nat({ max: 300 }), fc.integer(), fc.constantFrom(0, 4, 40)).map((
  [length, seed, options],
) => icmpPacket(8, noise(length, seed), options));

Deno.test("an echo request becomes its reply, with sound checksums", () => {
  fc.assert(fc.property(anyRequest, (request) => {
    const header = (request[0] ?? 0) % 16 * 4;
    const bytes = request.slice();
    assert.equal(answerEcho(bytes, 0, bytes.length), true);
    assert.equal(hex(bytes.subarray(12, 20)), hex(request.subarray(16, 20)) + hex(request.subarray(12, 16)));
    assert.equal(bytes[header], 0);
    assert.equal(hex(bytes.subarray(header + 4)), hex(request.subarray(header + 4)));
    assert.equal(onesComplementSum(bytes.subarray(0, header)), 0xffff);
    assert.equal(onesComplementSum(bytes.subarray(header)), 0xffff);
  }));
});

Deno.test("a broken request becomes no sound reply", () => {
  const request = icmpPacket(8, noise(56, 1));
  request[30] = (request[30] ?? 0) ^ 1;
  assert.equal(answerEcho(request, 0, request.length), true);
  assert.notEqual(onesComplementSum(request.subarray(20)), 0xffff);
});

const changed = (change: (packet: Uint8Array) => void) => {
  const packet = icmpPacket(8, noise(56, 1));
  change(packet);
  return packet;
};

for (
  const [title, packet] of [
    ["a reply", icmpPacket(0, noise(56, 1))],
    ["an error", icmpPacket(3, noise(56, 1))],
    ["UDP", changed((bytes) => bytes[9] = 17)],
    ["a first fragment", changed((bytes) => bytes[6] = 0x20)],
    ["a later fragment", changed((bytes) => bytes[7] = 1)],
    ["a packet without a whole ICMP header", icmpPacket(8, new Uint8Array()).subarray(0, 27)],
  ] as const
) {
  Deno.test(`${title} is left as it is`, () => {
    const bytes = packet.slice();
    assert.equal(answerEcho(bytes, 0, bytes.length), false);
    assert.equal(hex(bytes), hex(packet));
  });
}

Deno.test("reports of errors are told from other packets", () => {
  for (let type = 0; type < 256; type++) {
    const packet = icmpPacket(type, noise(28, 1));
    assert.equal(isIcmpError(packet, 0, packet.length), [3, 11, 12].includes(type));
  }
  const udp = changed((bytes) => [bytes[9], bytes[20]] = [17, 3]);
  assert.equal(isIcmpError(udp, 0, udp.length), false);
});
