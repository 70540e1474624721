import assert from "node:assert/strict";
import { answerEcho } from "./icmp_echo.ts";
import { encodeEchoRequest, readEchoReply } from "./icmp_message.ts";

const DATA = Uint8Array.of(1, 2, 3, 4, 5);

/** An IPv4 packet with this message, as a raw socket gives it; `options` bytes longer than the shortest header. */
function inIpv4(message: Uint8Array, options = 0): Uint8Array {
  const header = new Uint8Array(20 + options);
  header[0] = 0x40 | header.length / 4;
  header[9] = 1;
  return Uint8Array.from([...header, ...message]);
}

Deno.test("an echo request of IPv4 has RFC 792's form, with its checksum", () => {
  // Checksum by hand: 0x0800 + 0x1234 + 0x0007 + 0x0102 + 0x0304 + 0x0500 = 0x2341; its complement is 0xdcbe.
  assert.deepEqual(
    [...encodeEchoRequest(4, 0x1234, 7, DATA)],
    [8, 0, 0xdc, 0xbe, 0x12, 0x34, 0, 7, 1, 2, 3, 4, 5],
  );
});

Deno.test("the checksum of the longest request is right", () => {
  const message = encodeEchoRequest(4, 0xffff, 0xffff, new Uint8Array(65_507 - 8).fill(0xff));
  let sum = 0;
  for (let at = 0; at < message.length; at += 2) sum += (message[at]! << 8) + (message[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  assert.equal(sum, 0xffff);
});

Deno.test("an echo request of IPv6 leaves its checksum to the kernel", () => {
  assert.deepEqual([...encodeEchoRequest(6, 1, 2, DATA)], [128, 0, 0, 0, 0, 1, 0, 2, 1, 2, 3, 4, 5]);
});

Deno.test("the reply names the request, with and without the IP header", () => {
  for (const options of [0, 4, 40]) {
    const packet = inIpv4(encodeEchoRequest(4, 9, 65_535, DATA), options);
    assert.ok(answerEcho(packet, 0, packet.length));
    assert.deepEqual(readEchoReply(4, packet, 9, DATA), { sequence: 65_535, length: 13 });
    assert.deepEqual(readEchoReply(4, packet.subarray(20 + options), 9, DATA), {
      sequence: 65_535,
      length: 13,
    });
  }
  const reply = encodeEchoRequest(6, 9, 3, DATA);
  reply[0] = 129;
  assert.equal(readEchoReply(6, reply, 9, DATA)?.sequence, 3);
  assert.equal(readEchoReply(6, reply, undefined, new Uint8Array())?.sequence, 3);
});

Deno.test("anything but the reply to a request of this program is none", () => {
  const request = encodeEchoRequest(4, 9, 1, DATA);
  const reply = Uint8Array.from(request);
  reply[0] = 0;
  assert.equal(readEchoReply(4, reply, 9, DATA)?.sequence, 1);
  const others = [
    new Uint8Array(),
    Uint8Array.of(0x4f),
    reply.subarray(0, 12),
    request,
    inIpv4(request),
    inIpv4(reply).subarray(0, 30),
  ];
  for (const other of others) assert.equal(readEchoReply(4, other, 9, DATA), undefined);
  assert.equal(readEchoReply(4, reply, 8, DATA), undefined);
  assert.equal(readEchoReply(4, reply, 9, Uint8Array.of(1, 2, 3, 4, 6)), undefined);
  assert.equal(readEchoReply(6, reply, 9, DATA), undefined);
});
