import assert from "node:assert/strict";
import type { PathKind } from "./path_kind.ts";
import { PathSelector } from "./path_selector.ts";
import { PathSimulation } from "./path_simulation_fixture.ts";

const BUSY = { everyMs: 20, isAnswered: true };

/** A simulation in which these paths came up and were measured. */
function measured(...kinds: PathKind[]): PathSimulation {
  const simulation = new PathSimulation();
  simulation.up(...kinds);
  simulation.run(2000);
  return simulation;
}

const pathsOf = ({ switches }: PathSimulation) => switches.map(({ path }) => path);
const lastReason = ({ switches }: PathSimulation) => switches.at(-1)?.reason;

function probesOf({ probes }: PathSimulation, kind: PathKind, since = 0): number[] {
  return probes.filter((probe) => probe.kind === kind && probe.at >= since).map(({ at }) => at);
}

/** Runs until both paths were measured once more. */
function runOneMeasurement(simulation: PathSimulation): void {
  const before = probesOf(simulation, "udp").length;
  for (let step = 0; step < 3_100 && probesOf(simulation, "udp").length < before + 5; step++) {
    simulation.run(100);
  }
  assert.equal(probesOf(simulation, "udp").length, before + 5);
  simulation.run(50);
}

function stateOf({ selector }: PathSimulation, kind: PathKind) {
  const found = selector.states.find((state) => state.kind === kind);
  assert(found !== undefined);
  return found;
}

Deno.test("the first path that is up is used at once, and nothing before that", () => {
  for (const kind of ["direct", "engine", "udp"] as const) {
    const selector = new PathSelector("auto", 0);
    assert.equal(selector.used, undefined);
    assert.equal(selector.nextDeadline, undefined);
    assert.deepEqual(selector.up(kind, 5), [
      { kind: "use", path: kind, reason: "the only path that is up" },
      { kind: "probe", path: kind },
    ]);
  }
});

Deno.test("a path that comes up is measured by five probes 100 ms apart; its round trip is the least answer", () => {
  const simulation = new PathSimulation();
  simulation.up("udp");
  simulation.run(150);
  simulation.paths.udp.roundTripMs = 0.4;
  simulation.run(100);
  simulation.paths.udp.roundTripMs = 0.7;
  simulation.run(5000);
  assert.deepEqual(probesOf(simulation, "udp"), [0, 100, 200, 300, 400]);
  assert.equal(stateOf(simulation, "udp").roundTripMs, 0.4);
});

Deno.test("a path alone needs no ticks once it is measured", () => {
  const simulation = measured("udp");
  assert.equal(simulation.selector.nextDeadline, undefined);
  const preferred = new PathSimulation("udp");
  preferred.up("engine", "udp");
  preferred.run(2000);
  assert.equal(preferred.selector.nextDeadline, undefined);
});

Deno.test("the faster of engine and udp is used when both are measured, whichever came first", () => {
  const first = measured("udp", "engine");
  assert.deepEqual(pathsOf(first), ["udp", "engine"]);
  assert.equal(lastReason(first), "the faster of two: 0.13 ms to 0.52 ms");
  const second = measured("engine", "udp");
  assert.deepEqual(pathsOf(second), ["engine"]);
  assert.equal(second.selector.reason, "the faster of two: 0.13 ms to 0.52 ms");
});

Deno.test("direct is preferred as soon as it has answered, however fast the others are", () => {
  const simulation = new PathSimulation();
  simulation.paths.direct.roundTripMs = 20;
  simulation.up("engine", "udp", "direct");
  simulation.run(10);
  assert.equal(simulation.used, "engine");
  simulation.run(60_000);
  assert.deepEqual(pathsOf(simulation), ["engine", "direct"]);
  assert.equal(lastReason(simulation), "direct needs no tunnel");
});

