import assert from "node:assert/strict";
import { drawCharts } from "./charts.ts";
import { Figures } from "./figures.ts";
import { residentMemory, roundTrip, tcpThroughput } from "./metrics.ts";

const versions = {
  wireguardGo: "1.2",
  wireguardGoOf2022: "0.9",
  gvproxy: "0.8.1",
  engine: "28.5.2",
  cipher: "libcrypto",
};
const draw = (figures: Figures, ...notes: string[]) => drawCharts({ figures, versions, notes });

Deno.test("a chart shows what was measured and nothing else", () => {
  const figures = new Figures();
  figures.add(residentMemory("vm"), "docker-connector", 50);
  assert.equal(draw(figures).size, 0);

  figures.add(tcpThroughput("to", 1), "VXLAN", 12_345.6);
  figures.add(tcpThroughput("to", 1), "docker-connector", 7000);
  const throughput = draw(figures, "2 processors").get("throughput") ?? "";
  assert.match(
    throughput,
    />TCP to container, 1 stream \(Mbit\/s\)<[^]*>12,346<[^]*>7,000<[^]*>2 processors</,
  );
  assert.doesNotMatch(throughput, /wireguard-go|8 streams/);

  figures.add(roundTrip("paced", "p99"), "wireguard-go", 186);
  assert.deepEqual([...draw(figures).keys()], ["throughput", "latency"]);
});

Deno.test("another project's bar has its version, a line from least to most, and is thin where it is old", () => {
  const figures = new Figures();
  for (const value of [90, 100, 110]) figures.add(tcpThroughput("to", 1), "wireguard-go", value);
  figures.add(tcpThroughput("to", 1), "wireguard-go of 2022", 50);
  const chart = draw(figures).get("throughput") ?? "";
  assert.match(
    chart,
    />wireguard-go 1\.2<[^]*height="16"[^]*class="spread"[^]*>100<[^]*>wireguard-go 0\.9<[^]*height="4"/,
  );
  assert.equal(chart.match(/class="spread"/g)?.length, 1);
});
