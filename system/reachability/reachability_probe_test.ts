import assert from "node:assert/strict";
import { openIcmpSocket } from "../../ffi/icmp/icmp_socket.ts";
import { openLibc } from "../../ffi/libc/libc.ts";
import { linuxLibc } from "../../ffi/libc/libc_linux.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { startConnecting } from "../../ffi/tcp/connect_attempt.ts";
import { address } from "../../tests/literals.ts";
import { kernelRoute } from "./kernel_route.ts";
import { ReachabilityProbe } from "./reachability_probe.ts";

// Opened for the thread's life, so not by a test.
if (Deno.build.os === "linux") {
  linuxLibc();
  const data = new Uint8Array(8);
  for (const family of [4, 6] as const) {
    (await openIcmpSocket(family, { identifier: 1, data }).catch(() => {}))?.[Symbol.dispose]();
  }
  startConnecting({ address: address("127.0.0.1"), port: 9 })[Symbol.dispose]();
}

const LOOPBACK = [address("127.0.0.1"), address("127.9.9.9"), address("::1")];

/** A namespace with its loopback alone. */
function machine(): PrivateNetwork {
  const network = new PrivateNetwork();
  network.ip("link set lo up");
  return network;
}

Deno.test(
  "addresses that answer echo requests are told at once (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using _network = machine();
    using probe = new ReachabilityProbe();
    const asked = LOOPBACK.map((one) => ({ address: one, port: undefined }));
    for (let round = 0; round < 3; round++) assert.deepEqual(await probe.ask(asked), [true, true, true]);
  },
);

Deno.test(
  "what drops echo requests is asked by TCP, and a refusal is an answer (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using _network = machine();
    using probe = new ReachabilityProbe();
    Deno.writeTextFileSync("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const asked = [{ address: LOOPBACK[0], port }, { address: LOOPBACK[1], port: 81 }, {
      address: LOOPBACK[1],
      port: undefined,
    }];
    assert.deepEqual(await probe.ask(asked), [true, true, true]);
  },
);

Deno.test(
  "what answers nothing, or has no route, does not answer (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = machine();
    using probe = new ReachabilityProbe();
    network.ip("link add eth1 type veth peer name far");
    for (const name of ["eth1", "far"]) network.ip(`link set ${name} up`);
    network.ip("addr add 10.9.0.1/24 dev eth1");
    const asked = ["10.9.0.2", "10.10.0.1", "2001:db8::1", "127.0.0.1"].map((text) => ({
      address: address(text),
      port: 80,
    }));
    assert.deepEqual(await probe.ask(asked), [false, false, false, true]);
  },
);

Deno.test(
  "a call that is under way ends with the disposal (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = machine();
    network.ip("link add eth1 type veth peer name far");
    for (const name of ["eth1", "far"]) network.ip(`link set ${name} up`);
    network.ip("addr add 10.9.0.1/24 dev eth1");
    const probe = new ReachabilityProbe();
    const asking = probe.ask([{ address: address("10.9.0.2"), port: 80 }]);
    const start = performance.now();
    probe[Symbol.dispose]();
    assert.deepEqual(await asking, [false]);
    assert.ok(performance.now() - start < 900);
  },
);

Deno.test(
  "where packets go is told with all rules of the kernel (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = machine();
    network.ip("tuntap add dev connector0 mode tun");
    network.ip("link set connector0 up");
    network.ip("addr add 192.168.251.2 peer 192.168.251.1 dev connector0");
    network.ip("route add 172.20.0.0/16 dev connector0");
    const own = [address("192.168.251.2")];
    const container = address("172.20.0.2");
    assert.deepEqual(await kernelRoute(container, own), { kind: "tunnel" });
    network.ip("link add eth1 type veth peer name far");
    for (const name of ["eth1", "far"]) network.ip(`link set ${name} up`);
    network.ip("addr add 10.9.0.1/24 dev eth1");
    network.ip("route add 172.20.0.0/16 via 10.9.0.2 table 100");
    network.ip("rule add to 172.20.0.0/16 lookup 100");
    assert.deepEqual(await kernelRoute(container, own), { kind: "elsewhere", source: address("10.9.0.1") });
    network.ip("rule add to 172.20.0.0/16 pref 10 prohibit");
    assert.deepEqual(await kernelRoute(container, own), { kind: "refused", state: "permission denied" });
  },
);

/** This process gets no descriptor more until the disposal: setrlimit(2). */
function withoutDescriptors(): Disposable {
  const RLIMIT_NOFILE = 7;
  const parameters = ["i32", "buffer"] as const;
  const libc = openLibc({
    getrlimit: { parameters, result: "i32" },
    setrlimit: { parameters, result: "i32" },
  });
  const { getrlimit, setrlimit } = libc.symbols;
  const before = new BigUint64Array(2);
  getrlimit(RLIMIT_NOFILE, before);
  setrlimit(RLIMIT_NOFILE, BigUint64Array.of(0n, before[1] ?? 0n));
  return {
    [Symbol.dispose]() {
      setrlimit(RLIMIT_NOFILE, before);
      libc.close();
    },
  };
}

Deno.test(
  "where this process has no descriptor left nobody is told to be silent, and all are asked later (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using _network = machine();
    using probe = new ReachabilityProbe();
    const asked = LOOPBACK.map((one) => ({ address: one, port: undefined }));
    {
      using _limit = withoutDescriptors();
      await assert.rejects(probe.ask(asked), /EMFILE \(too many open files in the process\)/);
      await assert.rejects(kernelRoute(LOOPBACK[0], LOOPBACK), /EMFILE/);
    }
    assert.deepEqual(await probe.ask(asked), [true, true, true]);
  },
);