Deno.test("a direct path that does not answer takes nothing over", () => {
  const simulation = new PathSimulation();
  simulation.paths.direct.works = false;
  simulation.up("udp", "direct");
  simulation.run(60_000);
  assert.deepEqual(pathsOf(simulation), ["udp"]);
  assert.equal(stateOf(simulation, "direct").state, "silent");
});

Deno.test("another path takes over when it is 30 % faster in three measurements in a row", () => {
  const simulation = measured("engine", "udp");
  simulation.paths.udp.roundTripMs = 0.13 * 0.72;
  simulation.run(1_500_000);
  assert.deepEqual(pathsOf(simulation), ["engine"], "not for 28 %");
  simulation.paths.udp.roundTripMs = 0.13 * 0.68;
  runOneMeasurement(simulation);
  runOneMeasurement(simulation);
  assert.deepEqual(pathsOf(simulation), ["engine"], "not for two measurements");
  runOneMeasurement(simulation);
  assert.deepEqual(pathsOf(simulation), ["engine", "udp"]);
  simulation.paths.engine.roundTripMs = 0.01;
  runOneMeasurement(simulation);
  runOneMeasurement(simulation);
  assert.equal(simulation.used, "udp", "not for two measurements back either");
});

Deno.test("one slow measurement in between counts from zero", () => {
  const simulation = measured("engine", "udp");
  for (const roundTripMs of [0.05, 0.05, 0.5, 0.05, 0.05]) {
    simulation.paths.udp.roundTripMs = roundTripMs;
    runOneMeasurement(simulation);
  }
  assert.deepEqual(pathsOf(simulation), ["engine"]);
});

Deno.test("measurements come every 10 s, and every 5 minutes after a minute without a change", () => {
  const simulation = measured("engine", "udp");
  simulation.run(1_500_000);
  const starts = probesOf(simulation, "udp").filter((at, index, all) => at - (all[index - 1] ?? -1000) > 150);
  const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
  assert(pauses.slice(0, 5).every((pause) => pause >= 10_000 && pause < 11_000), pauses.join());
  assert(pauses.slice(7).every((pause) => pause >= 300_000 && pause < 301_000), pauses.join());
});

Deno.test("nothing is measured while the path in use carries packets", () => {
  const simulation = measured("engine", "udp");
  const before = simulation.probes.length;
  simulation.flow(BUSY);
  simulation.run(120_000);
  assert.equal(simulation.probes.length, before);
  simulation.flow(undefined);
  simulation.run(15_000);
  assert(probesOf(simulation, "udp").length > 5);
});

Deno.test("a path that comes up beside a busy one is compared with what the busy one took when it was quiet", () => {
  const simulation = measured("udp");
  simulation.flow(BUSY);
  simulation.run(5000);
  simulation.paths.udp.roundTripMs = 30;
  simulation.up("engine");
  simulation.run(2000);
  assert.equal(lastReason(simulation), "the faster of two: 0.13 ms to 0.52 ms");
});

Deno.test("a path that was never quiet stays in use until it is", () => {
  const simulation = new PathSimulation();
  simulation.flow(BUSY);
  simulation.up("udp", "engine");
  simulation.run(200_000);
  assert.deepEqual(pathsOf(simulation), ["udp"]);
  simulation.flow({ everyMs: 1300, isAnswered: true });
  simulation.run(30_000);
  simulation.flow(undefined);
  simulation.run(12_000);
  assert.deepEqual(pathsOf(simulation), ["udp", "engine"]);
});

Deno.test("a path in use that falls silent under traffic gives way within 1.25 s", () => {
  for (let offset = 0; offset < 500; offset += 50) {
    for (const everyMs of [1, 20, 190]) {
      const simulation = measured("engine", "udp");
      simulation.flow({ everyMs, isAnswered: true });
      simulation.run(3000 + offset);
      simulation.paths.engine.works = false;
      let longest = 0;
      simulation.run(4000, () => longest = Math.max(longest, simulation.silentFor));
      assert.deepEqual(pathsOf(simulation), ["engine", "udp"], `${offset} ${everyMs}`);
      assert.equal(lastReason(simulation), "engine is silent");
      assert(longest >= 750 - everyMs && longest <= 1250 + everyMs, `${offset} ${everyMs}: ${longest}`);
      assert.deepEqual(stateOf(simulation, "engine").state, "silent");
    }
  }
});

