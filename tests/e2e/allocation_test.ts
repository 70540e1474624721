import assert from "node:assert/strict";
import { COLLECTIONS, collections, LOAD, traced, WARM_UP } from "../topology/garbage.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, type Tunnel } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";

async function packets(tunnel: Tunnel): Promise<number> {
  const counters = (await tunnel.server.status())?.counters;
  return (counters?.inbound.packets ?? 0) + (counters?.outbound.packets ?? 0);
}

for (const [title, args] of [["with offloads", []], ["without offloads", ["--no-offload"]]] as const) {
  tunnelTest(
    `packets leave no garbage, ${title}`,
    {
      serverWrapper: traced("server/main.ts"),
      clientWrapper: traced("client/main.ts"),
      serverArgs: args,
      clientArgs: args,
    },
    async ({ network, tunnel }) => {
      const { mac } = network;
      const { namespace, address } = network.container();
      const bothWays = async (bytes: number) => {
        await transfer({ from: namespace, address, to: mac, bytes });
        await transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, bytes });
      };
      const processes = [tunnel.server.process, tunnel.client.process];

      await bothWays(WARM_UP);
      const packetsBefore = await packets(tunnel);
      const before = processes.map(collections);
      assert.ok(
        before.every((count) => count > 0),
        "a start without any collection would not have been traced",
      );
      await bothWays(LOAD);
      const during = processes.map((process, index) => collections(process) - (before[index] ?? 0));
      const carried = await packets(tunnel) - packetsBefore;
      console.log(`${carried} packets, collections at server and client: ${during.join(", ")}`);
      assert.ok(carried > 2 * LOAD / 1400);
      assert.ok(Math.max(...during) <= COLLECTIONS, processes.map(({ stdout }) => stdout.tail()).join("\n"));
    },
  );
}
