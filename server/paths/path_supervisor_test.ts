import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../core/counters.ts";
import type { CarriedPath } from "../../dataplane/path/path.ts";
import { configureLog } from "../../program/log.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { PathSupervisor, type PathSupervisorDeps } from "./path_supervisor.ts";

/** A supervisor over a data plane that the test plays, in virtual time. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  /** Paths that packets took, in their order. */
  readonly used: CarriedPath[] = [];
  readonly probed: CarriedPath[] = [];
  readonly lines: string[] = [];
  /** Paths whose probes are answered. */
  readonly answering = new Set<CarriedPath>(["udp", "engine"]);
  readonly pathCounters = {
    udp: new Float64Array(COUNTER_BYTES / 8),
    engine: new Float64Array(COUNTER_BYTES / 8),
  };
  readonly supervisor: PathSupervisor;
  readonly #answers: Disposable[] = [];

  constructor(preference: PathSupervisorDeps["preference"] = "auto") {
    const write = (line: string) => void this.lines.push(line.replace(/^\S+ /, "").trim());
    configureLog({ level: "info", format: "text", color: false, write });
    this.supervisor = new PathSupervisor({
      probeDirect: () => assert.fail("direct is probed"),
      useDirect: () => assert.fail("direct is used"),
      preference,
      clock: this.clock,
      dataPlane: {
        pathCounters: this.pathCounters,
        tellOfTraffic: () => {},
        usePath: (path) => void this.used.push(path),
        probe: (path) => {
          this.probed.push(path);
          if (!this.answering.has(path)) return;
          this.#answers.push(this.clock.after(1, () => this.supervisor.answer(path, 1)));
        },
      },
    });
  }

  /** Lets time pass while packets go by the path in use, each of which is answered if its path answers. */
  async carry(milliseconds: number, until: () => boolean = () => false): Promise<number> {
    const start = this.clock.now();
    while (this.clock.now() < start + milliseconds && !until()) {
      const path = this.used.at(-1) ?? assert.fail("no path is used");
      const counters = this.pathCounters[path];
      counters[Counter["outbound.packets"]]++;
      if (this.answering.has(path)) counters[Counter["inbound.packets"]]++;
      await this.clock.advance(20);
    }
    return this.clock.now() - start;
  }

  [Symbol.dispose](): void {
    this.supervisor[Symbol.dispose]();
    this.lines.length = 0;
    // What comes while the paths are being closed changes nothing.
    this.supervisor.answer("udp", 1);
    this.supervisor.down("udp", "its socket is closed");
    this.supervisor.down("engine", "its stream is being closed");
    assert.deepEqual(this.lines, []);
    for (const answer of this.#answers) answer[Symbol.dispose]();
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    assert.equal(this.clock.nextDue, undefined, "a timer is left");
  }
}

Deno.test("the first path that is up is used at once, and the client is told by a probe", async () => {
  using scene = new Scene();
  assert.equal(scene.supervisor.used, undefined);
  scene.supervisor.up("udp");
  assert.deepEqual([scene.used, scene.probed[0], scene.supervisor.used], [["udp"], "udp", "udp"]);
  assert.deepEqual(scene.lines, ['info  path: packets go by the udp path reason="the only path that is up"']);
  await scene.clock.advance(60_000);
  assert.deepEqual(scene.used, ["udp"]);
});

Deno.test("the path of which more is expected is used as soon as it answers", async () => {
  for (const expected of ["udp", "engine"] as const) {
    using scene = new Scene();
    scene.supervisor.up("udp");
    scene.supervisor.expect(expected);
    scene.supervisor.up("engine");
    await scene.clock.advance(5_000);
    assert.equal(scene.used.at(-1), expected);
  }
});

Deno.test("a path that is silent under load loses its packets within 2 s, and has them again when it has held", async () => {
  using scene = new Scene();
  scene.supervisor.up("udp");
  scene.supervisor.expect("engine");
  scene.supervisor.up("engine");
  await scene.clock.advance(5_000);
  await scene.carry(3_000);
  assert.equal(scene.supervisor.used, "engine");
  scene.answering.delete("engine");
  const took = await scene.carry(10_000, () => scene.supervisor.used === "udp");
  assert.ok(took <= 2_020, `it took ${took} ms`);
  assert.ok(scene.lines.at(-1)?.includes('packets go by the udp path reason="engine is silent"'));
  scene.answering.add("engine");
  const held = await scene.carry(30_000, () => scene.supervisor.used === "engine");
  assert.ok(held >= 10_000 && held <= 12_000, `it was used again after ${held} ms`);
});

Deno.test("a path that is down loses its packets at once", async () => {
  using scene = new Scene();
  scene.supervisor.up("engine");
  scene.supervisor.up("udp");
  await scene.clock.advance(1_000);
  const before = scene.supervisor.used ?? assert.fail("no path is used");
  assert.notEqual(before, "direct");
  scene.supervisor.down(before as CarriedPath, "its cable was cut");
  const after = before === "udp" ? "engine" : "udp";
  assert.equal(scene.used.at(-1), after);
  assert.match(
    scene.lines.at(-1) ?? "",
    new RegExp(`by the ${after} path reason="${before} is down: its cable`),
  );
});

Deno.test("without any path it is said, once, and the next one is used at once", () => {
  using scene = new Scene();
  scene.supervisor.up("engine");
  scene.supervisor.down("engine", "its stream has ended");
  scene.supervisor.down("engine", "its stream has ended");
  assert.equal(scene.supervisor.used, undefined);
  assert.deepEqual(scene.lines.slice(1), ['warn  path: no path to the client reason="no path is up"']);
  scene.supervisor.up("engine");
  assert.deepEqual(scene.used, ["engine", "engine"]);
});

Deno.test("a path that is wanted by name is used alone, and another one when another is wanted", async () => {
  using scene = new Scene("engine");
  scene.supervisor.up("udp");
  await scene.clock.advance(5_000);
  assert.deepEqual([scene.used, scene.supervisor.used], [[], undefined]);
  scene.supervisor.up("engine");
  assert.deepEqual(scene.used, ["engine"]);
  scene.answering.delete("engine");
  await scene.carry(10_000);
  assert.deepEqual(scene.used, ["engine"], "it is used although it is silent");
  scene.supervisor.prefer("udp");
  assert.deepEqual(scene.used, ["engine", "udp"]);
  scene.supervisor.prefer("engine");
  scene.supervisor.down("engine", "its stream has ended");
  assert.equal(scene.supervisor.used, undefined);
});

Deno.test("that direct is set and down is told where the path stays as it was", () => {
  using scene = new Scene();
  scene.supervisor.up("udp");
  scene.supervisor.down("direct", "routes of macOS");
  scene.lines.length = 0;
  scene.supervisor.prefer("direct");
  assert.deepEqual(scene.lines, [
    'info  path: packets go by the udp path reason="direct is set and down (routes of macOS): the only path that is up"',
  ]);
});