Deno.test("a suspected path is probed every 250 ms", () => {
  const simulation = measured("engine", "udp");
  simulation.paths.engine.works = false;
  const start = simulation.now;
  simulation.flow({ everyMs: 20, isAnswered: true });
  simulation.run(2100);
  const probes = probesOf(simulation, "engine", start).filter((at) =>
    at < (simulation.switches.at(-1)?.at ?? 0)
  );
  assert(probes.length >= 3);
  assert(probes.slice(1).every((at, index) => at - (probes[index] ?? 0) === 250), probes.join());
});

Deno.test("traffic in one direction condemns no path that answers probes", () => {
  const simulation = measured("engine", "udp");
  simulation.flow({ everyMs: 20, isAnswered: false });
  simulation.run(600_000);
  assert.deepEqual(pathsOf(simulation), ["engine"]);
});

Deno.test("an idle path in use is probed every 5 s, and its failure noticed within 7", () => {
  const simulation = measured("engine", "udp");
  simulation.run(100_000);
  const start = simulation.now;
  const answered = probesOf(simulation, "engine", start - 60_000);
  assert(
    answered.every((at, index, all) => index === 0 || at - (all[index - 1] ?? 0) <= 5500),
    answered.join(),
  );
  simulation.paths.engine.works = false;
  simulation.run(7100);
  assert.deepEqual(pathsOf(simulation), ["engine", "udp"]);
});

Deno.test("a path that is down gives way at once, and the reason is told", () => {
  const simulation = measured("engine", "udp");
  simulation.down("engine", "the Engine has ended the stream");
  assert.equal(simulation.used, "udp");
  assert.equal(simulation.switches.at(-1)?.at, simulation.now);
  assert.equal(lastReason(simulation), "engine is down: the Engine has ended the stream");
  simulation.down("udp");
  assert.equal(simulation.used, undefined);
  assert.equal(lastReason(simulation), "no path is up");
  simulation.up("engine");
  assert.equal(simulation.used, "engine", "where nothing else is up, it need not recover first");
});

Deno.test("what happened while a path was alone does not condemn it when another one comes up", () => {
  const simulation = new PathSimulation();
  simulation.paths.engine.works = false;
  simulation.up("engine");
  simulation.run(60_000);
  simulation.paths.engine.works = true;
  simulation.up("udp");
  simulation.run(10_000);
  assert.deepEqual(pathsOf(simulation), ["engine"]);
  assert.equal(stateOf(simulation, "engine").roundTripMs, 0.13);
});

Deno.test("with no other path that works a silent one stays in use, and goes on when it answers", () => {
  const simulation = measured("engine", "udp");
  simulation.paths.engine.works = simulation.paths.udp.works = false;
  simulation.flow(BUSY);
  simulation.run(30_000);
  assert.deepEqual(pathsOf(simulation), ["engine"]);
  assert.equal(simulation.selector.reason, "silent, and no other path answers");
  simulation.paths.engine.works = simulation.paths.udp.works = true;
  simulation.run(30_000);
  assert.deepEqual(pathsOf(simulation), ["engine"]);
  assert.equal(simulation.selector.reason, "the faster of two: 0.13 ms to 0.52 ms");
});

Deno.test("where all were silent, the first that answers is used", () => {
  const simulation = measured("engine", "udp");
  simulation.paths.engine.works = simulation.paths.udp.works = false;
  simulation.flow(BUSY);
  simulation.run(30_000);
  simulation.paths.udp.works = true;
  simulation.run(1001);
  assert.deepEqual(pathsOf(simulation), ["engine", "udp"]);
});

