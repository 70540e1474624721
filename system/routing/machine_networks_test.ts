import assert from "node:assert/strict";
import { formatPrefix } from "../../core/net/prefix.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { formatAddress } from "../../core/net/address.ts";
import { leastBridgeMtu, listContainerBridges, listDefaultGateways } from "./machine_networks.ts";

const listed = () =>
  listContainerBridges().map(({ name, subnets }) => [name, ...subnets.map(formatPrefix)].join(" ")).sort();

Deno.test(
  "bridges come with their networks, other interfaces not at all (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    assert.deepEqual(listed(), []);
    network.ip("link add br-one type bridge");
    network.ip("link add br-two type bridge");
    network.ip("link add other type veth peer name another");
    for (const name of ["br-one", "br-two", "other"]) network.ip(`link set ${name} up`);
    network.ip("addr add 172.18.0.1/16 dev br-one");
    network.ip("addr add fd00:1::1/64 dev br-one nodad");
    network.ip("addr add 172.19.0.1/16 dev other");
    // A route that somebody made leads to the bridge, but is not its network.
    network.ip("route add 10.0.0.0/8 dev br-one");
    assert.deepEqual(listed(), ["br-one 172.18.0.0/16 fd00:1::/64", "br-two"]);
    network.ip("link del br-one");
    assert.deepEqual(listed(), ["br-two"]);
  },
);

Deno.test("the least MTU of the bridges counts (needs root on Linux)", asRootOnLinux, () => {
  using network = new PrivateNetwork();
  assert.equal(leastBridgeMtu(), 1500);
  network.ip("link add br-long mtu 9000 type bridge");
  network.ip("link add other mtu 1280 type veth peer name another");
  assert.equal(leastBridgeMtu(), 9000);
  network.ip("link add br-short mtu 1450 type bridge");
  assert.equal(leastBridgeMtu(), 1450);
});

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
