import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import {
  parseDestination,
  parseFoundRoute,
  parseInterfaceState,
  parseReachedNetworks,
  parseRouteTable,
} from "./network_listing_darwin.ts";

const show = (routes: ReturnType<typeof parseRouteTable>) =>
  routes.map(({ prefix, interfaceName }) => `${formatPrefix(prefix)} ${interfaceName}`);

Deno.test("abbreviated IPv4 destinations are read", () => {
  const destinations = {
    default: "0.0.0.0/0",
    "0/1": "0.0.0.0/1",
    "128.0/1": "128.0.0.0/1",
    "10": "10.0.0.0/8",
    "10.1/16": "10.1.0.0/16",
    "10.33.33/24": "10.33.33.0/24",
    "10.33.33.128/25": "10.33.33.128/25",
    "172.17": "172.17.0.0/16",
    "172.16/12": "172.16.0.0/12",
    "172.17/24": "172.17.0.0/24",
    "192.168.0": "192.168.0.0/24",
    "192.168.0/16": "192.168.0.0/16",
    "192.168.65.1": "192.168.65.1/32",
    "255.255.255.255/32": "255.255.255.255/32",
  };
  for (const [text, prefix] of Object.entries(destinations)) {
    const parsed = parseDestination(text, 4);
    assert.equal(parsed && formatPrefix(parsed), prefix, text);
  }
});

Deno.test("IPv6 destinations are read, those with a zone are not", () => {
  const destinations = { default: "::/0", "fd00:1::/64": "fd00:1::/64", "fd00::2": "fd00::2/128" };
  for (const [text, prefix] of Object.entries(destinations)) {
    const parsed = parseDestination(text, 6);
    assert.equal(parsed && formatPrefix(parsed), prefix, text);
  }
  for (const text of ["fe80::%utun4/64", "fe80::1%lo0", "Internet6:", ""]) {
    assert.equal(parseDestination(text, 6), undefined, text);
  }
});

Deno.test("what is no IPv4 destination is none", () => {
  for (const text of ["", "Internet:", "link#4", "10/33", "1.2.3.4.5", "10.300/16", "10/", "/8"]) {
    assert.equal(parseDestination(text, 4), undefined, text);
  }
});

Deno.test("a destination of the other family is none", () => {
  assert.equal(parseDestination("10.0.0.0/8", 6), undefined);
  assert.equal(parseDestination("::1.2.3.4", 4), undefined);
});

