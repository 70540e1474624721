import assert from "node:assert/strict";
import fc from "fast-check";
import { anyEndpoint } from "../../core/net/arbitrary_fixture.ts";
import { unmapAddress } from "../../core/net/address.ts";
import { formatEndpoint, parseEndpoint } from "../../core/net/endpoint.ts";
import { linuxSocketAddress } from "./socket_address.ts";
import { socketAddressCodec } from "./udp_socket.ts";

function encode(text: string): Uint8Array {
  const endpoint = parseEndpoint(text);
  assert.ok(endpoint);
  return linuxSocketAddress.encode(endpoint);
}

Deno.test("an IPv4 endpoint is a sockaddr_in", () => {
  assert.deepEqual(
    encode("192.168.251.2:2511"),
    Uint8Array.from([2, 0, 0x09, 0xcf, 192, 168, 251, 2, ...new Array(8).fill(0)]),
  );
});

Deno.test("an IPv6 endpoint is a sockaddr_in6", () => {
  const address = [0xfd, 0xc0, 0xc0, 0xde, 2, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  assert.deepEqual(
    encode("[fdc0:c0de:251::1]:65535"),
    Uint8Array.from([10, 0, 255, 255, 0, 0, 0, 0, ...address, 0, 0, 0, 0]),
  );
});

Deno.test("any endpoint comes back, also from larger room at an odd place", () => {
  fc.assert(fc.property(anyEndpoint, fc.nat({ max: 9 }), (endpoint, offset) => {
    const encoded = linuxSocketAddress.encode(endpoint);
    const room = new Uint8Array(50).fill(0xee);
    room.set(encoded, offset);
    const decoded = linuxSocketAddress.decode(room.subarray(offset, offset + 32));
    assert.ok(decoded);
    const { address, port } = endpoint;
    const expected = formatEndpoint({ address: unmapAddress(address), port });
    assert.equal(formatEndpoint(decoded), expected);
    assert.deepEqual(linuxSocketAddress.trim(room.subarray(offset, offset + 32)), encoded);
    room.fill(0);
    assert.equal(formatEndpoint(decoded), expected, "it is a copy");
  }));
});

Deno.test("other families and cut addresses are none", () => {
  const [v4, v6] = [encode("127.0.0.1:1"), encode("[::1]:1")];
  assert.equal(linuxSocketAddress.decode(new Uint8Array()), undefined);
  assert.equal(linuxSocketAddress.decode(v4.subarray(0, 15)), undefined);
  assert.equal(linuxSocketAddress.decode(v6.subarray(0, 27)), undefined);
  assert.equal(linuxSocketAddress.decode(new Uint8Array(32)), undefined);
  assert.equal(linuxSocketAddress.decode(v4.map((octet, at) => at === 0 ? 1 : octet)), undefined);
});

Deno.test("an IPv4-mapped address is IPv4, and is written so for an IPv6 socket", () => {
  const mapped = encode("[::ffff:192.0.2.1]:2511");
  assert.deepEqual(linuxSocketAddress.decode(mapped), parseEndpoint("192.0.2.1:2511"));
  const endpoint = parseEndpoint("192.0.2.1:2511");
  assert.ok(endpoint);
  assert.equal(socketAddressCodec(4).encode(endpoint).length, 16);
  if (Deno.build.os === "linux") assert.deepEqual(socketAddressCodec(6).encode(endpoint), mapped);
});

Deno.test("the scope of a link-local address is kept, in the order of the host", () => {
  const scoped = encode("[fe80::1%258]:1");
  assert.deepEqual(scoped.subarray(24), Uint8Array.of(2, 1, 0, 0));
  const decoded = linuxSocketAddress.decode(scoped);
  assert.ok(decoded);
  assert.equal(formatEndpoint(decoded), "[fe80::1%258]:1");
});
