import assert from "node:assert/strict";
import { Figures } from "./figures.ts";
import { provenance } from "./result.ts";

Deno.test("a reader learns machine, versions, load, date and command", () => {
  const lines = provenance({
    date: new Date("2026-01-02T03:04:05Z"),
    command: "deno task bench --rounds 9",
    machine: {
      processor: "Some CPU",
      processors: 2,
      kernel: "6.18.0",
      congestionControl: "cubic",
      connector: "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2)",
      commit: "0123abc",
      wireguardGo: "wireguard-go\t0.0.20220316-1",
      iperf3: "iperf 3.12 (cJSON 1.7.15)",
      ping: "ping from iputils 20221126",
    },
    load: { before: 0.123, after: 2.5 },
    figures: new Figures(),
    verdicts: [],
    complete: true,
  });
  assert.deepEqual(lines.slice(-3), [
    "2 x Some CPU, Linux 6.18.0, TCP cubic, load 0.12 before, 2.50 after",
    "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2); wireguard-go 0.0.20220316-1; iperf 3.12",
    "2026-01-02 03:04Z, deno task bench --rounds 9, medians of the rounds, tunnel MTU 1400",
  ]);
});
