import assert from "node:assert/strict";
import fc from "fast-check";
import { PATH_KINDS, PATH_PREFERENCES, type PathKind } from "./path_kind.ts";
import { PathSimulation } from "./path_simulation_fixture.ts";

const anyKind = fc.constantFrom(...PATH_KINDS);
const anyRoundTrip = fc.double({ min: 0.01, max: 100, noNaN: true });
const anyRoundTrips = fc.record({ direct: anyRoundTrip, engine: anyRoundTrip, udp: anyRoundTrip });
const anyFlow = fc.option(
  fc.record({ everyMs: fc.integer({ min: 5, max: 3000 }), isAnswered: fc.boolean() }),
  { nil: undefined },
);

/** Something that happens, after so many milliseconds. */
const anyEvent = fc.record({
  after: fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 30_000 })),
  kind: anyKind,
  what: fc.constantFrom("up", "up", "down", "fail", "work", "flow", "rtt"),
  flow: anyFlow,
  roundTripMs: anyRoundTrip,
});
type SomeEvent = typeof anyEvent extends fc.Arbitrary<infer T> ? T : never;
const anyHistory = fc.array(anyEvent, { minLength: 1, maxLength: 30 });

/** Plays a history; `check` is called after everything that happens, with since when each path is up and works. */
function play(
  simulation: PathSimulation,
  history: readonly SomeEvent[],
  check: (goodSince: ReadonlyMap<PathKind, number>, up: ReadonlySet<PathKind>) => void,
): void {
  const up = new Set<PathKind>();
  const goodSince = new Map<PathKind, number>();
  const look = () => check(goodSince, up);
  for (const { after, kind, what, flow, roundTripMs } of history) {
    simulation.run(after, look);
    if (what === "flow") simulation.flow(flow);
    if (what === "rtt") simulation.paths[kind].roundTripMs = roundTripMs;
    if (what === "fail" || what === "work") simulation.paths[kind].works = what === "work";
    if (what === "up") up.add(kind), simulation.up(kind);
    if (what === "down") up.delete(kind), simulation.down(kind);
    for (const one of PATH_KINDS) {
      if (!up.has(one) || !simulation.paths[one].works) goodSince.delete(one);
      else if (!goodSince.has(one)) goodSince.set(one, simulation.now);
    }
    look();
  }
  simulation.run(30_000, look);
}

Deno.test("one path is in use while any is up, never two, and it is one that is up", () => {
  fc.assert(fc.property(anyHistory, (history) => {
    const simulation = new PathSimulation();
    play(simulation, history, (_, up) => {
      const { used, states } = simulation.selector;
      assert.equal(used !== undefined, up.size > 0);
      assert(used === undefined || up.has(used));
      const inUse = states.filter(({ state }) => state === "in-use").map(({ kind }) => kind);
      assert.deepEqual(inUse, used === undefined ? [] : [used]);
      assert.equal(simulation.switches.at(-1)?.path, used);
    });
    const { switches } = simulation;
    assert(switches.every(({ path }, index) => path !== switches[index - 1]?.path || index === 0));
  }));
});

