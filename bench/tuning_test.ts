import assert from "node:assert/strict";
import {
  describeInequality,
  describeLinks,
  describeTuning,
  type Link,
  parseAllowedProcessors,
  parseLinks,
  parseSockets,
} from "./tuning.ts";

/** From `ip -json link` of iproute2 6.1. */
const LINKS = JSON.stringify([
  { ifindex: 1, ifname: "lo", mtu: 65536, qdisc: "noqueue", txqlen: 1000 },
  { ifindex: 2, ifname: "connector0", mtu: 1400, qdisc: "fq_codel", txqlen: 1000 },
  { ifindex: 3, ifname: "veth0", mtu: 1500, qdisc: "noqueue" },
]);

Deno.test("interfaces come with MTU and queue, the loopback one does not", () => {
  assert.deepEqual(parseLinks(LINKS), [
    { name: "connector0", mtu: 1400, txQueueLength: 1000 },
    { name: "veth0", mtu: 1500, txQueueLength: null },
  ]);
});

Deno.test("each interface is named with its subject and its end", async () => {
  const asked: string[] = [];
  const place = (json: string) => ({
    exec: (argv: readonly string[]) => (asked.push(argv.join(" ")), Promise.resolve(json)),
  });
  const links = await describeLinks([{ subject: "VXLAN", network: { mac: place(LINKS), vm: place("[]") } }]);
  assert.deepEqual(asked, ["ip -json link", "ip -json link"]);
  assert.deepEqual(links[0], {
    subject: "VXLAN",
    end: "mac",
    name: "connector0",
    mtu: 1400,
    txQueueLength: 1000,
  });
  assert.equal(links.length, 2);
});

Deno.test("the processors that a process may run on are read", () => {
  assert.equal(
    parseAllowedProcessors("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1,4\nMems:\t1\n"),
    "0-1,4",
  );
  assert.throws(() => parseAllowedProcessors("Name:\tx\n"), /Cpus_allowed_list/);
});

Deno.test({
  name: "buffers, processors, governor and Deno of this machine are told (needs Linux)",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { socketBuffers, processors, governor, deno } = await describeTuning();
    assert.ok(Object.values(socketBuffers).every((bytes) => Number.isInteger(bytes) && bytes > 0));
    assert.equal(processors.isPinned, processors.allowed !== processors.online);
    assert.ok(governor === null || /^\w+$/.test(governor), `${governor}`);
    assert.equal(deno, Deno.version.deno);
  },
});

/** From `ss -H -u -a -n -m` of iproute2 6.1. */
const SOCKETS = [
  "UNCONN 0      0            0.0.0.0:2511       0.0.0.0:*    ",
  "\t skmem:(r0,rb16777216,t0,tb8388608,f0,w0,o0,bl0,d0) ",
  "UNCONN 0      0               [::]:51820         [::]:*    ",
  "\t skmem:(r0,rb212992,t0,tb212992,f4096,w0,o0,bl0,d7) ",
].join("\n");

Deno.test("the buffers of sockets are read", () => {
  assert.deepEqual(parseSockets(SOCKETS), [
    { port: 2511, receive: 16777216, send: 8388608 },
    { port: 51820, receive: 212992, send: 212992 },
  ]);
});

Deno.test("what is not equal is said, with the numbers of each tunnel", () => {
  const [one, other] = parseSockets(SOCKETS);
  const sockets = [{ subject: "a", end: "mac", ...one }, { subject: "b", end: "vm", ...other }] as Parameters<
    typeof describeInequality
  >[1];
  const link = (subject: string, name: string, txQueueLength: number): Link => ({
    ...{ subject, end: "mac", name, mtu: 1400, txQueueLength },
  });
  const equal = describeInequality([link("a", "connector0", 1000), link("b", "wg0", 1000)], sockets);
  assert.match(
    equal,
    /a 16 MiB and 8 MiB; b 0\.2 MiB and 0\.2 MiB; the tunnels' queues are equal, 1000 packets$/,
  );
  const unequal = describeInequality([link("a", "connector0", 1000), link("b", "wg0", 500)], sockets);
  assert.match(unequal, /queues are a 1000, b 500 packets$/);
});
