import assert from "node:assert/strict";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { BUSY, CONTAINERS } from "./page_fixture.ts";

const page = await Deno.readTextFile(new URL("../../docs/guide/metrics.md", import.meta.url));

async function samples(...given: Parameters<typeof metricsText>): Promise<string[]> {
  const text = await metricsText(...given);
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace("docker_connector_", ""));
}

Deno.test("the status becomes metrics in Prometheus' format", async () => {
  const lines = await samples(BUSY, CONTAINERS);
  for (
    const line of [
      'build_info{version="0.1.0",commit="abc1234",deno="2.9.6"} 1',
      'path_in_use{path="engine"} 1',
      'path_in_use{path="direct"} 0',
      'path_up{path="udp"} 0',
      'path_round_trip_seconds{path="engine"} 0.0005',
      'path_bytes_total{path="engine",direction="received"} 400',
      'path_packets_total{path="engine",direction="sent"} 3',
      'drops_total{reason="noClient"} 2',
      'routes{state="failed"} 1',
      'network_containers{network="shop"} 1',
      "containers 1",
      'faults{severity="error"} 1',
      "sessions 1",
      'sharing_drops_total{reason="replayed"} 1',
    ]
  ) assert.ok(lines.includes(line), line);
  assert.equal(METRICS_TYPE, "text/plain; version=0.0.4; charset=utf-8");
});

Deno.test("what is not known is absent, not zero", async () => {
  const names = (await samples({ ...BUSY, client: null, sharing: null, faults: [] }, undefined)).join("\n");
  assert.doesNotMatch(
    names,
    /^(?:client_last_heard|sessions|tokens|session_|sharing_|containers|fault\{|fault )/m,
  );
  assert.doesNotMatch(names, /path_round_trip_seconds\{path="udp"/);
});

Deno.test("faults are counted by severity and by code", async () => {
  const [error] = BUSY.faults;
  assert.ok(error);
  const warning = { ...error, code: "sharing.weak-token", severity: "warning" } as const;
  const lines = await samples({ ...BUSY, faults: [error, error, warning] }, undefined);
  for (
    const line of [
      'faults{severity="error"} 2',
      'faults{severity="warning"} 1',
      'fault{code="route.failed",severity="error"} 2',
    ]
  ) assert.ok(lines.includes(line), line);
});

Deno.test("docs/guide/metrics.md has every metric and no other", async () => {
  const names = (await samples(BUSY, CONTAINERS))
    .map((line) => line.replace(/[{ ].*$/, ""));
  const listed = [...page.matchAll(/^\| (.*?) \| (?:gauge|counter) \|/gm)]
    .flatMap(([, cell = ""]) => [...cell.matchAll(/`([a-z_]+)/g)].map(([, name]) => name));
  assert.deepEqual([...new Set(listed)].sort(), [...new Set(names)].sort());
});
