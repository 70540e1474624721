import assert from "node:assert/strict";
import { launchAccessor } from "../topology/accessor.ts";
import { SHARED, sharingTest } from "../topology/shared_tunnel.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const CROWD = 50;
/** Milliseconds in which all have joined: each takes most of a second of one core to start. */
const JOIN_LIMIT = 120_000;
/** Fetches of each accessor. */
const FETCHES = 5;
/** Octets of the page. */
const PAGE = 50_000;

const token = (index: number) => `crowd-${index}-8k3m5n7p9q2r4s6t8v1w3x5y7z`;

/** Kilobytes that a process has for itself alone: what is shared with others of its kind is left out (proc(5), smaps_rollup). */
async function ownMemory(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const value = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB`, "m").exec(text)?.[1]);
  return value("Private_Dirty") + value("Private_Clean");
}

const TOKENS = Array.from(
  { length: CROWD },
  (_, index) => `token ${token(index)} 192.168.251.${10 + index}\n`,
);
const CONFIG = SHARED.routes + SHARED.expose + TOKENS.join("");

sharingTest(
  "fifty accessors at once",
  { lans: CROWD, config: CONFIG },
  async ({ network, step, sharing }) => {
    await using cleanup = new AsyncDisposableStack();
    const start = performance.now();
    const crowd = network.lans.map((lan, index) =>
      cleanup.use(launchAccessor({ network, lan, token: token(index) }))
    );

    await step("all join", async () => {
      // Asking fifty programs for their status again and again would take the time that they need to start.
      await Promise.all(
        crowd.map(({ process }) => process.stderr.waitFor(/routes added/, { deadline: JOIN_LIMIT })),
      );
      console.log(`all have joined after ${Math.round(performance.now() - start)} ms`);
      const { sessions } = await sharing();
      assert.equal(sessions.length, CROWD);
      assert.equal(new Set(sessions.map(({ address }) => address)).size, CROWD);
      const memory = await Promise.all(crowd.map(({ process }) => ownMemory(process.pid)));
      console.log(`own memory at the most ${Math.max(...memory)} kB`);
    });

    await step("each fetches from a container while all others do", async () => {
      const { namespace, address } = network.container();
      const page = "x".repeat(PAGE);
      await using _page = await servePage(namespace, network.folder, page);
      const begin = performance.now();
      await Promise.all(network.lans.map(async (lan) => {
        for (let count = 0; count < FETCHES; count++) {
          assert.equal(await fetchPage(lan.namespace, address), page);
        }
      }));
      console.log(`${CROWD * FETCHES} pages in ${Math.round(performance.now() - begin)} ms`);
      const { sessions } = await sharing();
      assert.ok(sessions.every(({ received, sent }) => received.packets > 0 && sent.bytes > FETCHES * PAGE));
    });
  },
);