Deno.test("the routing table gives the routes that programs made", () => {
  const table = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
10.8/16            utun5              USc                 utun5
127                127.0.0.1          UCS                   lo0
172.17             utun4              USc                 utun4
172.18             link#20            UCSI                utun4
192.168.1          link#14            UCS                   en0      !
192.168.1.7        0:1:2:3:4:5        UHLWIi                en0   1183
192.168.251.1      192.168.251.2      UH                  utun4
224.0.0/4          link#20            UmCS                utun4
255.255.255.255/32 link#20            UCS                 utun4
`;
  assert.deepEqual(show(parseRouteTable(table, 4)), [
    "0.0.0.0/0 en0",
    "10.8.0.0/16 utun5",
    "127.0.0.0/8 lo0",
    "172.17.0.0/16 utun4",
    "192.168.1.0/24 en0",
  ]);
});

Deno.test("networks that an interface is on are told from those that programs route", () => {
  const table = `Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
10                 utun5              USc                 utun5
100.64/10          link#22            UCS                 utun6
172.16/12          192.168.1.9        UGSc                  en0
192.168.1          link#14            UCS                   en0      !
`;
  const kinds = parseReachedNetworks(table, 4).map(({ prefix, isOwn, isTunnel }) =>
    `${formatPrefix(prefix)} ${isOwn} ${isTunnel}`
  );
  assert.deepEqual(kinds, [
    "0.0.0.0/0 false false",
    "10.0.0.0/8 false true",
    "100.64.0.0/10 false true",
    "172.16.0.0/12 false false",
    "192.168.1.0/24 true false",
  ]);
});

Deno.test("a VPN's routes are those of its tunnel, without the copies that are bound to an interface", () => {
  // A full tunnel by NetworkExtension with one network more: the router's default route has become a scoped one (I).
  const table = `Internet:
Destination        Gateway            Flags               Netif Expire
default            link#22            UCSg                utun6
default            192.168.1.1        UGScIg                en0
10.8.0.7           10.8.0.7           UH                  utun6
172.18             link#22            UCS                 utun6
172.18/17          utun4              USc                 utun4
172.18.128/17      utun4              USc                 utun4
172.18             link#14            UCSI                  en0
192.168.1          link#14            UCS                   en0      !
`;
  const shown = parseReachedNetworks(table, 4).map(({ prefix, interfaceName, isOwn, isTunnel }) =>
    `${formatPrefix(prefix)} ${interfaceName} ${isOwn ? "own" : "pushed"} ${isTunnel ? "tunnel" : "link"}`
  );
  assert.deepEqual(shown, [
    "0.0.0.0/0 utun6 pushed tunnel",
    "10.8.0.7/32 utun6 pushed tunnel",
    "172.18.0.0/16 utun6 pushed tunnel",
    "172.18.0.0/17 utun4 pushed tunnel",
    "172.18.128.0/17 utun4 pushed tunnel",
    "192.168.1.0/24 en0 own link",
  ]);
  assert.deepEqual(show(parseRouteTable(table, 4)).filter((line) => line.endsWith("utun4")), [
    "172.18.0.0/17 utun4",
    "172.18.128.0/17 utun4",
  ]);
});

Deno.test("the routing table of IPv6, with the columns of older releases, gives the same", () => {
  const table = `Internet6:
Destination                             Gateway                         Flags        Refs      Use   Netif Expire
fd00:1::/64                             utun4                           USc             1        0   utun4
fdc0:c0de:251::1                        fdc0:c0de:251::2                UH              0        0   utun4
fe80::%lo0/64                           fe80::1%lo0                     UcI             1        0     lo0
ff00::/8                                ::1                             UmCI            1        0     lo0
`;
  assert.deepEqual(show(parseRouteTable(table, 6)), ["fd00:1::/64 utun4"]);
});

Deno.test("a text without a table gives no routes", () => {
  assert.deepEqual(parseRouteTable("netstat: no such thing\n10 x US utun4\n", 4), []);
});

const found = (text: string, family: 4 | 6 = 4) => {
  const route = parseFoundRoute(text, family);
  return route && `${formatPrefix(route.prefix)} ${route.interfaceName}`;
};

Deno.test("the route that the system found is read with its own prefix", () => {
  const net = `   route to: 172.17.0.0
destination: 172.17.0.0
       mask: 255.255.0.0
  interface: utun4
      flags: <UP,DONE,STATIC,PRCLONING>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1400         0
`;
  assert.equal(found(net), "172.17.0.0/16 utun4");
  const wider = `   route to: 172.17.0.0
destination: default
       mask: default
    gateway: 192.168.1.1
  interface: en0
`;
  assert.equal(found(wider), "0.0.0.0/0 en0");
  assert.equal(found("destination: default\n mask: 128.0.0.0\n interface: utun9\n"), "0.0.0.0/1 utun9");
  assert.equal(found("destination: 10.1.2.3\n  interface: utun4\n"), "10.1.2.3/32 utun4");
  const ipv6 = "destination: fd00:1::\n       mask: ffff:ffff:ffff:ffff::\n  interface: utun4\n";
  assert.equal(found(ipv6, 6), "fd00:1::/64 utun4");
});

Deno.test("no route, another family and a mask with holes are nothing", () => {
  assert.equal(found(""), undefined);
  assert.equal(found("destination: 10.0.0.0\n mask: 255.0.0.0\n"), undefined);
  assert.equal(found("destination: 10.0.0.0\n mask: 255.0.255.0\n interface: en0\n"), undefined);
  assert.equal(found("destination: 10.0.0.0\n mask: 255.0.0.0\n interface: en0\n", 6), undefined);
});

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
