import assert from "node:assert/strict";
import { describeLinks, describeTuning, parseAllowedProcessors, parseLinks } from "./tuning.ts";

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
