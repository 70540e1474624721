import assert from "node:assert/strict";
import { parseAddress } from "../core/net/address.ts";
import type { InterfaceSettings } from "../system/routing/router.ts";
import { interfaceStatus, unspecifiedEndpoint } from "./tunnel_program.ts";

function address(text: string) {
  return parseAddress(text) ?? assert.fail(text);
}

const base: InterfaceSettings = {
  name: "connector0",
  mtu: 1400,
  address: address("192.168.251.2"),
  peer: address("192.168.251.1"),
};

Deno.test("the interface's status has IPv6 addresses and a fault only where there are any", () => {
  const plain = { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" };
  assert.deepEqual(interfaceStatus(base, undefined), plain);
  assert.deepEqual(
    interfaceStatus({ ...base, address6: address("fd00::2"), peer6: address("fd00::1") }, {
      message: "down",
      remedy: "",
    }),
    { ...plain, address6: "fd00::2", peer6: "fd00::1", fault: "down" },
  );
});

Deno.test("the unspecified endpoint is any address of its family with a free port", () => {
  assert.deepEqual(unspecifiedEndpoint(4), { address: address("0.0.0.0"), port: 0 });
  assert.deepEqual(unspecifiedEndpoint(6), { address: address("::"), port: 0 });
});
