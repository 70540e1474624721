import assert from "node:assert/strict";
import type { RequestHead } from "../../core/web/request_head.ts";
import type { WebAnswer, WebEvents } from "../../system/web/web_listener.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { EventFeed } from "./event_feed.ts";
import { PAGE_FILES } from "./page_files.ts";
import { BUSY, CONTAINERS } from "./page_fixture.ts";
import { Resources } from "./resources.ts";
import { TrafficSampler } from "./traffic_sampler.ts";

const LISTEN = { family: 4, bytes: new Uint8Array([127, 0, 0, 1]) } as const;

function scene(doctor?: () => Promise<unknown>) {
  const clock = new FakeClock();
  const sources = {
    status: () => BUSY,
    sample: () => ({ at: clock.wallClock(), sent: 0, received: 0, roundTripMs: undefined }),
    containers: () => CONTAINERS,
    ...doctor === undefined ? {} : { doctor },
  };
  const feed = new EventFeed({ ...sources, sampler: new TrafficSampler(sources.sample, clock), clock });
  const resources = new Resources({ ...sources, feed, listen: LISTEN, clock });
  const get = async (path: string, host = "localhost") => {
    const request: RequestHead = { method: "GET", path, headers: new Map([["host", host]]) };
    return await resources.answer(request) as WebAnswer & Partial<WebEvents>;
  };
  return { clock, get };
}

Deno.test("every file of the page is there with its type, and nothing else is", async () => {
  const { get } = scene();
  for (const [path, [, type]] of Object.entries(PAGE_FILES)) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.type, answer.body.length > 0], [200, type, true], path);
  }
  for (const path of ["/index.html", "/toString", "/../web.ts", "/uplot.license", "/v1"]) {
    assert.equal((await get(path)).status, 404, path);
  }
});

Deno.test("status, events and metrics are answered, to a host of this machine alone", async () => {
  const { get } = scene();
  assert.deepEqual(JSON.parse(String((await get("/v1/status")).body)), BUSY);
  assert.ok((await get("/v1/events")).begin);
  assert.match(String((await get("/metrics")).body), /^docker_connector_client_connected 1$/m);
  for (const path of ["/", "/v1/status", "/v1/events", "/v1/doctor", "/metrics"]) {
    assert.equal((await get(path, "evil.example")).status, 403, path);
  }
});

Deno.test("the doctor looks once for all who ask within five seconds", async () => {
  let looks = 0;
  const { clock, get } = scene(() => Promise.resolve({ look: ++looks }));
  const ask = async () => String((await get("/v1/doctor")).body);
  assert.deepEqual(await Promise.all([ask(), ask()]), ['{"look":1}\n', '{"look":1}\n']);
  await clock.advance(5000);
  assert.equal(await ask(), '{"look":1}\n');
  await clock.advance(1);
  assert.equal(await ask(), '{"look":2}\n');
  assert.equal((await scene().get("/v1/doctor")).status, 404, "there is none");
});
