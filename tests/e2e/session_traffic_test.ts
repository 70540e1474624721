import assert from "node:assert/strict";
import { ping } from "../topology/ping.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, SESSION, SessionPair } from "../topology/session_pair.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

for (const cipher of ["libcrypto", "wasm"] as const) {
  for (const offload of [true, false]) {
    networkTest(
      `an accessor's data plane and a server's, ${cipher}, offload ${offload}`,
      {},
      async (network, t) => {
        const { mac, vm } = network;
        await using pair = await SessionPair.start(network, { cipher, offload });
        const { server, accessor } = pair;

        await t.step("echoes of all sizes come back", async () => {
          for (const packetSize of [44, 45, 59, 60, 61, 100, 1399, 1400]) {
            const { received, text } = await ping(vm, SERVER_VIRTUAL_ADDRESS, { packetSize });
            assert.equal(received, 1, `${packetSize} octets: ${text}`);
          }
          const { received } = await ping(mac, ACCESSOR_VIRTUAL_ADDRESS, { packetSize: 1400 });
          assert.equal(received, 1);
        });

        await t.step("transfers both ways arrive unchanged", async () => {
          await Promise.all([
            transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: vm, bytes: 20_000_000 }),
            transfer({ from: vm, address: ACCESSOR_VIRTUAL_ADDRESS, to: mac, bytes: 20_000_000, port: 5601 }),
          ]);
        });

        await t.step("nothing is dropped, and both sides count the same", async () => {
          const [theirs, ours] = [await server.report(SESSION), await accessor.report()];
          assert.equal(theirs.facts.dropped, 0, JSON.stringify(theirs.counters));
          assert.equal(ours.facts.dropped, 0, JSON.stringify(ours.counters));
          assert.equal(theirs.facts.receivedPackets, ours.facts.sentPackets);
          assert.equal(theirs.facts.sentBytes, ours.facts.receivedBytes);
          assert.ok(theirs.facts.sentBytes > 20_000_000);
        });

        await t.step("keys are renewed under load", async () => {
          const running = transfer({ from: mac, address: SERVER_VIRTUAL_ADDRESS, to: vm, bytes: 50_000_000 });
          for (let round = 0; round < 10; round++) {
            const { serverIndex } = await pair.rekey();
            await server.waitForReport(
              "the server sends on the new keys",
              ({ facts }) => facts.currentIndex === serverIndex,
              SESSION,
            );
          }
          await running;
          assert.deepEqual((await server.report(SESSION)).facts.dropped, 0);
        });
      },
    );
  }
}
