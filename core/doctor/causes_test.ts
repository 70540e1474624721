import assert from "node:assert/strict";
import { fault, type FaultCode } from "../faults/fault_table.ts";
import { AREAS, type CheckResult, faulty, skipped, sound, stateOf } from "./check_result.ts";
import { causesOf, nameCauses } from "./causes.ts";

const engineDown = fault("docker.engine-down", { why: "nothing listens there" });
const neverHeard = fault("client.never-heard", { listen: "0.0.0.0:2511" });
const silent = fault("network.silent", { network: "web", address: "10.99.0.5", place: "it is silent" });
const blocked = fault("path.udp-blocked", { why: "nothing comes" });

function codesOf(results: readonly CheckResult[]): FaultCode[] {
  return nameCauses(results).flatMap(({ faults }) => faults.map(({ code }) => code));
}

Deno.test("a consequence is not reported beside its cause, and its line names the cause", () => {
  const results = [
    faulty("client", "", neverHeard),
    faulty("engine", "", engineDown),
    faulty("network", "", silent),
  ];
  assert.deepEqual(codesOf(results), ["docker.engine-down"]);
  const [, client] = nameCauses(results);
  assert.deepEqual(client, skipped("client", 'not known before "engine" is solved'));
});

Deno.test("what is sound stays so beside a cause, and independent problems are both reported", () => {
  const closed = fault("sharing.closed", { why: "the port is taken" });
  const results = [faulty("engine", "", engineDown), sound("client", "heard"), faulty("sharing", "", closed)];
  assert.deepEqual(codesOf(results), ["docker.engine-down", "sharing.closed"]);
  assert.equal(nameCauses(results)[1]?.text, "heard");
});

Deno.test("a warning hides nothing", () => {
  assert.deepEqual(codesOf([faulty("path", "", blocked), faulty("network", "", silent)]), [
    "path.udp-blocked",
    "network.silent",
  ]);
});

Deno.test("causes come before their consequences in the order of the areas", () => {
  for (const [at, area] of AREAS.entries()) {
    for (const cause of causesOf(area)) {
      assert.ok(AREAS.indexOf(cause) < at, `${cause} comes after ${area}`);
    }
  }
});

Deno.test("the state of an area is that of its worst problem", () => {
  assert.equal(stateOf(faulty("path", "", blocked)), "warn");
  assert.equal(stateOf(faulty("path", "", blocked, neverHeard)), "fail");
  assert.equal(stateOf(sound("path", "")), "ok");
  assert.equal(stateOf(skipped("path", "")), "skip");
});
