import assert from "node:assert/strict";
import { EchoSocket } from "../../ffi/icmp/sized_echo.ts";
import { linuxLibc } from "../../ffi/libc/libc_linux.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { address } from "../../tests/literals.ts";
import { SizeProbe } from "./size_probe.ts";

if (Deno.build.os === "linux") linuxLibc();
// Its library stays for the life of the thread too.
if (!asRootOnLinux.ignore) EchoSocket.open(4)[Symbol.dispose]();

Deno.test(
  "a packet of a size passes, is lost, or cannot be sent (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = new PrivateNetwork();
    using probe = new SizeProbe();
    network.ip("link set lo up");
    network.ip("link add eth1 type veth peer name far");
    for (const name of ["eth1", "far"]) network.ip(`link set ${name} up`);
    network.ip("addr add 10.9.0.1/24 dev eth1");
    network.ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth1");
    const loopback = address("127.0.0.1");
    assert.equal(await probe.ask(loopback, 16_000), "answered");
    assert.equal(await probe.ask(address("10.9.0.2"), 1400), "missed");
    assert.equal(await probe.ask(address("10.9.0.2"), 1600), undefined);
    assert.equal(await probe.search(loopback, 16_000), "answered");
    assert.equal(await probe.search(address("10.9.0.2"), 1400), "mute");
  },
);

Deno.test("a question ends with the disposal (needs root on Linux)", asRootOnLinux, async () => {
  using network = new PrivateNetwork();
  network.ip("link set lo up");
  const probe = new SizeProbe();
  const asking = probe.ask(address("127.0.0.1"), 84);
  probe[Symbol.dispose]();
  assert.equal(await asking, undefined);
});
