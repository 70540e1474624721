import assert from "node:assert/strict";
import { PACKET_THREAD_NICE } from "../../ffi/libc/libc_linux.ts";
import { niceValues } from "../topology/nice_values.ts";
import { ping } from "../topology/ping.ts";
import { isDarwinServer, SERVER_INTERFACE } from "../topology/server_side.ts";
import { transfer } from "../topology/transfer.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const HUNDRED_MEGABYTES = 100_000_000;

tunnelTest("traffic passes both ways", { containers: [1, 1] }, async ({ network, tunnel, step }) => {
  const { mac, vm, folder } = network;
  const first = network.container(0);
  const second = network.container(1);

  await step("the desktop fetches a page from a container's address", async () => {
    await using _server = await servePage(first.namespace, folder, "from the container");
    assert.equal(await fetchPage(mac, first.address), "from the container");
  });

  await step("a container fetches a page from the desktop's virtual address", async () => {
    await using _server = await servePage(mac, folder, "from the desktop");
    assert.equal(await fetchPage(second.namespace, SERVER_VIRTUAL_ADDRESS), "from the desktop");
  });

  await step("every echo is answered in every direction", async () => {
    const pairs = [
      [mac, first.address],
      [mac, second.address],
      [mac, CLIENT_VIRTUAL_ADDRESS],
      [vm, SERVER_VIRTUAL_ADDRESS],
      [first.namespace, SERVER_VIRTUAL_ADDRESS],
      [second.namespace, SERVER_VIRTUAL_ADDRESS],
    ] as const;
    const results = await Promise.all(pairs.map(([from, address]) => ping(from, address, { count: 10 })));
    for (const { received, text } of results) assert.equal(received, 10, text);
  });

  await step("the threads that carry packets run before others, and no other thread does", async () => {
    // macOS has no nice value for a single thread.
    const ends = isDarwinServer ? [tunnel.client] : [tunnel.server, tunnel.client];
    for (const { process: { pid } } of ends) {
      const threads = await niceValues(pid);
      const preferred = threads.filter(({ nice }) => nice === PACKET_THREAD_NICE);
      assert.deepEqual(preferred.map(({ name }) => name), ["worker-1"]);
      assert.ok(threads.every(({ nice }) => nice === PACKET_THREAD_NICE || nice === 0));
    }
  });

  await step("100 MB from a container arrive unchanged", async () => {
    const result = await transfer({
      from: first.namespace,
      address: first.address,
      to: mac,
      bytes: HUNDRED_MEGABYTES,
    });
    assert.equal(result.bytes, HUNDRED_MEGABYTES);
  });

  await step("100 MB to a container arrive unchanged", async () => {
    const result = await transfer({
      from: mac,
      address: SERVER_VIRTUAL_ADDRESS,
      to: first.namespace,
      bytes: HUNDRED_MEGABYTES,
    });
    assert.equal(result.bytes, HUNDRED_MEGABYTES);
  });

  await step("both counted what passed", async () => {
    const server = await tunnel.server.waitForStatus(
      "the server has counted 100 MB each way",
      ({ counters }) =>
        counters.inbound.bytes > HUNDRED_MEGABYTES && counters.outbound.bytes > HUNDRED_MEGABYTES,
    );
    const client = await tunnel.client.waitForStatus(
      "the client has counted 100 MB each way",
      ({ counters }) =>
        counters.inbound.bytes > HUNDRED_MEGABYTES && counters.outbound.bytes > HUNDRED_MEGABYTES,
    );
    assert.ok(server.counters.inbound.packets > HUNDRED_MEGABYTES / 1400);
    assert.ok(client.counters.inbound.packets > HUNDRED_MEGABYTES / 1400);
  });

  await step("a packet to an address of no container is no harm", async () => {
    assert.equal((await ping(mac, "172.20.9.9")).received, 0);
    assert.ok(await tunnel.works());
  });
});

const WITHOUT_IPV6 = { config: "addr6 off\nroute 172.20.0.0/16\n" };

tunnelTest("IPv6 that is off is dropped and counted", WITHOUT_IPV6, async ({ network, tunnel, step }) => {
  await step("at the desktop's interface", async () => {
    const before = (await tunnel.server.status())?.counters.drops["ipv6Off"] ?? 0;
    await network.mac.ip("-6", "addr", "replace", "fd00:251::2/64", "dev", SERVER_INTERFACE, "nodad");
    await network.mac.run(["ping", "-6", "-n", "-i", "0.1", "-c", "5", "-w", "2", "fd00:251::1"]);
    await tunnel.server.waitForStatus(
      "the server has counted IPv6 packets",
      (status) => (status.counters.drops["ipv6Off"] ?? 0) >= before + 5,
    );
  });
  await step("at the machine's interface", async () => {
    const before = (await tunnel.client.status())?.counters.drops["ipv6Off"] ?? 0;
    await network.vm.ip("-6", "addr", "replace", "fd00:251::1/64", "dev", "connector0", "nodad");
    await network.vm.run(["ping", "-6", "-n", "-i", "0.1", "-c", "5", "-w", "2", "fd00:251::2"]);
    await tunnel.client.waitForStatus(
      "the client has counted IPv6 packets",
      (status) => (status.counters.drops["ipv6Off"] ?? 0) >= before + 5,
    );
  });
  await step("while IPv4 goes on", async () => {
    assert.ok(await tunnel.works());
  });
});
