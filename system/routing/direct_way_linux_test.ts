import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { linuxLibc } from "../../ffi/libc/libc_linux.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import { address, endpoint, prefix } from "../../tests/literals.ts";
import {
  addDirectRoutes,
  type DirectWay,
  findDirectWay,
  removeDirectRoutes,
  sentPackets,
} from "./direct_way_linux.ts";
import { listMachineAddresses } from "./machine_networks.ts";
import { LinuxRouter } from "./router_linux.ts";

// Opened for the thread's life, so not by a test.
if (Deno.build.os === "linux") linuxLibc();

const CONTAINERS = prefix("172.20.0.0/16");
const ROUTING = { source: address("192.168.251.2"), maxSegment: 1360 };

/** The tunnel's interface, and a link with 10.79.0.1/24 whose other end is up too. */
async function desktop(): Promise<PrivateNetwork> {
  const network = new PrivateNetwork();
  try {
    network.ip("tuntap add dev connector0 mode tun");
    network.ip("link add eth1 type veth peer name far");
    for (const name of ["eth1", "far"]) network.ip(`link set ${name} up`);
    network.ip("address add 10.79.0.1/24 dev eth1");
    await new LinuxRouter().configureInterface({
      name: "connector0",
      mtu: 1400,
      address: address("192.168.251.2"),
      peer: address("192.168.251.1"),
    });
    return network;
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
}

/** Where the kernel sends a packet, and by which router and source. */
function lookUp(network: PrivateNetwork, to: string): string {
  const [route] = network.list(`route get ${to}`);
  return `${route?.dev} ${route?.gateway ?? "-"} ${route?.prefsrc}`;
}

const find = (to: string): DirectWay | undefined => findDirectWay(address(to), "connector0");

Deno.test(
  "a way is found to what is on a link of this machine, and to nothing else (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = await desktop();
    const way = find("10.79.0.2") ?? assert.fail("none was found");
    assert.deepEqual([way.interfaceName, formatAddress(way.own)], ["eth1", "10.79.0.1"]);
    network.ip("route add default via 10.79.0.9");
    network.ip("route add 10.5.0.0/16 dev eth1");
    const reasons = {
      "192.0.2.1": "by the default route",
      "10.5.0.1": "by a route to an interface that has no such network",
      "10.79.0.1": "an address of this machine",
      "192.168.251.1": "by the tunnel",
      "127.0.0.1": "by the loopback",
    };
    for (const [to, why] of Object.entries(reasons)) assert.equal(find(to), undefined, why);
    // As a VPN does.
    network.ip("route add 10.79.0.2 via 10.79.0.9");
    assert.equal(find("10.79.0.2"), undefined);
    network.ip("route del 10.79.0.2");
    assert.ok(find("10.79.0.2"));
    network.ip("link set far down");
    assert.equal(find("10.79.0.2"), undefined, "nobody is at the other end");
  },
);

Deno.test(
  "direct routes stand in front of the tunnel's, which hold again after them (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = await desktop();
    const router = new LinuxRouter();
    await router.addRoute(CONTAINERS, "connector0");
    const way = find("10.79.0.2") ?? assert.fail("none was found");
    const [tunnel, direct] = ["connector0 - 192.168.251.2", "eth1 10.79.0.2 192.168.251.2"];
    const led = [CONTAINERS, prefix("192.168.251.1/32")];
    const all = () => ["172.20.0.2", "192.168.251.1"].map((to) => lookUp(network, to));
    assert.deepEqual(all(), [tunnel, tunnel]);
    assert.deepEqual(addDirectRoutes(led, way, ROUTING), { changed: led, faults: [] });
    assert.deepEqual(addDirectRoutes(led, way, ROUTING), { changed: [], faults: [] });
    assert.deepEqual(all(), [direct, direct]);
    assert.match(network.ip("route show 172.20.0.0/16"), /advmss 1360/);

    // They are neither somebody else's nor in the tunnel's way.
    const others = await router.listOtherRoutes("connector0", 4);
    assert.deepEqual(
      others.map((each) => formatPrefix(each.prefix)).filter((each) => each.startsWith("172.")),
      [],
    );
    await router.removeRoute(CONTAINERS, "connector0");
    assert.deepEqual(await router.addRoutes([CONTAINERS], "connector0"), []);
    assert.deepEqual(all(), [direct, direct]);

    assert.deepEqual(removeDirectRoutes(led, way, ROUTING), { changed: led, faults: [] });
    assert.deepEqual(removeDirectRoutes(led, way, ROUTING), { changed: [], faults: [] });
    assert.deepEqual(all(), [tunnel, tunnel]);
  },
);

Deno.test(
  "direct routes go with the link, and with the tunnel's address (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = await desktop();
    await new LinuxRouter().addRoute(CONTAINERS, "connector0");
    const way = find("10.79.0.2") ?? assert.fail("none was found");
    addDirectRoutes([CONTAINERS], way, ROUTING);
    network.ip("link set eth1 down");
    assert.equal(lookUp(network, "172.20.0.2"), "connector0 - 192.168.251.2");
    network.ip("link set eth1 up");
    addDirectRoutes([CONTAINERS], way, ROUTING);
    network.ip("link del connector0");
    assert.equal(network.ip("route show 172.20.0.0/16"), "");
    assert.match(addDirectRoutes([CONTAINERS], way, ROUTING).faults.join(), /172\.20\.0\.0\/16/);
  },
);

Deno.test(
  "what an interface has sent is counted (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = await desktop();
    const before = sentPackets("eth1") ?? assert.fail("there is no such interface");
    using socket = await openUdpSocket({ address: address("10.79.0.1"), port: 0 });
    network.ip("neigh add 10.79.0.2 lladdr 02:00:5e:10:00:01 dev eth1");
    for (let count = 0; count < 10; count++) socket.send(new Uint8Array(1), endpoint("10.79.0.2:9"));
    assert.ok((sentPackets("eth1") ?? 0) >= before + 10);
    assert.equal(sentPackets("absent"), undefined);
  },
);

Deno.test(
  "a machine tells the addresses by which others reach it (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = await desktop();
    network.ip("link add docker0 type bridge");
    network.ip("link set docker0 up");
    network.ip("link set lo up");
    network.ip("address add 172.17.0.1/16 dev docker0");
    network.ip("address add 169.254.1.1/16 dev eth1");
    network.ip("address add 10.80.0.1 peer 10.80.0.2/32 dev eth1");
    const told = listMachineAddresses().map(({ address, interfaceName }) =>
      `${interfaceName} ${formatAddress(address)}`
    );
    assert.deepEqual(told, ["eth1 10.79.0.1"]);
  },
);
