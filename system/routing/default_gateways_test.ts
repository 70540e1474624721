import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { listDefaultGateways } from "./default_gateways.ts";

Deno.test(
  "the gateways of default routes are listed by their metric (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    assert.deepEqual(listDefaultGateways(), []);
    network.ip("tuntap add dev t0 mode tun");
    network.ip("link set t0 up");
    network.ip("address add 192.0.2.1/24 dev t0");
    network.ip("route add default via 192.0.2.9 metric 200");
    network.ip("route add default via 192.0.2.8 metric 100");
    network.ip("route add default dev t0 metric 300");
    network.ip("route add 198.51.100.0/24 via 192.0.2.7");
    assert.deepEqual(listDefaultGateways().map(formatAddress), ["192.0.2.8", "192.0.2.9"]);
  },
);
