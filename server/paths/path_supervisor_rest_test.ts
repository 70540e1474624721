import assert from "node:assert/strict";
import { Counter, TUNNEL_COUNTERS } from "../../core/counters.ts";
import { configureLog } from "../../program/log.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { PathSupervisor } from "./path_supervisor.ts";

const SENT = Counter["outbound.packets"];

/** A supervisor over paths whose probes are answered at once, unless the path has failed. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly failed = new Set<"udp" | "engine">();
  /** The counts from which the data plane was asked to tell. */
  readonly told: number[] = [];
  readonly used: string[] = [];
  hasDirect = false;
  readonly counters = {
    udp: new Float64Array(Object.keys(TUNNEL_COUNTERS).length),
    engine: new Float64Array(Object.keys(TUNNEL_COUNTERS).length),
  };
  readonly supervisor: PathSupervisor = new PathSupervisor({
    clock: this.clock,
    preference: "auto",
    probeDirect: () => void this.clock.after(1, () => this.supervisor.answer("direct", 1)),
    useDirect: () => this.hasDirect || assert.fail("direct is used"),
    dataPlane: {
      pathCounters: this.counters,
      usePath: (path) => void this.used.push(path),
      probe: (path) => {
        if (!this.failed.has(path)) this.clock.after(1, () => this.supervisor.answer(path, 1));
      },
      tellOfTraffic: (sent) => void this.told.push(sent),
    },
  });

  constructor() {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    this.supervisor.up("udp");
    this.supervisor.up("engine");
    this.supervisor.expect("engine");
  }

  /** Lets time pass; how often the supervisor woke up meanwhile. */
  async pass(milliseconds: number): Promise<number> {
    const end = this.clock.now() + milliseconds;
    let wakes = 0;
    for (let due = this.clock.nextDue; due !== undefined && due <= end; due = this.clock.nextDue) {
      await this.clock.advance(due - this.clock.now());
      wakes++;
    }
    await this.clock.advance(end - this.clock.now());
    return wakes;
  }

  [Symbol.dispose](): void {
    this.supervisor[Symbol.dispose]();
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
}

Deno.test("while nothing moves it wakes for probes alone, and asks once to be told of the next packet", async () => {
  using scene = new Scene();
  scene.counters.engine[SENT] = 7;
  await scene.pass(120_000);
  assert.equal(scene.used.at(-1), "engine");
  const asked = scene.told.length;
  // A probe every 5 s with its answer, and one measurement of both paths.
  assert(await scene.pass(60_000) <= 45);
  assert.equal(scene.told.at(-1), 7);
  assert.equal(scene.told.length, asked);
});

Deno.test("it rests while packets need no tunnel, and watches what goes beside", async () => {
  using scene = new Scene();
  scene.hasDirect = true;
  scene.supervisor.up("direct");
  await scene.pass(120_000);
  assert.equal(scene.supervisor.used, "direct");
  assert(await scene.pass(60_000) <= 45);
  const beside = scene.used.at(-1);
  assert(beside === "udp" || beside === "engine");
  scene.failed.add(beside);
  scene.counters[beside][SENT]++;
  scene.supervisor.noteTraffic();
  await scene.pass(2000);
  assert.notEqual(scene.used.at(-1), beside);
});

Deno.test("told of a packet, it takes the traffic off a path that does not answer within 2 s, and asks again", async () => {
  using scene = new Scene();
  await scene.pass(120_000);
  const asked = scene.told.length;
  scene.failed.add("engine");
  scene.counters.engine[SENT]++;
  scene.supervisor.noteTraffic();
  await scene.pass(2000);
  assert.equal(scene.used.at(-1), "udp");
  scene.failed.clear();
  await scene.pass(60_000);
  assert.equal(scene.told.at(-1), 1);
  assert(scene.told.length > asked);
});
