import assert from "node:assert/strict";
import { Figures } from "./figures.ts";
import {
  accessorRoundTrip,
  accessorThroughput,
  idleWakeUps,
  residentMemoryAfterLong,
  residentMemoryDrift,
  roundTrip,
  tcpThroughput,
  tcpThroughputIpv6,
  udpLoss,
} from "./metrics.ts";
import { judgeTargets } from "./targets.ts";

const verdictOn = (figures: Figures, target: RegExp) =>
  judgeTargets(figures).find((verdict) => target.test(verdict.target));

Deno.test("a ratio of medians decides, at its bound still in favour", () => {
  const figures = new Figures();
  for (const value of [100, 900, 110]) figures.add(tcpThroughput("to", 1), "wireguard-go", value);
  for (const value of [330, 1, 9000]) figures.add(tcpThroughput("to", 1), "docker-connector", value);
  figures.add(tcpThroughput("to", 1), "VXLAN", 413);
  assert.deepEqual(verdictOn(figures, /TCP to .* 3 x wireguard-go/), {
    target: "docker-connector: TCP to container, 1 stream: at least 3 x wireguard-go",
    measured: "3.00 x",
    met: true,
  });
  assert.equal(verdictOn(figures, /TCP to .* 0\.8 x VXLAN/)?.met, false);
  assert.equal(verdictOn(figures, /TCP from .* VXLAN/)?.met, undefined);
});

Deno.test("the engine path is judged beside datagrams through the same network, and by itself", () => {
  const figures = new Figures();
  const [engine, udp] = ["docker-connector by the engine path", "docker-connector over gvproxy"] as const;
  figures.add(tcpThroughput("from", 1), engine, 2499);
  figures.add(tcpThroughput("from", 1), udp, 800);
  figures.add(roundTrip("idle", "p50"), engine, 300);
  figures.add(roundTrip("idle", "p50"), udp, 500);
  figures.add(roundTrip("full", "average"), engine, 2001);
  assert.equal(verdictOn(figures, /engine path: TCP from .* 3 x/)?.met, true);
  assert.equal(verdictOn(figures, /engine path: TCP from .* 2500 Mbit/)?.met, false);
  assert.equal(verdictOn(figures, /engine path: round trip p50, idle/)?.met, true);
  assert.equal(verdictOn(figures, /engine path: round trip average, beside a full/)?.met, false);
});

Deno.test("the accessor is judged beside wireguard-go", () => {
  const figures = new Figures();
  figures.add(accessorThroughput("to"), "wireguard-go", 100);
  figures.add(accessorThroughput("to"), "accessor", 149);
  for (const figure of ["p50", "p99"] as const) {
    figures.add(accessorRoundTrip(figure), "wireguard-go", 100);
    figures.add(accessorRoundTrip(figure), "accessor", 80);
  }
  assert.equal(verdictOn(figures, /accessor: TCP to server/)?.met, false);
  assert.equal(verdictOn(figures, /p50 to server.* 0\.7 x wireguard-go/)?.met, false);
  assert.equal(verdictOn(figures, /p99 to server.* 1 x wireguard-go/)?.met, true);
});

Deno.test("IPv6 is judged beside IPv4 of the same direction", () => {
  const figures = new Figures();
  const subject = "docker-connector";
  for (const value of [1000, 990, 2000]) figures.add(tcpThroughput("to", 1), subject, value);
  for (const value of [900, 910, 890]) figures.add(tcpThroughputIpv6("to"), subject, value);
  assert.equal(verdictOn(figures, /TCP to container, IPv6/)?.measured, "0.90 x");
  assert.equal(verdictOn(figures, /TCP to container, IPv6/)?.met, true);
  assert.equal(verdictOn(figures, /TCP from container, IPv6/)?.met, undefined);
});

Deno.test("bare bounds: none is none, below is not at, drift counts both ways", () => {
  const figures = new Figures();
  const subject = "docker-connector";
  figures.add(udpLoss(64, 50_000), subject, 0.01);
  figures.add(residentMemoryAfterLong("vm"), subject, 90);
  figures.add(residentMemoryDrift("vm"), subject, -3.5);
  figures.add(roundTrip("full", "average"), subject, 500);
  figures.add(idleWakeUps("accessor"), "accessor", 8);
  assert.deepEqual(verdictOn(figures, /loss at 50k/), {
    target: "docker-connector: UDP 64 bytes, loss at 50k/s: at most 0 %",
    measured: "0.01 %",
    met: false,
  });
  assert.equal(verdictOn(figures, /RSS after 10 GB, VM/)?.met, false);
  assert.equal(verdictOn(figures, /over second, VM/)?.met, false);
  assert.equal(verdictOn(figures, /docker-connector: .* average, beside a full/)?.met, true);
  assert.equal(verdictOn(figures, /wake-ups, accessor/)?.met, true);
});

Deno.test("what was not measured is neither met nor missed", () => {
  const verdicts = judgeTargets(new Figures());
  assert.ok(verdicts.length > 20);
  assert.ok(verdicts.every(({ measured, met }) => measured === undefined && met === undefined));
  assert.equal(new Set(verdicts.map(({ target }) => target)).size, verdicts.length);
});
