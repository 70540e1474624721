import assert from "node:assert/strict";
import { PathSelector } from "./path_selector.ts";
import {
  BUSY,
  lastReason,
  measured,
  PathSimulation,
  pathsOf,
  probesOf,
  stateOf,
} from "./path_simulation_fixture.ts";

/** Runs until both paths were measured once more. */
function runOneMeasurement(simulation: PathSimulation): void {
  const before = probesOf(simulation, "udp").length;
  for (let step = 0; step < 3_100 && probesOf(simulation, "udp").length < before + 5; step++) {
    simulation.run(100);
  }
  assert.equal(probesOf(simulation, "udp").length, before + 5);
  simulation.run(50);
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

Deno.test("with engine or udp set by name no other one is ever used", () => {
  for (const preference of ["engine", "udp"] as const) {
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

Deno.test("with direct set by name the others have its packets while it is down, chosen as usual", () => {
  const simulation = new PathSimulation("direct");
  assert.equal(simulation.selector.reason, "direct is down: not up yet");
  simulation.up("udp", "engine");
  assert.equal(simulation.used, "udp");
  assert.equal(lastReason(simulation), "direct is set and down (not up yet): the only path that is up");
  simulation.expect("engine");
  simulation.run(5000);
  assert.equal(simulation.used, "engine");
  assert.match(
    simulation.selector.reason,
    /^direct is set and down \(not up yet\): udp goes through a network/,
  );
  simulation.up("direct");
  assert.equal(simulation.used, "direct");
  assert.equal(lastReason(simulation), "set by the configuration");
  assert.equal(stateOf(simulation, "udp").reason, "direct is set by the configuration");
  simulation.flow(BUSY);
  simulation.run(20_000);
  simulation.down("direct", "10.79.0.2 does not answer");
  assert.notEqual(simulation.used, "direct");
  assert.match(lastReason(simulation) ?? "", /^direct is set and down \(10\.79\.0\.2 does not answer\): /);
  simulation.paths[simulation.used === "udp" ? "udp" : "engine"].works = false;
  const { used } = simulation;
  simulation.run(2000);
  assert.notEqual(simulation.used, used, "one that falls silent gives way as usual");
  simulation.up("direct");
  assert.equal(simulation.used, "direct");
  simulation.down("direct", "gone");
  simulation.down("udp", "gone");
  simulation.down("engine", "gone");
  assert.deepEqual([simulation.used, simulation.selector.reason], [undefined, "direct is down: gone"]);
});

Deno.test("a change of the preference is followed at once", () => {
  const simulation = measured("engine", "udp");
  simulation.prefer("udp");
  assert.equal(simulation.used, "udp");
  assert.equal(stateOf(simulation, "engine").reason, "udp is set by the configuration");
  simulation.run(60_000);
  simulation.prefer("direct");
  assert.equal(simulation.used, "udp");
  assert.match(simulation.selector.reason, /^direct is set and down \(not up yet\): /);
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

Deno.test("with direct in use it rests too, since its prober tells when it is down", () => {
  const simulation = measured("direct", "udp");
  simulation.run(120_000);
  assert.equal(simulation.selector.isResting, true);
  const settled = simulation.ticks.length;
  simulation.run(60_000);
  assert(simulation.ticks.length - settled <= 12 + 6, String(simulation.ticks.length - settled));
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

Deno.test("a path whose packets do not arrive is left for one that answers, for five minutes", () => {
  const simulation = new PathSimulation();
  simulation.up("udp");
  simulation.up("engine");
  simulation.run(5_000);
  const left = simulation.used;
  assert.ok(left !== undefined);
  simulation.leave();
  const other = simulation.used;
  assert.ok(other !== undefined && other !== left);
  assert.equal(simulation.selector.reason, `containers did not answer by ${left}`);
  simulation.run(290_000);
  assert.equal(stateOf(simulation, left)?.state, "recovering");
  simulation.run(20_000);
  assert.equal(stateOf(simulation, left)?.state, "in-use");
});

Deno.test("a path is not left where no other one answers, or one is set", () => {
  const selector = new PathSelector("auto", 0);
  selector.up("udp", 0);
  selector.leave(1);
  assert.equal(selector.used, "udp");
  const set = new PathSelector("engine", 0);
  set.up("engine", 0);
  set.up("udp", 0);
  set.leave(1);
  assert.equal(set.used, "engine");
});
