import assert from "node:assert/strict";
import fc from "fast-check";
import { addressFromUint32, addressToUint32, formatAddress } from "../net/address.ts";
import { isHostAddress, tunnelAddresses, virtualNetworkProblem } from "./virtual_network.ts";
import { prefix } from "../../tests/literals.ts";

Deno.test("the Docker side has the address of addr, the server the next", () => {
  const roles = tunnelAddresses(prefix("192.168.251.1/24"));
  assert.equal(formatAddress(roles.client), "192.168.251.1");
  assert.equal(formatAddress(roles.server), "192.168.251.2");
  assert.equal(formatAddress(tunnelAddresses(prefix("fdc0:c0de:251::ffff/64")).server), "fdc0:c0de:251::1:0");
});

Deno.test("hosts have the addresses between the first and the last of an IPv4 network", () => {
  const anyNetwork = fc.integer({ min: 8, max: 30 });
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), anyNetwork, (address, length) => {
    const size = 2 ** (32 - length);
    const first = Math.floor(address / size) * size;
    const network = { address: addressFromUint32(address), length };
    for (const candidate of [first - 1, first, first + 1, first + size - 2, first + size - 1, first + size]) {
      if (candidate < 0 || candidate > 0xffffffff) continue;
      const expected = candidate > first && candidate < first + size - 1;
      assert.equal(isHostAddress(network, addressFromUint32(candidate)), expected);
    }
  }));
});

Deno.test("a network without a problem has both roles inside it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 0, max: 32 }),
      (address, length) => {
        const addr = { address: addressFromUint32(address), length };
        if (virtualNetworkProblem(addr) !== undefined) return;
        const { client, server } = tunnelAddresses(addr);
        assert(isHostAddress(addr, client));
        assert(isHostAddress(addr, server));
        assert.equal(addressToUint32(server), addressToUint32(client) + 1);
      },
    ),
  );
  for (const fit of ["192.168.251.1/30", "10.0.0.1/8", "172.31.255.253/12", "fd00::1/126", "fd00::1/48"]) {
    assert.equal(virtualNetworkProblem(prefix(fit)), undefined, fit);
  }
});
