import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import type { InterfaceSettings } from "../../system/routing/router.ts";
import { address } from "../../tests/literals.ts";
import { InterfaceMtu } from "./interface_mtu.ts";

const settings: InterfaceSettings = {
  name: "utun4",
  mtu: 1400,
  address: address("192.168.251.2"),
  peer: address("192.168.251.1"),
};

/** An interface whose MTU is changed, or that refuses it. */
function open(engineMtu: number | undefined, refuses = false) {
  const given: number[] = [];
  const mtu = new InterfaceMtu({
    settings,
    engineMtu,
    router: {
      repairInterface({ mtu }) {
        if (refuses) return Promise.reject(new OperationError("io", "Cannot repair interface utun4: busy"));
        given.push(mtu);
        return Promise.resolve();
      },
    },
  });
  return { mtu, given };
}

Deno.test("the MTU is long while packets go by the engine path", async () => {
  const { mtu, given } = open(16_000);
  await mtu.follow("udp");
  assert.deepEqual(given, []);
  await mtu.follow("engine");
  assert.deepEqual(mtu.settings, { ...settings, mtu: 16_000 });
  await mtu.follow("engine");
  await mtu.follow("udp");
  assert.deepEqual(given, [16_000, 1400]);
  assert.deepEqual(mtu.settings, settings);
});

Deno.test("an interface with offload keeps its MTU", async () => {
  const { mtu, given } = open(undefined);
  await mtu.follow("engine");
  assert.deepEqual([given, mtu.settings], [[], settings]);
});

Deno.test("what the system refuses stays wanted, for the reconciler", async () => {
  const { mtu } = open(16_000, true);
  await mtu.follow("engine");
  assert.equal(mtu.settings.mtu, 16_000);
});

Deno.test("the last of many switches counts", async () => {
  const { mtu, given } = open(16_000);
  await Promise.all(["engine", "udp", "engine", "udp"].map((path) => mtu.follow(path as "engine" | "udp")));
  assert.deepEqual([given.at(-1), mtu.settings.mtu], [1400, 1400]);
});

Deno.test("after its end the interface is left alone", async () => {
  const { mtu, given } = open(16_000);
  await mtu[Symbol.asyncDispose]();
  await mtu.follow("engine");
  assert.deepEqual([given, mtu.settings], [[], settings]);
});