Deno.test("a path that was silent is used again after it has answered for 10 s", () => {
  const simulation = measured("engine", "udp");
  simulation.flow({ everyMs: 20, isAnswered: true });
  simulation.paths.engine.works = false;
  simulation.run(20_000);
  simulation.flow(undefined);
  simulation.paths.engine.works = true;
  const back = simulation.now;
  simulation.run(1000);
  assert.deepEqual(stateOf(simulation, "engine"), {
    kind: "engine",
    state: "recovering",
    roundTripMs: 0.13,
    reason: "has to answer for 10 s",
  });
  simulation.run(15_000);
  assert.deepEqual(pathsOf(simulation), ["engine", "udp", "engine"]);
  const delay = (simulation.switches.at(-1)?.at ?? 0) - back;
  assert(delay >= 10_000 && delay < 12_000, `${delay}`);
});

Deno.test("a gap of one probe lets the 10 s start again", () => {
  const simulation = measured("engine", "udp");
  simulation.down("engine");
  simulation.up("engine");
  simulation.run(8000);
  simulation.paths.engine.works = false;
  simulation.run(500);
  simulation.paths.engine.works = true;
  simulation.run(9000);
  assert.equal(simulation.used, "udp");
  simulation.run(3000);
  assert.equal(simulation.used, "engine");
});

Deno.test("a path that is lost three times within a minute has to answer for 60 s", () => {
  const simulation = measured("engine", "udp");
  for (let loss = 0; loss < 3; loss++) {
    assert.equal(simulation.used, "engine");
    simulation.down("engine");
    simulation.up("engine");
    if (loss < 2) simulation.run(13_000);
  }
  simulation.run(59_000);
  assert.equal(simulation.used, "udp");
  assert.equal(stateOf(simulation, "engine").reason, "was lost too often: has to answer for 60 s");
  simulation.run(3000);
  assert.equal(simulation.used, "engine");
});

Deno.test("a silent path that goes down as well was lost once", () => {
  const simulation = measured("engine", "udp");
  for (let loss = 0; loss < 2; loss++) {
    simulation.paths.engine.works = false;
    simulation.run(7100);
    assert.equal(simulation.used, "udp");
    simulation.down("engine");
    simulation.paths.engine.works = true;
    simulation.up("engine");
    simulation.run(13_000);
    assert.equal(simulation.used, "engine", `after loss ${loss}`);
  }
});

Deno.test("a path that is used before it has recovered is measured then", () => {
  const simulation = measured("engine");
  simulation.down("engine");
  simulation.up("engine");
  simulation.run(1000);
  assert.equal(stateOf(simulation, "engine").roundTripMs, 0.13);
});

Deno.test("three losses in more than a minute are no flapping", () => {
  const simulation = measured("engine", "udp");
  for (let loss = 0; loss < 3; loss++) {
    simulation.down("engine");
    simulation.up("engine");
    simulation.run(31_000);
    assert.equal(simulation.used, "engine");
  }
});

Deno.test("after a sleep of the machine no path is condemned for the time that it took", () => {
  for (const flow of [undefined, BUSY]) {
    const simulation = measured("engine", "udp");
    simulation.flow(flow);
    simulation.run(5000);
    simulation.sleep(3_600_000);
    simulation.run(60_000);
    assert.deepEqual(pathsOf(simulation), ["engine"]);
    assert.equal(stateOf(simulation, "udp").state, "standby");
  }
  const suspected = measured("engine", "udp");
  suspected.flow(BUSY);
  suspected.paths.engine.works = false;
  suspected.run(800);
  suspected.sleep(20_000);
  suspected.run(700);
  assert.deepEqual(pathsOf(suspected), ["engine"]);
  suspected.run(800);
  assert.deepEqual(pathsOf(suspected), ["engine", "udp"], "the clock starts again, and runs");
});

Deno.test("a program that was held up for some seconds asks once more before it gives a path up", () => {
  const simulation = measured("engine", "udp");
  simulation.run(20_000);
  simulation.sleep(4000);
  simulation.run(60_000);
  assert.deepEqual(pathsOf(simulation), ["engine"]);
});

