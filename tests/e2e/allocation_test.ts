import assert from "node:assert/strict";
import type { Process } from "../topology/process.ts";
import { transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, type Tunnel } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";

/** Octets of a transfer whose packets may make garbage: the compiler of V8 is still at work. */
const WARM_UP = 150_000_000;
/** Octets of a transfer whose packets may not. */
const LOAD = 500_000_000;
/**
 * With a young generation of 1 MB there is a collection for about every half megabyte that is allocated, so this many
 * in 700,000 packets are 4 octets for each, less than the smallest object. Heartbeats account for one now and then.
 */
const COLLECTIONS = 5;
const V8_FLAGS = "--v8-flags=--trace-gc,--max-semi-space-size=1";

/** Runs the program's source in the place of its binary, with every collection told on standard output at once. */
function traced(main: string): string[] {
  const path = new URL(`../../${main}`, import.meta.url).pathname;
  const script =
    'deno=$1 flags=$2 main=$3; shift 4; exec stdbuf -oL "$deno" run -A --no-check "$flags" "$main" "$@"';
  return ["sh", "-c", script, "sh", Deno.execPath(), V8_FLAGS, path];
}

const collections = ({ stdout }: Process) =>
  stdout.lines.filter((line) => / ms: (?:Scavenge|Mark)/.test(line)).length;

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
