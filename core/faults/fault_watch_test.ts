import assert from "node:assert/strict";
import { fault } from "./fault_table.ts";
import { FaultWatch } from "./fault_watch.ts";

const silent = fault("client.silent", { seconds: 5 });
const weak = fault("sharing.weak-token", { count: 1 });
const taken = (prefix: string) => fault("route.taken", { prefix, interfaceName: "tun0" });
const codes = (faults: readonly { readonly code: string }[]) => faults.map(({ code }) => code);

Deno.test("a problem shows once it has lasted as long as its row says", () => {
  const watch = new FaultWatch();
  assert.deepEqual(watch.update([silent], 10_000), []);
  assert.deepEqual(watch.update([silent], 11_999), []);
  const later = fault("client.silent", { seconds: 7 });
  assert.deepEqual(watch.update([later], 12_000), [{ ...later, since: 10_000 }]);
});

Deno.test("the wait until the next problem shows is told", () => {
  const watch = new FaultWatch();
  assert.equal(watch.nextShow, undefined);
  watch.update([silent, taken("10.0.0.0/8")], 1_000);
  assert.equal(watch.nextShow, 2_000);
  watch.update([silent, taken("10.0.0.0/8")], 3_500);
  assert.equal(watch.nextShow, 500);
  watch.update([silent, taken("10.0.0.0/8")], 4_000);
  assert.equal(watch.nextShow, undefined);
});

Deno.test("a problem that was gone begins again", () => {
  const watch = new FaultWatch();
  watch.update([silent], 0);
  watch.update([], 1_000);
  assert.deepEqual(watch.update([silent], 2_000), []);
  assert.equal(watch.update([silent], 4_000)[0]?.since, 2_000);
});

Deno.test("two problems of one code are apart, and errors come before warnings", () => {
  const watch = new FaultWatch();
  watch.update([weak, taken("10.0.0.0/8")], 0);
  const shown = watch.update([weak, taken("10.0.0.0/8"), taken("172.16.0.0/12")], 3_000);
  assert.deepEqual(codes(shown), ["route.taken", "sharing.weak-token"]);
  assert.equal(shown[0]?.subject, "10.0.0.0/8");
  assert.deepEqual(codes(watch.update([weak, taken("172.16.0.0/12")], 6_000)), [
    "route.taken",
    "sharing.weak-token",
  ]);
});

Deno.test("a clock that was set back begins the wait again, and no longer", () => {
  const watch = new FaultWatch();
  watch.update([silent], 1_000_000);
  watch.update([silent], 1_000);
  assert.deepEqual(codes(watch.update([silent], 3_000)), ["client.silent"]);
});
