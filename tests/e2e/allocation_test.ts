import assert from "node:assert/strict";
import { COLLECTIONS, collections, LOAD, tracedRuntimes, WARM_UP } from "../topology/garbage.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";

async function packets(tunnel: Tunnel): Promise<number> {
  const counters = (await tunnel.server.status())?.counters;
  return (counters?.inbound.packets ?? 0) + (counters?.outbound.packets ?? 0);
}

const OFFLOADS = [["with offloads", []], ["without offloads", ["--no-offload"]]] as const;

for (const runtime of tracedRuntimes()) {
  for (const [title, args] of OFFLOADS) {
    networkTest(`packets leave no garbage, ${title}, deno ${runtime.version}`, {}, async (network) => {
      await using tunnel = await Tunnel.start(network, {
        serverWrapper: await runtime.traced("server/main.ts"),
        clientWrapper: await runtime.traced("client/main.ts"),
        serverArgs: args,
        clientArgs: args,
      });
      const { mac } = network;
      const { namespace, address } = network.container();
      const bothWays = async (bytes: number) => {
        await transfer({ from: namespace, address, to: mac, bytes });
        await transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, bytes });
      };
      const processes = [tunnel.server.process, tunnel.client.process];

      await withTranscript(tunnel, async () => {
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
        assert.ok(
          Math.max(...during) <= COLLECTIONS,
          processes.map(({ stdout }) => stdout.tail()).join("\n"),
        );
      });
    });
  }
}
