import assert from "node:assert/strict";
import { EchoSocket } from "../../ffi/icmp/sized_echo.ts";
import { linuxLibc } from "../../ffi/libc/libc_linux.ts";
import { asRootOnLinux } from "../../ffi/netlink/private_network_fixture.ts";
import { address } from "../../tests/literals.ts";
import { EchoProber } from "./echo_prober.ts";

if (Deno.build.os === "linux") linuxLibc();
// Its library stays for the life of the thread too.
if (!asRootOnLinux.ignore) EchoSocket.open(4)[Symbol.dispose]();

Deno.test(
  "each question gets its own answer, and one that cannot be sent has none (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using prober = EchoProber.open(4) ?? assert.fail("no socket");
    const loopback = address("127.0.0.1");
    const sizes = [84, 1400, 70_000];
    const answers = await prober.ask(sizes.map((size) => ({ address: loopback, size })), 100);
    assert.deepEqual(answers.map((answer) => answer !== undefined), [true, true, false]);
  },
);

Deno.test("throughput is what comes back, within the time (needs root on Linux)", asRootOnLinux, async () => {
  using prober = EchoProber.open(4) ?? assert.fail("no socket");
  const amount = await prober.measure({ address: address("127.0.0.1"), size: 1400 }, 100);
  assert.ok(amount !== undefined && amount.bytes > 0 && amount.milliseconds >= 100);
});