Deno.test("with a path set by name no other one is ever used", () => {
  for (const preference of ["direct", "engine", "udp"] as const) {
    const simulation = new PathSimulation(preference);
    const others = (["direct", "engine", "udp"] as const).filter((kind) => kind !== preference);
    simulation.up(...others);
    simulation.run(5000);
    assert.equal(simulation.used, undefined);
    assert.equal(simulation.selector.reason, `${preference} is down: not up yet`);
    simulation.up(preference);
    assert.equal(lastReason(simulation), "set by the configuration");
    simulation.flow(BUSY);
    simulation.paths[preference].works = false;
    simulation.run(60_000);
    simulation.down(preference, "the Engine is gone");
    assert.deepEqual(pathsOf(simulation), [preference, undefined]);
    assert.equal(lastReason(simulation), `${preference} is down: the Engine is gone`);
  }
});

Deno.test("a change of the preference is followed at once", () => {
  const simulation = measured("engine", "udp");
  simulation.prefer("udp");
  assert.equal(simulation.used, "udp");
  assert.equal(stateOf(simulation, "engine").reason, "udp is set by the configuration");
  simulation.run(60_000);
  simulation.prefer("direct");
  assert.equal(simulation.used, undefined);
  simulation.run(60_000);
  simulation.prefer("auto");
  assert.equal(simulation.used, "engine", "the faster one as last measured");
  simulation.run(5000);
  simulation.prefer("udp");
  simulation.run(1000);
  simulation.prefer("auto");
  assert.equal(simulation.used, "udp", "it goes on until the round trips are compared");
  simulation.run(5000);
  assert.equal(simulation.used, "engine");
});

Deno.test("a path that was closed while another one was set does not have to recover", () => {
  const simulation = measured("engine", "udp");
  simulation.prefer("udp");
  simulation.down("engine", "its stream is being closed");
  simulation.run(5000);
  simulation.prefer("auto");
  simulation.up("engine");
  simulation.run(1000);
  assert.equal(simulation.used, "engine");
});

Deno.test("ticks are 250 ms apart while packets move on one of two paths", () => {
  const simulation = measured("engine", "udp");
  simulation.flow(BUSY);
  simulation.run(2000);
  const calm = simulation.ticks.length;
  simulation.run(10_000);
  assert.equal(simulation.ticks.length - calm, 40);
  simulation.paths.engine.works = false;
  simulation.paths.udp.works = false;
  simulation.run(5000);
  const silent = simulation.ticks.length;
  simulation.run(10_000);
  assert(simulation.ticks.length - silent <= 40, "no more than that once nothing works");
});

Deno.test("while nothing moves there are only probes every 5 s and measurements", () => {
  const simulation = measured("engine", "udp");
  simulation.run(120_000);
  const settled = simulation.ticks.length;
  simulation.run(60_000);
  // Eleven probes of the path in use, and one measurement of five probes, whose ticks serve both paths.
  assert(simulation.ticks.length - settled <= 11 + 6, String(simulation.ticks.length - settled));
});

Deno.test("the first packet after a rest that gets no answer moves the traffic after 1 s", () => {
  for (let offset = 0; offset < 5000; offset += 250) {
    const simulation = measured("engine", "udp");
    simulation.run(60_000 + offset);
    assert.equal(simulation.used, "engine");
    simulation.paths.engine.works = false;
    const failedAt = simulation.now;
    simulation.flow({ everyMs: 20, isAnswered: true });
    simulation.run(1100);
    assert.equal(simulation.used, "udp", `${offset}`);
    const took = (simulation.switches.at(-1)?.at ?? 0) - failedAt;
    // What a probe before the packet has waited counts, too.
    assert(took <= 1001, `${offset}: ${took}`);
  }
});

Deno.test("with direct in use, of whose packets nobody tells, ticks go on", () => {
  const simulation = measured("direct", "udp");
  simulation.run(60_000);
  assert.equal(simulation.selector.isResting, false);
});

