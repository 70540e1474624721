import assert from "node:assert/strict";
import type { TrafficSample } from "../../core/metrics/traffic_history.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import type { ServerStatus } from "../status/status_document.ts";
import { EventFeed } from "./event_feed.ts";
import { BUSY, CONTAINERS } from "./page_fixture.ts";
import { TrafficSampler } from "./traffic_sampler.ts";

/** A feed over a clock that stands still, and what a page has got. */
class Scene implements Disposable {
  readonly clock = new FakeClock(1_000_000);
  readonly got: [event: string, data: string][] = [];
  bytes = 0;
  samples = 0;
  status: ServerStatus = BUSY;
  readonly sampler = new TrafficSampler(() => this.#sample(), this.clock);
  readonly feed = new EventFeed({
    status: () => this.status,
    sample: () => this.#sample(),
    containers: () => CONTAINERS,
    sampler: this.sampler,
    clock: this.clock,
  });

  open(): Disposable {
    return this.feed.events.begin((event, data) => this.got.push([event, data]));
  }

  take(): string[] {
    return this.got.splice(0).map(([event]) => event);
  }

  [Symbol.dispose](): void {
    this.feed[Symbol.dispose]();
    this.sampler[Symbol.dispose]();
  }

  #sample(): TrafficSample {
    this.samples++;
    return { at: this.clock.wallClock(), sent: this.bytes, received: 0, roundTripMs: 0.5 };
  }
}

Deno.test("a page gets history and state at once, a sample each second, and the state when it changes", async () => {
  using scene = new Scene();
  using _page = scene.open();
  assert.deepEqual(scene.take(), ["history", "state", "sample"]);
  await scene.clock.advance(2000);
  assert.deepEqual(scene.take(), ["sample", "sample"]);
  scene.status = { ...BUSY, uptimeSeconds: 31, counters: { ...BUSY.counters, drops: { noClient: 9 } } };
  await scene.clock.advance(1000);
  assert.deepEqual(scene.take(), ["sample"], "counters are no change");
  scene.status = { ...BUSY, routes: [] };
  await scene.clock.advance(1000);
  assert.deepEqual(scene.take(), ["state", "sample"]);
});

Deno.test("a sample has the rate of the last second, and what was dropped and why", async () => {
  using scene = new Scene();
  using _page = scene.open();
  scene.bytes = 1000;
  scene.got.length = 0;
  await scene.clock.advance(1000);
  const { traffic, drops, paths, sessions, uptimeSeconds } = JSON.parse(scene.got[0]?.[1] ?? "");
  assert.deepEqual(traffic, { time: 1001, sent: 8000, received: 0, roundTripMs: 0.5 });
  assert.deepEqual(drops.map(({ where, reason, count }: Record<string, unknown>) => [where, reason, count]), [
    ["tunnel", "noClient", 2],
    ["sharing", "replayed", 1],
  ]);
  assert.equal(paths[1].received.bytes, 400);
  assert.deepEqual([sessions[0].address, uptimeSeconds], ["192.168.251.3", 30]);
});

Deno.test("containers are named with their addresses, and no label of theirs is sent", () => {
  using scene = new Scene();
  using _page = scene.open();
  const text = scene.got.find(([event]) => event === "state")?.[1] ?? "";
  const { containers, containerCount, hasDoctor } = JSON.parse(text);
  assert.deepEqual(containers, [{
    name: "storefront",
    image: "nginx",
    state: "running",
    networks: [{ name: "shop", addresses: ["10.1.0.5"] }],
  }]);
  assert.deepEqual([containerCount, hasDoctor, text.includes("label-secret")], [1, false, false]);
});

Deno.test("without a page and without traffic there is one sample in ten seconds, with either one a second", async () => {
  using scene = new Scene();
  await scene.clock.advance(60_000);
  assert.equal(scene.samples, 7);
  const page = scene.open();
  await scene.clock.advance(10_000);
  assert.equal(scene.samples, 17);
  page[Symbol.dispose]();
  scene.take();
  await scene.clock.advance(61_000);
  assert.ok(scene.samples <= 17 + 8, `${scene.samples}`);
  assert.deepEqual(scene.take(), []);
  const before = scene.samples;
  for (let second = 0; second < 30; second++) {
    scene.bytes += 100_000;
    await scene.clock.advance(1000);
  }
  assert.ok(scene.samples - before >= 20, `${scene.samples - before}`);
});

Deno.test("a page that opens between two samples makes no row of a few milliseconds", async () => {
  using scene = new Scene();
  await scene.clock.advance(10_000);
  await scene.clock.advance(20);
  using _page = scene.open();
  await scene.clock.advance(1000);
  const { time } = scene.sampler.history.columns(scene.clock.wallClock());
  assert.deepEqual(time, [1010, 1011]);
});
