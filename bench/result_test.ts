import assert from "node:assert/strict";
import { tcpThroughput } from "./metrics.ts";
import { provenance, toJson } from "./result.ts";
import { resultOf } from "./result_fixture.ts";

Deno.test("a reader learns machine, versions, load, date and command", () => {
  const lines = provenance(resultOf());
  assert.deepEqual(lines.slice(-3), [
    "2 x Some CPU, Linux 6.18.0, TCP cubic, load 0.12 before, 2.50 after",
    "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2); wireguard-go 0.0.20260522 and 0.0.20220316; gvproxy 0.8.1; " +
    "Engine 28.5.2; docker-accessor's cipher libcrypto; iperf 3.12",
    "2026-01-02 03:04Z, deno task bench --rounds 9, 9 rounds, tunnel MTU 1400",
  ]);
});

Deno.test("the JSON has buffers, queues, processors, governor, Deno and each repeated run", () => {
  const whole = resultOf();
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
  const whole = resultOf();
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
