import assert from "node:assert/strict";
import { Figures } from "./figures.ts";
import { tcpThroughput } from "./metrics.ts";
import { provenance, type Result, toJson } from "./result.ts";

function result(): Result {
  return {
    date: new Date("2026-01-02T03:04:05Z"),
    command: "deno task bench --rounds 9",
    rounds: 9,
    machine: {
      processor: "Some CPU",
      processors: 2,
      kernel: "6.18.0",
      congestionControl: "cubic",
      connector: "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2)",
      commit: "0123abc",
      iperf3: "iperf 3.12 (cJSON 1.7.15)",
      ping: "ping from iputils 20221126",
      tuning: {
        socketBuffers: { rmem_default: 212992, rmem_max: 4194304, wmem_default: 212992, wmem_max: 4194304 },
        processors: { allowed: "0", online: "0-1", isPinned: true },
        governor: "performance",
        deno: "2.9.6",
      },
    },
    versions: {
      wireguardGo: "0.0.20260522",
      wireguardGoOf2022: "0.0.20220316",
      gvproxy: "0.8.1",
      engine: "28.5.2",
    },
    load: { before: 0.123, after: 2.5 },
    links: [{ subject: "VXLAN", end: "mac", name: "vxlan0", mtu: 1400, txQueueLength: 1000 }],
    sockets: [{ subject: "wireguard-go", end: "mac", port: 51820, receive: 14680064, send: 425984 }],
    figures: new Figures(),
    verdicts: [],
    complete: true,
  };
}

Deno.test("a reader learns machine, versions, load, date and command", () => {
  const lines = provenance(result());
  assert.deepEqual(lines.slice(-3), [
    "2 x Some CPU, Linux 6.18.0, TCP cubic, load 0.12 before, 2.50 after",
    "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2); wireguard-go 0.0.20260522 and 0.0.20220316; gvproxy 0.8.1; " +
    "Engine 28.5.2; iperf 3.12",
    "2026-01-02 03:04Z, deno task bench --rounds 9, 9 rounds, tunnel MTU 1400",
  ]);
});

Deno.test("the JSON has buffers, queues, processors, governor, Deno and each repeated run", () => {
  const whole = result();
  whole.figures.repeated(
    { part: "tcp", subject: "VXLAN", direction: "to", streams: 8 },
    "iperf3: unable to connect",
  );
  const document = JSON.parse(toJson(whole));
  assert.deepEqual(document.machine.tuning, whole.machine.tuning);
  assert.deepEqual(document.links, whole.links);
  assert.deepEqual(document.sockets, whole.sockets);
  assert.match(document.notes.join("\n"), /Encrypted: wireguard-go and docker-accessor/);
  assert.deepEqual(document.runs, [
    {
      part: "tcp",
      subject: "VXLAN",
      direction: "to",
      streams: 8,
      repeatedAfter: "iperf3: unable to connect",
    },
  ]);
});

Deno.test("the JSON has least, median and most of each series, with the label of the charts", () => {
  const whole = result();
  for (const value of [3, 1, 2]) whole.figures.add(tcpThroughput("to", 1), "wireguard-go", value);
  const { values, min, median, max, label } = JSON.parse(toJson(whole)).series[0];
  assert.deepEqual({ values, min, median, max, label }, {
    values: [3, 1, 2],
    min: 1,
    median: 2,
    max: 3,
    label: "wireguard-go 0.0.20260522",
  });
});
