import assert from "node:assert/strict";
import { FakeDarwinKernel } from "../../tests/fakes/darwin_kernel.ts";
import { darwinSocketAddress } from "./socket_address.ts";
import { SystemError } from "../libc/errno.ts";
import { openDarwinUdpSocket } from "./udp_socket_darwin.ts";
import { endpoint } from "../../tests/literals.ts";

Deno.test("a socket is bound, and its buffers take the longest datagram", () => {
  for (const [text, domain] of [["127.0.0.1:2511", 2], ["[::1]:2511", 30]] as const) {
    const kernel = new FakeDarwinKernel({ bufferCeiling: 200_000 });
    using socket = openDarwinUdpSocket(endpoint(text), kernel);
    const { options, ...state } = kernel.socket(socket.descriptor);
    assert.deepEqual([state.domain, state.type, state.protocol], [domain, 2, 0]);
    assert.deepEqual(state.bound, darwinSocketAddress.encode(endpoint(text)));
    assert.deepEqual([state.closeOnExec, state.nonBlocking], [true, true]);
    assert.deepEqual(Object.fromEntries(options), {
      "65535:4097": 128 << 10,
      "65535:4098": 128 << 10,
      "65535:4130": 1,
    });
    assert.deepEqual(socket.localEndpoint(), endpoint(text));
  }
});

Deno.test("a socket works without ioctl", () => {
  const kernel = new FakeDarwinKernel({ missing: ["__ioctl", "ioctl"] });
  using socket = openDarwinUdpSocket(endpoint("0.0.0.0:2511"), kernel);
  assert.equal(socket.send(Uint8Array.of(0), endpoint("127.0.0.1:9")), true);
  assert.deepEqual(kernel.calls.at(-1), "sendto flags 128");
});

Deno.test("a taken port leaves no descriptor behind", () => {
  const kernel = new FakeDarwinKernel();
  kernel.failNext("bind", 48);
  assert.throws(
    () => openDarwinUdpSocket(endpoint("127.0.0.1:2511"), kernel),
    (error) => error instanceof SystemError && error.call === "bind" && error.errno === 48,
  );
  assert.equal(kernel.socket(3).closed, true);
});

Deno.test("a message is sent once more after the report of an earlier one", () => {
  const kernel = new FakeDarwinKernel();
  using socket = openDarwinUdpSocket(endpoint("0.0.0.0:2511"), kernel);
  const to = endpoint("192.168.65.2:40000");
  kernel.failNext("sendto", 61);
  assert.equal(socket.send(Uint8Array.of(1, 0, 0), to), true);
  assert.deepEqual(kernel.outgoing, [{
    bytes: Uint8Array.of(1, 0, 0),
    address: darwinSocketAddress.encode(to),
  }]);
  kernel.failNext("sendto", 65, 65);
  assert.equal(socket.send(Uint8Array.of(1, 0, 0), to), false);
});

Deno.test("a connected socket sends to its peer", () => {
  const kernel = new FakeDarwinKernel();
  using socket = openDarwinUdpSocket(endpoint("0.0.0.0:2511"), kernel);
  socket.connect(endpoint("192.168.65.2:2511"));
  assert.deepEqual(
    kernel.socket(socket.descriptor).peer,
    darwinSocketAddress.encode(endpoint("192.168.65.2:2511")),
  );
  socket.send(Uint8Array.of(0));
  assert.deepEqual(kernel.outgoing, [{ bytes: Uint8Array.of(0) }]);
});