Deno.test("traffic leaves a silent path within 2 s, where another one has worked that long", () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const simulation = new PathSimulation();
      let usedWorkedAt = 0;
      play(simulation, history, (goodSince) => {
        const { now, used } = simulation;
        // Traffic that nobody answers is no silence of a path that works.
        if (used === undefined || goodSince.has(used)) usedWorkedAt = now;
        const silentFor = Math.min(simulation.silentFor, now - usedWorkedAt);
        const hasOther = [...goodSince].some(([kind, since]) => kind !== used && now - since > 2001);
        assert(!hasOther || silentFor <= 2001, `${used} is silent for ${silentFor} ms at ${now}`);
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("with constant round trips there is at most one change after the first 5 s, whatever the traffic", () => {
  const anyTraffic = fc.array(fc.record({ after: fc.integer({ min: 100, max: 60_000 }), flow: anyFlow }));
  fc.assert(fc.property(
    fc.shuffledSubarray([...PATH_KINDS], { minLength: 1 }),
    fc.integer({ min: 0, max: 1000 }),
    anyRoundTrips,
    anyTraffic,
    (kinds, pause, roundTrips, traffic) => {
      const simulation = new PathSimulation();
      for (const kind of PATH_KINDS) simulation.paths[kind].roundTripMs = roundTrips[kind];
      for (const kind of kinds) {
        simulation.up(kind);
        simulation.run(pause);
      }
      for (const { after, flow } of traffic) {
        simulation.flow(flow);
        simulation.run(after);
      }
      simulation.flow(undefined);
      simulation.run(60_000);
      assert(simulation.switches.filter(({ at }) => at > 5000).length <= 1);
      const tunnels = kinds.filter((kind) => kind !== "direct").sort((a, b) => roundTrips[a] - roundTrips[b]);
      const used = simulation.used;
      assert(kinds.includes("direct") ? used === "direct" : used !== undefined);
      if (used !== "direct") assert.equal(used, tunnels[0], "the faster one in the end");
    },
  ));
});

Deno.test("paths that work are never called silent, however long the machine sleeps", () => {
  const anySleep = fc.record({
    asleep: fc.oneof(fc.integer({ min: 0, max: 12_000 }), fc.integer({ min: 0, max: 86_400_000 })),
    awake: fc.integer({ min: 1200, max: 20_000 }),
    flow: anyFlow,
  });
  fc.assert(fc.property(fc.array(anySleep, { maxLength: 15 }), anyRoundTrips, (sleeps, roundTrips) => {
    const simulation = new PathSimulation();
    for (const kind of PATH_KINDS) simulation.paths[kind].roundTripMs = roundTrips[kind];
    simulation.up("engine", "udp");
    for (const { asleep, awake, flow } of sleeps) {
      simulation.flow(flow);
      simulation.run(awake);
      simulation.sleep(asleep);
    }
    simulation.run(5000, () => {
      assert(simulation.selector.states.every(({ state }) => state !== "silent" && state !== "recovering"));
    });
    assert(simulation.switches.every(({ reason }) => !reason.includes("silent")));
  }));
});

Deno.test("the next tick lies ahead, and no history costs more than twelve ticks a second", () => {
  fc.assert(fc.property(anyHistory, fc.integer({ min: 0, max: 700 }), (history, lateMs) => {
    const simulation = new PathSimulation();
    simulation.lateMs = lateMs;
    let ticks = 0;
    play(simulation, history, () => {
      if (simulation.ticks.length === ticks) return;
      ticks = simulation.ticks.length;
      assert((simulation.selector.nextDeadline ?? Infinity) > simulation.now);
      const [first = 0] = simulation.ticks.slice(-40);
      assert(ticks < 40 || simulation.now - first > 39 * 1000 / 12, `${ticks} ticks at ${simulation.now}`);
    });
  }));
});

Deno.test("a path that was lost is not used for 10 s while the other one works", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 20_000 }), fc.boolean(), anyFlow, (after, isDown, flow) => {
    const simulation = new PathSimulation();
    simulation.up("engine", "udp");
    simulation.flow(flow);
    simulation.run(after);
    const { used } = simulation;
    assert(used !== undefined);
    if (isDown) {
      simulation.down(used);
      simulation.up(used);
    } else {
      simulation.paths[used].works = false;
      simulation.run(7100);
      simulation.paths[used].works = true;
    }
    if (simulation.used === used) return;
    simulation.run(9900, () => assert.notEqual(simulation.used, used));
  }));
});

Deno.test("a path set by name is the only one that is ever used, whatever happens; direct as long as it is up", () => {
  fc.assert(fc.property(anyHistory, fc.constantFrom(...PATH_PREFERENCES), anyKind, (history, first, kind) => {
    const simulation = new PathSimulation(first);
    simulation.prefer(kind);
    const before = simulation.switches.length;
    play(simulation, history, (_, up) => {
      if (kind !== "direct" || up.has(kind)) assert.equal(simulation.used, up.has(kind) ? kind : undefined);
      else assert.equal(simulation.used !== undefined, up.size > 0);
    });
    if (kind === "direct") return;
    assert(simulation.switches.slice(before).every(({ path }) => path === kind || path === undefined));
  }));
});
