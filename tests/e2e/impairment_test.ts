import assert from "node:assert/strict";
import { COMPILER_NEEDS } from "../topology/gate.ts";
import { Impairment } from "../topology/impairment.ts";
import type { Namespace } from "../topology/namespace.ts";
import { Transfer, type TransferOptions } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";

/** Bytes of each of the four transfers. */
const BYTES = 200_000_000;
/** Numbered datagrams that are sent: of these a hundredth is lost and a hundredth comes twice, 50 of each. */
const PROBES = 5_000;

/** Bytes per millisecond that a transfer moves at the least. */
const SLOWEST = 5_000;

/** Segments whose checksum the kernel of a namespace found wrong (proc(5), /proc/net/snmp). */
async function checksumErrors(namespace: Namespace): Promise<number> {
  const table = await namespace.exec(["cat", "/proc/net/snmp"]);
  const [names, values] = table.split("\n").filter((line) => line.startsWith("Tcp:")).map((line) =>
    line.split(" ")
  );
  return Number(values?.[names?.indexOf("InCsumErrors") ?? -1]);
}

async function measured(what: string, options: TransferOptions): Promise<void> {
  await using running = await Transfer.start(options);
  const { bytes, seconds } = await running.finish(options.bytes / SLOWEST);
  assert.equal(bytes, options.bytes);
  console.log(`${what}: ${bytes / 1e6} MB in ${seconds.toFixed(1)} s`);
}

for (
  const [title, args] of [
    ["with offloads", []],
    ["without offloads", ["--no-offload"]],
  ] as const
) {
  networkTest(`a bad network changes no byte of a transfer, ${title}`, {}, async (network, t) => {
    await using impairment = await Impairment.start(network, 20_260_401);
    await using tunnel = await Tunnel.start(network, {
      ...impairment.clientTarget,
      serverArgs: args,
      clientArgs: args,
    });
    const { mac } = network;
    const { namespace, address } = network.container();

    await t.step("from a container", () =>
      withTranscript(tunnel, async () => {
        await measured(`from a container ${title}`, { from: namespace, address, to: mac, bytes: BYTES });
      }));
    await t.step("to a container", () =>
      withTranscript(tunnel, async () => {
        const from = { from: mac, address: SERVER_VIRTUAL_ADDRESS };
        await measured(`to a container ${title}`, { ...from, to: namespace, bytes: BYTES });
      }));
    await t.step("the network was as bad as it should be", async () => {
      // Damage that came as far as the receiver's own check got past every other one.
      assert.ok(await checksumErrors(mac) > 0);
      assert.ok(await checksumErrors(namespace) > 0);
      console.log(`the bad network is ${impairment.kind}`);
      const probe = await impairment.probe(PROBES);
      console.log(`of ${PROBES} datagrams: ${JSON.stringify(probe)}`);
      // Fewer than 20 where 50 are expected are out of the question for chance (one in a million).
      const { lost: missing, duplicated: doubled } = probe;
      assert.ok(Math.min(missing, doubled, probe.reordered) >= 20, JSON.stringify(probe));
      assert.ok(Math.max(missing, doubled) < PROBES / 10, JSON.stringify(probe));
      const counts = await impairment.counts();
      if (counts === undefined) return;
      const { passed, lost, reordered, duplicated, corrupted } = counts;
      console.log(JSON.stringify(counts));
      const seen = passed + lost - duplicated;
      for (
        const [count, share] of [[lost, 0.01], [reordered, 0.05], [duplicated, 0.01], [corrupted, 0.001]]
      ) {
        assert.ok(count > seen * share * 0.7 && count < seen * share * 1.3, JSON.stringify(counts));
      }
    });
  }, COMPILER_NEEDS);
}
