import assert from "node:assert/strict";
import { COLLECTIONS, collections, LOAD, tracedRuntimes, WARM_UP } from "../topology/garbage.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, SESSION, SessionPair } from "../topology/session_pair.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const CASES = [["libcrypto", true], ["libcrypto", false], ["wasm", true]] as const;

for (const runtime of tracedRuntimes()) {
  for (const [cipher, offload] of CASES) {
    networkTest(
      `sessions' packets leave no garbage, ${cipher}, offload ${offload}, deno ${runtime.version}`,
      {},
      async (network) => {
        const { mac, vm } = network;
        const argv = await runtime.traced("tests/topology/programs/session_end.ts");
        await using pair = await SessionPair.start(network, { cipher, offload, argv });
        const bothWays = async (bytes: number) => {
          await transfer({ from: vm, address: ACCESSOR_VIRTUAL_ADDRESS, to: mac, bytes });
          await transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: vm, bytes });
        };
        const processes = [pair.server.process, pair.accessor.process];
        const packets = async () => {
          const { facts } = await pair.server.report(SESSION);
          return facts.receivedPackets + facts.sentPackets;
        };

        await bothWays(WARM_UP);
        const packetsBefore = await packets();
        const before = processes.map(collections);
        assert.ok(
          before.every((count) => count > 0),
          "a start without any collection would not have been traced",
        );
        await bothWays(LOAD);
        const during = processes.map((process, index) => collections(process) - (before[index] ?? 0));
        const carried = await packets() - packetsBefore;
        console.log(`${carried} packets, collections at server and accessor: ${during.join(", ")}`);
        assert.ok(carried > 2 * LOAD / 1400);
        assert.ok(
          Math.max(...during) <= COLLECTIONS,
          processes.map(({ stdout }) => stdout.tail()).join("\n"),
        );
      },
    );
  }
}
