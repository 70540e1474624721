import assert from "node:assert/strict";
import { type Fault, fault } from "../core/faults/fault_table.ts";
import { summarize } from "../core/faults/summary.ts";
import { configureLog } from "../program/log.ts";
import { FakeClock } from "../tests/fakes/clock.ts";
import { FaultMonitor } from "./fault_monitor.ts";

/** A monitor of facts that are the faults themselves. */
function setUp() {
  const clock = new FakeClock();
  const lines: string[] = [];
  configureLog({
    level: "info",
    format: "text",
    color: false,
    write: (line) => lines.push(line.replace(/^\S+ /, "").trimEnd()),
  });
  const state: { faults: readonly Fault[] } = { faults: [] };
  const monitor = new FaultMonitor({
    facts: () => state,
    load: () =>
      Promise.resolve({
        find: ({ faults }: typeof state) => faults,
        summarize: (_: typeof state, faults) => summarize(faults, "up"),
      }),
    clock,
  });
  return { clock, lines, state, monitor };
}

const silent = (seconds: number) => fault("client.silent", { seconds });

Deno.test("before the rules are loaded the status says that the program starts", async () => {
  const { monitor } = setUp();
  using _monitor = monitor;
  assert.deepEqual(monitor.look(), { summary: "starting", faults: [] });
  await monitor.ready;
  assert.deepEqual(monitor.look(), { summary: "up", faults: [] });
});

Deno.test("a fault is logged once when it shows and once when it is over, though nobody asks", async () => {
  const { clock, lines, state, monitor } = setUp();
  using _monitor = monitor;
  await monitor.ready;
  state.faults = [silent(8)];
  // Seen with the next look after 5 s, shown when it has lasted for 2 s.
  await clock.advance(6_900);
  assert.deepEqual(lines, []);
  await clock.advance(100);
  const { text, remedy } = silent(8);
  assert.deepEqual(lines, [`error fault: fault client.silent: ${text}. ${remedy}`]);
  state.faults = [silent(20)];
  await clock.advance(10_000);
  assert.equal(lines.length, 1);
  assert.match(monitor.look().summary, /20 s/);
  assert.equal(monitor.look().faults[0]?.since, new Date(clock.wallClock() - 12_000).toISOString());
  state.faults = [];
  await clock.advance(5_000);
  assert.deepEqual(lines.slice(1), ['info  fault: fault client.silent is over lasted="17 s"']);
});

Deno.test("a look that fails is logged, and the next one follows", async () => {
  const { clock, lines, state, monitor } = setUp();
  using _monitor = monitor;
  await monitor.ready;
  Object.defineProperty(state, "faults", { get: () => assert.fail("no facts"), configurable: true });
  await clock.advance(9_000);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /cannot look for faults/);
  Object.defineProperty(state, "faults", { value: [silent(8)] });
  await clock.advance(6_000);
  assert.equal(lines.length, 2);
});
