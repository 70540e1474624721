import assert from "node:assert/strict";
import {
  BUSY,
  lastReason,
  measured,
  PathSimulation,
  pathsOf,
  probesOf,
  stateOf,
} from "./path_simulation_fixture.ts";

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
