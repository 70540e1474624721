import assert from "node:assert/strict";
import { drawCharts } from "./charts.ts";
import { Figures, residentMemory, roundTrip, tcpThroughput } from "./figures.ts";

Deno.test("a chart shows what was measured and nothing else", () => {
  const figures = new Figures();
  figures.add(residentMemory("vm"), "docker-connector", 50);
  assert.equal(drawCharts(figures, []).size, 0);

  figures.add(tcpThroughput("to", 1), "VXLAN", 12_345.6);
  figures.add(tcpThroughput("to", 1), "docker-connector", 7000);
  const throughput = drawCharts(figures, ["2 processors"]).get("throughput") ?? "";
  assert.match(
    throughput,
    />TCP to container, 1 stream \(Mbit\/s\)<[^]*>12,346<[^]*>7,000<[^]*>2 processors</,
  );
  assert.doesNotMatch(throughput, /wireguard-go|8 streams/);

  figures.add(roundTrip("paced", 99), "wireguard-go", 186);
  assert.deepEqual([...drawCharts(figures, []).keys()], ["throughput", "latency"]);
});
