import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { parseInterfaceState } from "./interface_state_darwin.ts";

Deno.test("addresses, MTU and flags of an interface are read", () => {
  const state = parseInterfaceState(`utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1400
\tinet 192.168.251.2 --> 192.168.251.1 netmask 0xffffffff
\tinet6 fe80::1:2%utun4 prefixlen 64 scopeid 0x14
\tinet6 fdc0:c0de:251::2 --> fdc0:c0de:251::1 prefixlen 128
\tnd6 options=201<PERFORMNUD,DAD>
`);
  assert.deepEqual([state.mtu, state.isUp], [1400, true]);
  assert.deepEqual(
    state.addresses.map(({ local, peer }) => [formatAddress(local), peer && formatAddress(peer)]),
    [
      ["192.168.251.2", "192.168.251.1"],
      ["fe80::1:2", undefined],
      ["fdc0:c0de:251::2", "fdc0:c0de:251::1"],
    ],
  );
});

Deno.test("an interface that is down and has nothing is read as such", () => {
  assert.deepEqual(parseInterfaceState("utun4: flags=8010<POINTOPOINT,MULTICAST> mtu 1500\n"), {
    mtu: 1500,
    isUp: false,
    addresses: [],
  });
  assert.deepEqual(parseInterfaceState("gif0: flags=0<UPPER>\n"), { mtu: 0, isUp: false, addresses: [] });
});
