import assert from "node:assert/strict";
import { Figures } from "./figures.ts";
import { tcpThroughput, udpPeak } from "./metrics.ts";

const tcp = tcpThroughput("from", 8);

Deno.test("figures are kept by metric and subject, with their median", () => {
  const lines: string[] = [];
  const figures = new Figures((line) => lines.push(line));
  for (const value of [5, 1, 3]) figures.add(tcp, "docker-connector", value);
  figures.add(tcp, "VXLAN", 9);
  figures.add(udpPeak(64), "VXLAN", 1000);
  assert.deepEqual(figures.series(), [
    { metric: tcp, subject: "VXLAN", values: [9], min: 9, median: 9, max: 9 },
    { metric: tcp, subject: "docker-connector", values: [5, 1, 3], min: 1, median: 3, max: 5 },
    { metric: udpPeak(64), subject: "VXLAN", values: [1000], min: 1000, median: 1000, max: 1000 },
  ]);
  assert.deepEqual(figures.metrics(), [tcp, udpPeak(64)]);
  assert.equal(lines[0], "docker-connector: TCP from container, 8 streams: 5 Mbit/s");
});

Deno.test("a ratio needs both sides, and a yardstick above 0", () => {
  const figures = new Figures();
  figures.add(tcp, "docker-connector", 6);
  assert.equal(figures.ratio(tcp, "docker-connector", "VXLAN"), undefined);
  figures.add(tcp, "VXLAN", 12);
  assert.equal(figures.ratio(tcp, "docker-connector", "VXLAN"), 0.5);
  figures.add(tcp, "wireguard-go", 0);
  assert.equal(figures.ratio(tcp, "docker-connector", "wireguard-go"), undefined);
  assert.equal(figures.median(udpPeak(64), "VXLAN"), undefined);
});
