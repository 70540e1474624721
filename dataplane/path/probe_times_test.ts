import assert from "node:assert/strict";
import { Arena } from "../../core/memory/arena.ts";
import { isProbe, PROBE_LENGTH, probeFlags, probeToken } from "../../core/protocol/probe.ts";
import type { CarriedPath, Path } from "./path.ts";
import { ProbeTimes } from "./probe_times.ts";

/** Probes over two paths that the test plays. */
function openTimes() {
  const arena = new Arena(new ArrayBuffer(4096), 0);
  const found: [CarriedPath, boolean][] = [];
  const sent: { readonly path: CarriedPath; readonly flags: number; readonly token: number }[] = [];
  const times = new ProbeTimes(arena, (path, milliseconds) => void found.push([path, milliseconds >= 0]));
  const pathOf = (kind: CarriedPath) =>
    ({
      kind,
      sendProbe: (at: number) => {
        assert.ok(isProbe(arena.u8, at, PROBE_LENGTH));
        sent.push({ path: kind, flags: probeFlags(arena.u8, at), token: probeToken(arena.u8, at) });
      },
    }) as unknown as Path;
  return { times, found, sent, udp: pathOf("udp"), engine: pathOf("engine") };
}

Deno.test("an answer counts once, on the path on which the question went", () => {
  const { times, found, sent, udp, engine } = openTimes();
  times.send(udp, true);
  times.send(engine, false);
  assert.deepEqual(sent.map(({ path, flags }) => [path, flags]), [["udp", 2], ["engine", 0]]);
  for (let count = 0; count < 2; count++) times.onAnswer("udp", sent[0]?.token ?? 0);
  assert.deepEqual(found, [["udp", true]]);
  times.onAnswer("engine", sent[1]?.token ?? 0);
  assert.deepEqual(found, [["udp", true], ["engine", true]]);
});

Deno.test("an answer that nobody waits for, and one to an earlier probe, count for nothing", () => {
  const { times, found, sent, udp } = openTimes();
  times.onAnswer("udp", 0);
  times.onAnswer("engine", 1);
  times.send(udp, false);
  times.send(udp, false);
  const [first, second] = sent.map(({ token }) => token);
  assert.notEqual(first, second);
  times.onAnswer("udp", first ?? 0);
  times.onAnswer("udp", (second ?? 0) + 1);
  assert.deepEqual(found, []);
  times.onAnswer("udp", second ?? 0);
  assert.deepEqual(found, [["udp", true]]);
});
