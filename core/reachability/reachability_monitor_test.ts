import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import type { ProbedNetwork } from "./probed_network.ts";
import { ReachabilityMonitor } from "./reachability_monitor.ts";

const address = (text: string) => parseAddress(text) ?? assert.fail(text);
const CLIENT = [address("192.168.251.1"), address("fdc0:c0de:251::1")];

function network(name: string, text: string, port?: number): ProbedNetwork {
  const own = address(text);
  const { family } = own;
  return {
    key: `${name}/${family}`,
    name,
    family,
    candidates: [{ container: `in ${name}`, address: own, port }],
  };
}

/** Asks once; what does not answer is given by key. Returns whom it asked. */
function ask(monitor: ReachabilityMonitor, ...silent: string[]): string[] {
  const asked = monitor.asked();
  monitor.settle(asked.map((each) => ({ ...each, isAnswered: !silent.includes(each.group.key) })));
  return asked.map(({ group: { key } }) => key);
}

function monitorOf(...networks: ProbedNetwork[]): ReachabilityMonitor {
  const monitor = new ReachabilityMonitor(CLIENT);
  monitor.networks = networks;
  return monitor;
}

Deno.test("the client is asked beside the networks, with the IP versions that they have", () => {
  const monitor = monitorOf(network("a", "172.20.0.2"));
  assert.deepEqual(ask(monitor), ["client/4", "a/4"]);
  monitor.networks = [network("a", "fd00::2"), network("b", "172.21.0.2")];
  assert.deepEqual(ask(monitor), ["client/4", "client/6", "a/6", "b/4"]);
  monitor.networks = [];
  assert.deepEqual([monitor.isIdle, ask(monitor)], [true, []]);
});

Deno.test("networks of an IP version that the tunnel does not carry are not asked", () => {
  const monitor = new ReachabilityMonitor(CLIENT.slice(0, 1));
  monitor.networks = [network("a", "fd00::2")];
  assert.ok(monitor.isIdle);
});

Deno.test("a network that does not answer is told with its place among the others", () => {
  const monitor = monitorOf(network("a", "172.20.0.2"), network("b", "172.21.0.2"));
  ask(monitor);
  assert.equal(monitor.break, undefined);
  ask(monitor, "a/4");
  assert.ok(monitor.isSuspect);
  ask(monitor, "a/4");
  assert.deepEqual(monitor.silent.map((each) => each.network.name), ["a"]);
  assert.deepEqual([monitor.answering("a"), monitor.answering("b"), monitor.answering("c")], [
    "no",
    "yes",
    "unknown",
  ]);
  assert.deepEqual(monitor.break, {
    silent: ["a/4"],
    clientAnswers: true,
    anyAnswers: true,
    isCertain: true,
  });
  assert.deepEqual([monitor.othersAnswer("a/4"), monitor.othersAnswer("b/4")], [true, false]);
  ask(monitor);
  assert.deepEqual([monitor.silent, monitor.break], [[], undefined]);
});

Deno.test("a client that is silent while its containers answer is no break", () => {
  const monitor = monitorOf(network("a", "172.20.0.2"));
  ask(monitor);
  for (let round = 0; round < 5; round++) ask(monitor, "client/4");
  assert.equal(monitor.clientAnswers(4), false);
  assert.equal(monitor.break, undefined);
});

Deno.test("a client that has never answered is not known to be silent", () => {
  const monitor = monitorOf(network("a", "172.20.0.2"));
  for (let round = 0; round < 5; round++) ask(monitor, "client/4");
  assert.equal(monitor.clientAnswers(4), undefined);
});

Deno.test("of many networks others are asked each time, and the silent ones always", () => {
  const many = Array.from({ length: 40 }, (_, index) => network(`n${index}`, `172.20.${index}.2`));
  const monitor = monitorOf(...many);
  const asked = [ask(monitor), ask(monitor), ask(monitor)];
  assert.ok(asked.every(({ length }) => length <= 17), "the client and 16 networks");
  assert.equal(new Set(asked.flat()).size, 41);
  while (monitor.answering("n3") !== "no") ask(monitor, "n3/4");
  for (let round = 0; round < 3; round++) assert.ok(ask(monitor, "n3/4").includes("n3/4"));
});

Deno.test("what is forgotten is not known, and soon found again", () => {
  const monitor = monitorOf(network("a", "172.20.0.2"));
  ask(monitor);
  for (let round = 0; round < 2; round++) ask(monitor, "a/4");
  monitor.forget();
  assert.deepEqual([monitor.answering("a"), monitor.break], ["unknown", undefined]);
  for (let round = 0; round < 2; round++) ask(monitor, "a/4");
  assert.equal(monitor.answering("a"), "no");
});
