import assert from "node:assert/strict";
import { darwinSocketAddress } from "./socket_address.ts";
import { endpoint } from "../../tests/literals.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const golden = {
  "192.168.65.2:2511": "10 02 09 cf c0 a8 41 02 00 00 00 00 00 00 00 00",
  "[fd00:1::2:3]:65535":
    "1c 1e ff ff 00 00 00 00 fd 00 00 01 00 00 00 00 00 00 00 00 00 02 00 03 00 00 00 00",
  "[fe80::1%258]:1": "1c 1e 00 01 00 00 00 00 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01 02 01 00 00",
};

Deno.test("endpoints become macOS socket addresses", () => {
  for (const [text, bytes] of Object.entries(golden)) {
    assert.equal(hex(darwinSocketAddress.encode(endpoint(text))), bytes);
  }
});

Deno.test("macOS socket addresses become endpoints, whatever follows them", () => {
  for (const [text, bytes] of Object.entries(golden)) {
    const room = new Uint8Array(32).fill(0xee);
    room.set(bytes.split(" ").map((byte) => parseInt(byte, 16)));
    assert.deepEqual(darwinSocketAddress.decode(room), endpoint(text));
    assert.equal(hex(darwinSocketAddress.trim(room)), bytes);
  }
});

Deno.test("other families and cut addresses are refused", () => {
  const ipv6 = darwinSocketAddress.encode(endpoint("[::1]:1"));
  assert.equal(darwinSocketAddress.decode(ipv6.subarray(0, 27)), undefined);
  assert.equal(darwinSocketAddress.decode(new Uint8Array(15)), undefined);
  const linux = Uint8Array.of(2, 0, 9, 207, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  assert.equal(darwinSocketAddress.decode(linux), undefined);
});

Deno.test("an IPv4-mapped address is IPv4", () => {
  const mapped = darwinSocketAddress.encode(endpoint("[::ffff:192.0.2.1]:2511"));
  assert.equal(mapped.length, 28);
  assert.deepEqual(darwinSocketAddress.decode(mapped), endpoint("192.0.2.1:2511"));
});
