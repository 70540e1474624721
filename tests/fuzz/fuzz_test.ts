/** Each target with its kept inputs and a few thousand that are made of them: what `deno task test:fuzz` does at length. */
import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateText, wordsOf } from "./mutate_text.ts";
import { Random } from "./random.ts";
import { readCorpus } from "./corpus.ts";
import { Finding, runTarget } from "./run_target.ts";
import { runsOf, TARGETS } from "./targets.ts";

/** Inputs of all targets together. The seed is always the same, so that a failure is about the change that was made. */
const TOTALS = { datagrams: 45_000, texts: 8_000 };
const SEED = 1;

// What is refused is logged.
configureLog({ level: "error", format: "text", color: false, write: () => {} });

for (const target of TARGETS) {
  Deno.test(`${target.name}: what holds, holds whatever comes`, async () => {
    const { inputs } = await runTarget(target, { seed: SEED, runs: runsOf(target, TOTALS) });
    assert.ok(inputs > 0);
  });
}

Deno.test("an input that breaks what holds is told with the flags that make it again", async () => {
  const target = {
    name: "server-datagrams",
    kind: "datagrams" as const,
    modules: [],
    share: 1,
    // No kept input has this length.
    open: () => ({ take: (input: Uint8Array) => assert.notEqual(input.length, 3) }),
  };
  const finding = async (runs: number, from: number) => {
    const error = await runTarget(target, { seed: 7, runs, from }).then(() => undefined, (error) => error);
    assert.ok(error instanceof Finding, String(error));
    return error.message.slice(error.message.indexOf("\nagain: "));
  };
  const first = await finding(50_000, 0);
  const [, from = "", runs = ""] = /--from (\d+) --runs (\d+)/.exec(first) ?? [];
  assert.equal(await finding(Number(runs), Number(from)), first);
});

Deno.test("the same seed makes the same inputs, and another one others", () => {
  const kept = readCorpus("server-datagrams").map(({ bytes }) => bytes);
  const texts = readCorpus("config-texts").map(({ bytes }) => new TextDecoder().decode(bytes));
  const words = wordsOf(texts);
  const make = (seed: number) =>
    Array.from({ length: 50 }, (_, index) => {
      const bytes = mutateBytes(kept, new Random(seed, index));
      return bytes.toHex() + mutateText(texts, words, new Random(seed, index));
    });
  assert.deepEqual(make(1), make(1));
  assert.notDeepEqual(make(1), make(2));
  assert.ok(new Set(make(1)).size > 45, "they differ from each other");
});
