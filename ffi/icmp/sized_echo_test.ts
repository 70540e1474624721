import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { asRootOnLinux } from "../netlink/private_network_fixture.ts";
import { EchoSocket } from "./sized_echo.ts";

if (Deno.build.os === "linux") linuxLibc();
// Its library stays for the life of the thread too.
if (!asRootOnLinux.ignore) EchoSocket.open(4)[Symbol.dispose]();

/** Sends one request to the loopback and waits for its answer. */
async function echo(family: 4 | 6, size: number) {
  using socket = EchoSocket.open(family);
  assert.ok(socket.send(address(family === 4 ? "127.0.0.1" : "::1"), 7, size));
  for (let waits = 0; waits < 20; waits++) {
    await socket.wait(100);
    const [reply] = socket.receive();
    if (reply !== undefined) return reply;
  }
  return undefined;
}

Deno.test({
  name: "the loopback answers an echo request of any size, odd ones too (needs root on Linux)",
  ...asRootOnLinux,
  async fn() {
    for (const size of [28, 84, 1001, 1400, 16_000]) {
      assert.deepEqual(await echo(4, size), { sequence: 7, size });
    }
  },
});

Deno.test({
  name: "a request that is larger than the interface's MTU is refused (needs root on Linux)",
  ...asRootOnLinux,
  fn() {
    using socket = EchoSocket.open(4);
    // The loopback's MTU is 65,536 bytes, and no IPv4 packet has more than 65,535.
    assert.equal(socket.send(address("127.0.0.1"), 1, 70_000), false);
  },
});

Deno.test({
  name: "nobody answers where nothing was asked, and the wait ends by itself (needs root on Linux)",
  ...asRootOnLinux,
  async fn() {
    using socket = EchoSocket.open(4);
    await socket.wait(10);
    assert.deepEqual(socket.receive(), []);
  },
});
