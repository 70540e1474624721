/** What the running programs have left of root's rights, by the kernel's word. */
import assert from "node:assert/strict";
import { CAPABILITY, type Capability } from "../../ffi/libc/privileges_linux.ts";
import { startAccessor } from "../topology/accessor.ts";
import { ping } from "../topology/ping.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";

/** What docs/internals/privileges.md says that each program keeps. */
const KEPT = {
  "docker-connector": ["NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW", "DAC_OVERRIDE", "SYS_NICE"],
  "docker-connector-client": ["NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW", "MKNOD", "SYS_NICE"],
  "docker-accessor": ["NET_ADMIN", "DAC_OVERRIDE", "SYS_NICE"],
} as const satisfies Readonly<Record<string, readonly Capability[]>>;

/** Each thread's sets of capabilities, and whether it may gain more. */
async function rightsOf(pid: number): Promise<Set<string>> {
  const rights = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    // A thread may end between the two looks.
    const status = await Deno.readTextFile(`/proc/${pid}/task/${name}/status`).catch(() => "");
    const lines = [...status.matchAll(/^(Cap\w+|NoNewPrivs):\s+(\S+)$/gm)];
    if (lines.length > 0) rights.add(lines.map(([, field, value]) => `${field} ${value}`).join(" "));
  }
  return rights;
}

function expected(kept: readonly Capability[]): string {
  const set = kept.reduce((bits, name) => bits | 1n << BigInt(CAPABILITY[name]), 0n).toString(16).padStart(
    16,
    "0",
  );
  const none = "0".repeat(16);
  return `CapInh ${none} CapPrm ${set} CapEff ${set} CapBnd ${set} CapAmb ${none} NoNewPrivs 1`;
}

sharingTest(
  "root's rights are given up but for those that are needed",
  {},
  async ({ network, tunnel, step }) => {
    const { server, client } = tunnel;
    await using accessor = await startAccessor({ network, lan: network.lan(), token: ANNA.token });
    const programs = {
      "docker-connector": server.process,
      "docker-connector-client": client.process,
      "docker-accessor": accessor.process,
    };
    for (const [name, { pid, argv }] of Object.entries(programs)) {
      const kept = KEPT[name as keyof typeof KEPT];
      await step(`${name}: in every thread, for good`, async () => {
        assert.deepEqual(await rightsOf(pid), new Set([expected(kept)]));
        assert.match(await Deno.readTextFile(`/proc/${pid}/limits`), /^Max core file size +0 +0 /m);
      });
      await step(`${name}: it is the process that was started, with its arguments`, async () => {
        const words = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0").slice(0, -1);
        const own = argv.slice(argv.indexOf("run"));
        assert.deepEqual(words.slice(-own.length), own);
      });
    }
    await step("and packets pass", async () => {
      assert.ok(await tunnel.works());
      assert.ok(
        (await ping(network.lan().namespace, network.container().address, { count: 3 })).received > 0,
      );
    });
  },
);
