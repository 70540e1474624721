import assert from "node:assert/strict";
import { Transfer } from "../topology/transfer.ts";
import type { Tunnel } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";

const FEW = 10;
const MANY = 10_000;
/** Milliseconds from the write of the file until the last route is active. */
const RELOAD_LIMIT = 2_000;
/** Milliseconds in which no byte of the transfer may fail to arrive; a busy machine alone accounts for a part of it. */
const STALL_LIMIT = 500;
/** Milliseconds that an answer to `status` may take while routes change. */
const ANSWER_LIMIT = 1_000;

/** A config file of so many routes: to the container, and to networks of 100.64.0.0/10 (RFC 6598). */
function configOf(routes: number): string {
  const lines = ["route 172.20.0.0/16"];
  for (let index = 1; index < routes; index++) {
    lines.push(`route 100.${64 + (index >> 8)}.${index & 0xff}.0/24`);
  }
  return lines.join("\n") + "\n";
}

/** Asks for the status until so many routes are active. */
async function routesAre(
  tunnel: Tunnel,
  count: number,
): Promise<{ readonly took: number; readonly longestAnswer: number }> {
  const start = performance.now();
  let longestAnswer = 0;
  for (;;) {
    const asked = performance.now();
    const status = await tunnel.server.status();
    const answered = performance.now();
    longestAnswer = Math.max(longestAnswer, answered - asked);
    const active = status?.routes.filter(({ state }) => state === "active").length;
    if (active === count && status?.routes.length === count) return { took: answered - start, longestAnswer };
    assert.ok(answered - start < 5 * RELOAD_LIMIT, `${active} of ${count} routes are active`);
  }
}

const kernelRoutes = async ({ network }: Tunnel) =>
  (await network.mac.ip("route", "show", "dev", "connector0", "proto", "static")).split("\n").length;

tunnelTest(
  `${MANY} routes are there from the start, and come and go while a transfer runs`,
  { config: configOf(MANY) },
  async ({ network, tunnel, step }) => {
    const { mac } = network;
    const { namespace, address } = network.container();
    const { stderr } = tunnel.server.process;

    await step("they are there when the server says that it is up", async () => {
      await stderr.waitFor(/tunnel is up/);
      const [added, up] = [/routes added/, /tunnel is up/].map((text) =>
        stderr.lines.findIndex((line) => text.test(line))
      );
      assert.ok(added !== undefined && up !== undefined && added >= 0 && added < up, stderr.tail());
      assert.equal(await kernelRoutes(tunnel), MANY);
      const status = await tunnel.server.status();
      assert.equal(status?.routes.length, MANY);
      const took = Date.parse(stderr.lines[up]?.split(" ")[0] ?? "") - Date.parse(status.startedAt);
      console.log(`${MANY} routes ${took} ms after the start`);
      assert.ok(took < RELOAD_LIMIT, `it took ${took} ms`);
    });

    await using running = await Transfer.start({
      from: namespace,
      address,
      to: mac,
      bytes: 70_000_000,
      rate: 10_000_000,
    });
    for (const count of [FEW, MANY, FEW]) {
      await step(`${count} routes after a reload`, async () => {
        await Deno.writeTextFile(tunnel.configFile, configOf(count));
        const { took, longestAnswer } = await routesAre(tunnel, count);
        console.log(
          `${count} routes after ${took.toFixed()} ms, longest status answer ${longestAnswer.toFixed()} ms`,
        );
        assert.equal(await kernelRoutes(tunnel), count);
        assert.ok(took < RELOAD_LIMIT, `it took ${took} ms`);
        assert.ok(longestAnswer < ANSWER_LIMIT, `status took ${longestAnswer} ms`);
        assert.ok(running.running, "the transfer ended");
      });
    }
    await step("the transfer never stood still", async () => {
      const { bytes, longestGapMs } = await running.finish();
      console.log(`longest gap of the transfer ${longestGapMs.toFixed()} ms`);
      assert.equal(bytes, 70_000_000);
      assert.ok(longestGapMs < STALL_LIMIT, `no byte arrived for ${longestGapMs} ms`);
    });
  },
);
