import assert from "node:assert/strict";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { errno } from "../libc/errno.ts";
import { addAddress, listAddresses, removeAddress } from "./address.ts";
import { RTPROT } from "./constants.ts";
import { deleteLink, linkByName, listLinks, setLink } from "./link.ts";
import { asRootOnLinux, PrivateNetwork } from "./private_network_fixture.ts";
import { addRoutes, listRoutes, removeRoutes } from "./route.ts";
import { NetlinkSocket } from "./socket.ts";
import { address, prefix } from "../../tests/literals.ts";

function pair(local: string, peer: string): { local: IpAddress; peer: IpAddress } {
  return { local: address(local), peer: address(peer) };
}

/** A namespace with the persistent TUN interfaces t0 and t1, down. */
function networkWithTuns(): PrivateNetwork {
  const network = new PrivateNetwork();
  try {
    network.ip("tuntap add dev t0 mode tun");
    network.ip("tuntap add dev t1 mode tun");
    return network;
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
}

Deno.test(
  "the loopback is found without privilege (needs Linux)",
  { ignore: Deno.build.os !== "linux" },
  () => {
    using socket = NetlinkSocket.open();
    const loopback = linkByName(socket, "lo");
    assert.equal(loopback.index, 1);
    assert.equal(loopback.isTunnel, false);
    assert.ok(listLinks(socket).some(({ name }) => name === "lo"));
    assert.throws(() => linkByName(socket, "absent0"), { errno: errno.ENODEV });
  },
);

Deno.test("a link is changed and removed as iproute2 sees it (needs root on Linux)", asRootOnLinux, () => {
  using network = networkWithTuns();
  using socket = NetlinkSocket.open();
  const { index, kind, up } = linkByName(socket, "t0");
  assert.deepEqual([kind, up], ["tun", false]);
  setLink(socket, index, { up: true, mtu: 65535, txQueueLength: 1000 });
  const [seen] = network.list("-d link show t0");
  assert.equal(seen?.mtu, 65535);
  assert.equal(seen?.txqlen, 1000);
  assert.ok((seen?.flags as string[]).includes("UP"));
  assert.deepEqual(linkByName(socket, "t0"), {
    index,
    name: "t0",
    kind: "tun",
    up: true,
    carrier: false,
    isTunnel: true,
    mtu: 65535,
    txQueueLength: 1000,
  });

  setLink(socket, index, { mtu: 1400 });
  assert.ok(linkByName(socket, "t0").up, "a change of the MTU leaves the interface up");
  setLink(socket, index, { up: false });
  assert.equal(linkByName(socket, "t0").up, false);

  deleteLink(socket, index);
  assert.deepEqual(network.list("link show type tun").map(({ ifname }) => ifname), ["t1"]);
  assert.throws(() => deleteLink(socket, index), { errno: errno.ENODEV });
  assert.throws(() => setLink(socket, index, { up: true }), { errno: errno.ENODEV });
});

Deno.test("pairs of addresses come and go as iproute2 sees them (needs root on Linux)", asRootOnLinux, () => {
  using network = networkWithTuns();
  using socket = NetlinkSocket.open();
  const { index } = linkByName(socket, "t0");
  setLink(socket, index, { up: true });
  const v4 = pair("192.168.251.2", "192.168.251.1");
  const v6 = pair("fdc0:c0de:251::2", "fdc0:c0de:251::1");
  addAddress(socket, index, v4);
  addAddress(socket, index, v6);

  const [seen] = network.list("address show t0");
  const entries = (seen?.addr_info as Record<string, unknown>[]).filter(({ scope }) => scope === "global");
  assert.deepEqual(entries.map(({ local, address, prefixlen }) => [local, address, prefixlen]), [
    ["192.168.251.2", "192.168.251.1", 32],
    ["fdc0:c0de:251::2", "fdc0:c0de:251::1", 128],
  ]);
  assert.ok(entries.every((entry) => !("tentative" in entry)), "usable at once");

  const listed = listAddresses(socket, index).filter(({ local }) =>
    local.family === 4 || local.bytes[0] === 0xfd
  );
  assert.deepEqual(listed.map(({ local, peer }) => [formatAddress(local), peer && formatAddress(peer)]), [
    ["192.168.251.2", "192.168.251.1"],
    ["fdc0:c0de:251::2", "fdc0:c0de:251::1"],
  ]);
  assert.throws(() => addAddress(socket, index, v4), { errno: errno.EEXIST });
  assert.throws(() => addAddress(socket, index, v6), { errno: errno.EEXIST });

  network.ip("address add 10.9.8.7/24 dev t0");
  const [network24] = listAddresses(socket, index).filter(({ prefixLength }) => prefixLength === 24);
  assert.ok(network24);
  assert.equal(network24.peer, undefined);
  for (const listedAddress of [...listed, network24]) {
    removeAddress(socket, listedAddress);
    assert.throws(() => removeAddress(socket, listedAddress), { errno: errno.EADDRNOTAVAIL });
  }
  const [left] = network.list("address show t0");
  assert.deepEqual(
    (left?.addr_info as Record<string, unknown>[]).filter(({ scope }) => scope === "global"),
    [],
  );
});

for (
  const [family, prefixes] of [[4, ["172.17.0.0/16", "10.1.2.3/32"]], [6, [
    "fd00:1::/64",
    "fd00:2::3/128",
  ]]] as const
) {
  Deno.test(`IPv${family} routes belong to one interface (needs root on Linux)`, asRootOnLinux, () => {
    using network = networkWithTuns();
    using socket = NetlinkSocket.open();
    const first = linkByName(socket, "t0").index;
    const second = linkByName(socket, "t1").index;
    const wanted = prefixes.map(prefix);
    const down = addRoutes(socket, wanted, first).map((error) => error?.errno);
    assert.deepEqual(down, [errno.ENETDOWN, errno.ENETDOWN]);

    setLink(socket, first, { up: true });
    setLink(socket, second, { up: true });
    assert.deepEqual(addRoutes(socket, wanted, first), [undefined, undefined]);
    const shown = network.list(`-${family} route show proto static`);
    assert.deepEqual(
      shown.map(({ dst, dev }) => [dst, dev]).sort(),
      prefixes.map((text) => [text.replace(/\/(32|128)$/, ""), "t0"]).sort(),
    );
    const listed = listRoutes(socket, family).filter(({ protocol }) => protocol === RTPROT.STATIC);
    assert.deepEqual(listed.map(({ prefix }) => formatPrefix(prefix)).sort(), [...prefixes].sort());
    assert.ok(listed.every(({ interfaceIndex }) => interfaceIndex === first));

    const again = addRoutes(socket, wanted, second).map((error) => error?.errno);
    assert.deepEqual(again, [errno.EEXIST, errno.EEXIST]);
    const others = removeRoutes(socket, wanted, second).map((error) => error?.errno);
    assert.deepEqual(others, [errno.ESRCH, errno.ESRCH]);
    assert.equal(
      network.list(`-${family} route show proto static`).length,
      2,
      "the other interface's routes stay",
    );
    assert.deepEqual(removeRoutes(socket, wanted, first), [undefined, undefined]);
    assert.deepEqual(network.list(`-${family} route show proto static`), []);
  });
}

Deno.test(
  "a route to an interface that does not exist is refused (needs root on Linux)",
  asRootOnLinux,
  () => {
    using _network = networkWithTuns();
    using socket = NetlinkSocket.open();
    const errors = addRoutes(socket, [prefix("172.17.0.0/16"), prefix("fd00:1::/64")], 4711);
    assert.deepEqual(errors.map((error) => error?.errno), [errno.ENODEV, errno.ENODEV]);
  },
);
