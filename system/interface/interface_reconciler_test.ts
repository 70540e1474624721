import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { InterfaceReconciler } from "./interface_reconciler.ts";

const ADDRESS: IpAddress = { family: 4, bytes: new Uint8Array([192, 0, 2, 1]) };
const SETTINGS = { name: "connector0", mtu: 1400, address: ADDRESS, peer: ADDRESS };

function setUp() {
  const state = {
    lacks: false,
    now: 0,
    repaired: 0,
    told: 0,
    fault: undefined as OperationError | undefined,
  };
  const keeper = new InterfaceReconciler({
    now: () => state.now,
    wanted: () => SETTINGS,
    onRepaired: () => void state.told++,
    router: {
      hasDrifted: () => Promise.resolve(state.lacks),
      repairInterface: () => {
        if (state.fault !== undefined) return Promise.reject(state.fault);
        state.repaired++;
        state.lacks = false;
        return Promise.resolve();
      },
    },
  });
  return { state, keeper };
}

Deno.test("an interface that lacks something is repaired at once, one that does not is left alone", async () => {
  const { state, keeper } = setUp();
  await keeper.repair();
  assert.equal(state.repaired, 0);
  state.lacks = true;
  await keeper.repair();
  await keeper.repair();
  assert.deepEqual([state.repaired, state.told, keeper.fault, keeper.nextRepair], [
    1,
    1,
    undefined,
    undefined,
  ]);
});

Deno.test("one that is taken down again and again is a fault, and repaired with pauses", async () => {
  const { state, keeper } = setUp();
  for (; state.now < 100_000; state.now += 50) {
    state.lacks = true;
    await keeper.repair();
  }
  // Four at once, then after 1, 2, 4, 8, 16, 30 and 30 s.
  assert.equal(state.repaired, 11);
  assert.match(keeper.fault ?? "", /^Cannot keep interface connector0 up .* again and again/);
  const wait = keeper.nextRepair;
  assert.ok(wait !== undefined && wait > 0 && wait <= 30_000, String(wait));
  state.now += wait;
  await keeper.repair();
  state.now += 60_000;
  await keeper.repair();
  assert.equal(keeper.fault, undefined);
});

Deno.test("what cannot be repaired is a fault until it can", async () => {
  const { state, keeper } = setUp();
  state.lacks = true;
  state.fault = new OperationError("io", "Cannot repair interface connector0: broken");
  await assert.rejects(keeper.repair(), state.fault);
  assert.equal(keeper.fault, state.fault.report);
  state.fault = undefined;
  await keeper.repair();
  assert.deepEqual([state.repaired, keeper.fault], [1, undefined]);
});
