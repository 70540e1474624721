/** Large packets of a server without offload, as every Mac is: its MTU follows the path. */
import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { addIpv6, IPV6_SUBNET } from "../topology/ipv6.ts";
import { ping } from "../topology/ping.ts";
import { SERVER_INTERFACE } from "../topology/server_side.ts";
import { Transfer, transfer } from "../topology/transfer.ts";
import { defaultConfig, SERVER_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS_6 } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const BYTES = 50_000_000;
const LONG = 16_000;
const SHORT = 1400;
/** A container's own MTU: what is longer has to be cut on its way there. */
const CONTAINER_MTU = 1500;

networkTest("a server without offload", { containers: [1] }, async (network, t) => {
  const { mac } = network;
  const { namespace, address } = network.container();
  const address6 = await addIpv6(network);
  const routes = `${defaultConfig(network)}route ${IPV6_SUBNET}\n`;
  await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
  await scene.startServer({ config: `${routes}path engine\n`, serverArgs: ["--no-offload"] });
  const { server } = scene;
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));

  /** Waits until packets go by the path, and the interface has its MTU. */
  const usePath = async (path: "engine" | "udp", mtu: number) => {
    await Deno.writeTextFile(scene.configFile, `${routes}path ${path}\n`);
    await server.waitForStatus(
      `packets go by ${path}`,
      ({ paths, interface: device }) => paths.inUse === path && device.mtu === mtu,
      15_000,
    );
    assert.match(await mac.ip("-o", "link", "show", SERVER_INTERFACE), new RegExp(` mtu ${mtu} `));
  };
  const engineCounts = ({ paths }: ServerStatus) =>
    paths.list.find(({ kind }) => kind === "engine") ?? assert.fail("there is no engine path");
  /** Bytes of a packet on the engine path while `body` runs, on the average: sent, then received. */
  const packetSizes = async (body: () => Promise<unknown>) => {
    const before = engineCounts(await server.status() ?? assert.fail());
    await body();
    const after = engineCounts(await server.status() ?? assert.fail());
    return (["sent", "received"] as const).map((way) => {
      const [then, now] = [before[way], after[way]];
      assert.ok(then !== undefined && now !== undefined);
      return Math.round((now.bytes - then.bytes) / (now.packets - then.packets));
    });
  };

  await step("its MTU is long on the engine path", async () => {
    await usePath("engine", LONG);
    await server.waitForStatus(
      "the client has described itself",
      ({ client }) => client?.version !== undefined,
    );
    // The first echo tells that the client has applied what the server said.
    const echo = await ping(mac, address, { count: 1, packetSize: CONTAINER_MTU });
    assert.equal(echo.received, 1, echo.text);
  });

  for (
    const [version, container, desktop] of [
      [4, address, SERVER_VIRTUAL_ADDRESS],
      [6, address6, SERVER_VIRTUAL_ADDRESS_6],
    ] as const
  ) {
    await step(`IPv${version}: streams go in long packets to a container`, async () => {
      const [sent = 0] = await packetSizes(() =>
        transfer({ from: mac, address: desktop, to: namespace, bytes: BYTES })
      );
      console.log(`  IPv${version}: ${sent} bytes a packet to the container`);
      assert.ok(sent > LONG / 2, `${sent} bytes a packet`);
    });

    await step(`IPv${version}: streams go in long packets from a container`, async () => {
      const [, received = 0] = await packetSizes(() =>
        transfer({ from: namespace, address: container, to: mac, bytes: BYTES })
      );
      console.log(`  IPv${version}: ${received} bytes a packet from the container`);
      assert.ok(received > LONG / 2, `${received} bytes a packet`);
    });
  }

  await step("connections of each path go on by the other one", async () => {
    const down = { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace };
    const up = { from: namespace, address, to: mac };
    const rate = 20_000_000;
    await using first = await Transfer.start({ ...down, bytes: 5 * rate, rate });
    await using second = await Transfer.start({ ...up, bytes: 5 * rate, rate, port: 5601 });
    await usePath("udp", SHORT);
    await using third = await Transfer.start({ ...down, bytes: 2 * rate, rate, port: 5602 });
    await usePath("engine", LONG);
    assert.ok(first.running && second.running && third.running, "they ended before the switch");
    const gaps = [];
    for (const running of [first, second, third]) gaps.push((await running.finish()).longestGapMs);
    console.log(
      `  the longest gaps: ${gaps.join(", ")} ms; too long: ${
        (await server.status())?.counters.drops.tooLong
      }`,
    );
    assert.ok(Math.max(...gaps) < 2_000, gaps.join());
  });

  // Last, because the desktop remembers the answer.
  await step("a longer echo is answered by the machine that it does not fit through", async () => {
    const tooLong = await ping(mac, address, { packetSize: CONTAINER_MTU + 1 });
    assert.match(tooLong.text, /message too long|Frag(mentation)? needed/i);
  });
}, DEFAULT_ENGINE.needs);
