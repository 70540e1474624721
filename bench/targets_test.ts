import assert from "node:assert/strict";
import {
  cpuPerGigabyte,
  Figures,
  roundTrip,
  sessionRoundTrip,
  sessionThroughput,
  tcpThroughput,
  tcpThroughputIpv6,
  udpLoss,
} from "./figures.ts";
import { judgeTargets } from "./targets.ts";

const verdictOn = (figures: Figures, target: RegExp) =>
  judgeTargets(figures).find((verdict) => target.test(verdict.target));

Deno.test("a ratio of medians decides, at its bound still in favour", () => {
  const figures = new Figures();
  for (const value of [100, 900, 110]) figures.add(tcpThroughput("to", 1), "wireguard-go", value);
  for (const value of [880, 1, 9000]) figures.add(tcpThroughput("to", 1), "docker-connector", value);
  figures.add(tcpThroughput("to", 1), "VXLAN", 1761);
  figures.add(roundTrip("idle", 50), "wireguard-go", 100);
  figures.add(roundTrip("idle", 50), "docker-connector", 61);
  figures.add(cpuPerGigabyte("from", "vm"), "wireguard-go", 3);
  figures.add(cpuPerGigabyte("from", "vm"), "docker-connector", 1);

  assert.deepEqual(verdictOn(figures, /^TCP to .* 8 x wireguard-go/), {
    target: "TCP to container, 1 stream: at least 8 x wireguard-go",
    measured: "8.00 x",
    met: true,
  });
  assert.equal(verdictOn(figures, /^TCP to .* VXLAN/)?.met, false);
  assert.equal(verdictOn(figures, /p50, idle/)?.met, false);
  assert.equal(verdictOn(figures, /^CPU, TCP from .* 0\.33 x/)?.met, true);
});

Deno.test("IPv6 is judged beside IPv4 of the same direction", () => {
  const figures = new Figures();
  const subject = "docker-connector";
  for (const value of [1000, 990, 2000]) figures.add(tcpThroughput("to", 1), subject, value);
  for (const value of [900, 910, 890]) figures.add(tcpThroughputIpv6("to"), subject, value);
  assert.deepEqual(verdictOn(figures, /^TCP to container, IPv6/), {
    target: "TCP to container, IPv6: at least 0.9 x IPv4",
    measured: "0.90 x",
    met: true,
  });
  assert.equal(verdictOn(figures, /^TCP from container, IPv6/)?.met, undefined);
});

Deno.test("no loss means none in the median round", () => {
  const figures = new Figures();
  for (const percent of [0, 0.5, 0]) figures.add(udpLoss(64, 50_000), "docker-connector", percent);
  assert.deepEqual(verdictOn(figures, /loss at 50k/)?.met, true);
  for (const percent of [0.1, 0.1]) figures.add(udpLoss(64, 50_000), "docker-connector", percent);
  assert.equal(verdictOn(figures, /loss at 50k/)?.measured, "0.10 %");
  assert.equal(verdictOn(figures, /loss at 50k/)?.met, false);
});

Deno.test("what was not measured is neither met nor missed", () => {
  const verdicts = judgeTargets(new Figures());
  assert.ok(verdicts.length > 10);
  assert.ok(verdicts.every(({ measured, met }) => measured === undefined && met === undefined));
});

Deno.test("each cipher is judged beside wireguard-go", () => {
  const figures = new Figures();
  figures.add(sessionThroughput("to"), "wireguard-go", 100);
  figures.add(sessionThroughput("to"), "encrypted (libcrypto)", 349);
  figures.add(sessionThroughput("to"), "encrypted (wasm)", 150);
  figures.add(sessionRoundTrip(50), "wireguard-go", 100);
  figures.add(sessionRoundTrip(50), "encrypted (wasm)", 80);
  assert.equal(verdictOn(figures, /to server.*libcrypto/)?.met, false);
  assert.equal(verdictOn(figures, /to server.*wasm/)?.met, true);
  assert.equal(verdictOn(figures, /p50.*wasm/)?.met, true);
  assert.equal(verdictOn(figures, /p50.*libcrypto/)?.met, undefined);
});
