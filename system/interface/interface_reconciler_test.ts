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
  const reconciler = new InterfaceReconciler({
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
  return { state, reconciler };
}

Deno.test("an interface that lacks something is repaired at once, one that does not is left alone", async () => {
  const { state, reconciler } = setUp();
  await reconciler.repair();
  assert.equal(state.repaired, 0);
  state.lacks = true;
  await reconciler.repair();
  await reconciler.repair();
  assert.deepEqual([state.repaired, state.told, reconciler.fault, reconciler.nextRepair], [
    1,
    1,
    undefined,
    undefined,
  ]);
});

Deno.test("one that is taken down again and again is a fault, and repaired with pauses", async () => {
  const { state, reconciler } = setUp();
  for (; state.now < 100_000; state.now += 50) {
    state.lacks = true;
    await reconciler.repair();
  }
  // Four at once, then after 1, 2, 4, 8, 16, 30 and 30 s.
  assert.equal(state.repaired, 11);
  assert.match(reconciler.fault?.message ?? "", /^Cannot keep interface connector0 up .* again and again/);
  const wait = reconciler.nextRepair;
  assert.ok(wait !== undefined && wait > 0 && wait <= 30_000, String(wait));
  state.now += wait;
  await reconciler.repair();
  state.now += 60_000;
  await reconciler.repair();
  assert.equal(reconciler.fault, undefined);
});

Deno.test("what cannot be repaired is a fault until it can", async () => {
  const { state, reconciler } = setUp();
  state.lacks = true;
  state.fault = new OperationError("io", "Cannot repair interface connector0: broken");
  await assert.rejects(reconciler.repair(), state.fault);
  assert.equal(reconciler.fault, state.fault);
  state.fault = undefined;
  await reconciler.repair();
  assert.deepEqual([state.repaired, reconciler.fault], [1, undefined]);
});