Deno.test("the status tells of each path what it does and why", () => {
  const simulation = new PathSimulation();
  assert.deepEqual(simulation.selector.states[0], { kind: "direct", state: "down", reason: "not up yet" });
  simulation.down("direct", "the machine has no address of its own");
  simulation.up("engine", "udp");
  assert.equal(stateOf(simulation, "udp").reason, "the round trips are not measured yet");
  assert.equal(stateOf(simulation, "engine").reason, "in use until the round trips are measured");
  simulation.run(2000);
  assert.deepEqual(simulation.selector.states, [
    { kind: "direct", state: "down", reason: "the machine has no address of its own" },
    {
      kind: "engine",
      state: "in-use",
      roundTripMs: 0.13,
      reason: "the faster of two: 0.13 ms to 0.52 ms",
    },
    { kind: "udp", state: "standby", roundTripMs: 0.52, reason: "not faster: 0.52 ms to 0.13 ms" },
  ]);
  simulation.down("udp", "no heartbeat");
  assert.equal(stateOf(simulation, "engine").reason, "the only path that is up");
});

Deno.test("the path of which more is expected is used once it answers, unless the other is three times faster", () => {
  for (const [engineMs, udpMs, used] of [[0.29, 0.1, "engine"], [0.31, 0.1, "udp"]] as const) {
    const simulation = new PathSimulation();
    simulation.paths.engine.roundTripMs = engineMs;
    simulation.paths.udp.roundTripMs = udpMs;
    simulation.up("udp");
    simulation.run(2000);
    simulation.up("engine");
    simulation.expect("engine");
    simulation.run(50);
    assert.equal(simulation.used, "engine");
    assert.match(lastReason(simulation) ?? "", /network in user space/);
    simulation.run(60_000);
    assert.equal(simulation.used, used);
  }
});

Deno.test("after the first comparison that takes three measurements in a row, in which 30 % less counts", () => {
  const simulation = new PathSimulation();
  simulation.up("engine", "udp");
  simulation.expect("engine");
  simulation.run(2000);
  simulation.paths.udp.roundTripMs = simulation.paths.engine.roundTripMs * 0.7 / 3 + 0.001;
  for (let count = 0; count < 5; count++) runOneMeasurement(simulation);
  assert.equal(simulation.used, "engine");
  simulation.paths.udp.roundTripMs = simulation.paths.engine.roundTripMs * 0.7 / 3 - 0.001;
  for (let count = 0; count < 2; count++) runOneMeasurement(simulation);
  assert.equal(simulation.used, "engine");
  runOneMeasurement(simulation);
  assert.equal(simulation.used, "udp");
});

Deno.test("of the path of which less is expected the status does not say that it is slower", () => {
  const simulation = new PathSimulation();
  simulation.paths.udp.roundTripMs = 0.1;
  simulation.up("engine", "udp");
  simulation.expect("engine");
  simulation.run(2000);
  assert.equal(stateOf(simulation, "engine").state, "in-use");
  assert.equal(
    stateOf(simulation, "udp").reason,
    "carries less, and is not three times faster: 0.10 ms to 0.13 ms",
  );
});

Deno.test("events of paths that are down, and round trips that are no numbers, change nothing", () => {
  const selector = new PathSelector("auto", 0);
  assert.deepEqual(selector.answer("udp", 1, 0), []);
  assert.deepEqual(selector.down("udp", "no socket", 0), []);
  assert.deepEqual(selector.tick(0, { udp: { sent: true, received: true } }), []);
  selector.up("udp", 0);
  assert.deepEqual(selector.up("udp", 1), []);
  for (const [index, value] of [NaN, -1, 3, NaN, -5].entries()) {
    selector.answer("udp", value, index * 100);
    selector.tick((index + 1) * 100, {});
  }
  selector.tick(5000, {});
  assert.equal(selector.states[2]?.roundTripMs, 3);
});
