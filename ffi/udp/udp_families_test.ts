/** Whom a socket hears and answers: IPv4 hosts on an IPv6 socket, link-local hosts of several links. */
import assert from "node:assert/strict";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { noise } from "../../core/offload/packets_fixture.ts";
import { HANDSHAKE_RATE_OPTIONS, HandshakeRateLimiter } from "../../core/wireguard/handshake_rate_limiter.ts";
import { asRootOnLinux, PrivateNetwork } from "../netlink/private_network_fixture.ts";
import { endpoint, UdpPeer } from "./udp_peer_fixture.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

function exchange(from: UdpPeer, to: UdpPeer, target: Endpoint): Endpoint {
  from.setEndpoint(0, target);
  from.add(noise(30, 1));
  from.send();
  const [{ source }] = to.receive(1);
  assert.ok(source);
  return source;
}

Deno.test(
  "a socket of both families knows IPv4 hosts by their IPv4 addresses, and answers them (needs Linux)",
  onLinux,
  () => {
    using both = new UdpPeer({ offload: true, address: "::" });
    using host = new UdpPeer({ offload: true, address: "127.0.0.5" });
    const { port } = both.endpoint;
    const source = exchange(host, both, endpoint("127.0.0.1", port));
    assert.equal(formatEndpoint(source), formatEndpoint(host.endpoint));
    both.setEndpoint(0, source);
    assert.equal(both.port.messageIsFrom(0, 0), true);
    assert.equal(formatEndpoint(exchange(both, host, source)), `127.0.0.1:${port}`);
    assert.equal(both.socket.send(new Uint8Array(5), source), true);
    assert.equal(host.receive(1)[0].octets.length, 5);
    both.socket.connect(source);
    // A port that the kernel chose may be another one now.
    assert.equal(formatAddress(both.endpoint.address), "127.0.0.1");
    host.setEndpoint(0, both.endpoint);
    host.add(noise(7, 1));
    host.send();
    assert.equal(both.receive(1)[0].octets.length, 7);
  },
);

Deno.test(
  "IPv4 hosts at a socket of both families have a share of the handshakes each (needs Linux)",
  onLinux,
  () => {
    using both = new UdpPeer({ offload: true, address: "::" });
    const rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, 0);
    const stranger = new Uint8Array(4);
    for (let count = 0; !rateLimiter.isUnderLoad(0); count++) rateLimiter.allow(stranger, 0, () => true);
    const addresses: IpAddress[] = [];
    for (let host = 1; host <= 100; host++) {
      using sender = new UdpPeer({ offload: false, address: `127.0.1.${host}` });
      addresses.push(exchange(sender, both, endpoint("127.0.0.1", both.endpoint.port)).address);
    }
    assert.deepEqual(addresses.map(formatAddress), addresses.map((_, index) => `127.0.1.${index + 1}`));
    const admissions = addresses.map(({ bytes }) => rateLimiter.allow(bytes, 0, () => true));
    assert.deepEqual([...new Set(admissions)], ["handshake"]);
  },
);

Deno.test(
  "link-local hosts with one address on two links are told apart, and answered (needs root on Linux)",
  asRootOnLinux,
  () => {
    using network = new PrivateNetwork();
    network.ip("link add d0 type veth peer name d1");
    const scopes = ["d0", "d1"].map((name) => {
      network.ip(`link set ${name} addrgenmode none up`);
      network.ip(`address add fe80::1/64 dev ${name} nodad`);
      const [{ ifindex }] = network.list(`link show ${name}`);
      return Number(ifindex);
    });
    network.ip("link set lo up");
    network.awaitOwnAddress("fe80::1", scopes.length);
    using server = new UdpPeer({ offload: true, address: "::" });
    const { port } = server.endpoint;
    const at = (scope: number) => ({ address: { ...endpoint("fe80::1", 0).address, scope }, port });
    using one = new UdpPeer({ offload: true, address: "::" });
    const [a, b] = scopes.map((scope) => exchange(one, server, at(scope)));
    assert.deepEqual([a?.address.scope, b?.address.scope], scopes);
    assert.ok(a && b);
    assert.equal(formatEndpoint(a), `[fe80::1%${scopes[0]}]:${one.endpoint.port}`);
    server.setEndpoint(1, b);
    assert.equal(server.port.messageIsFrom(0, 1), true);
    server.setEndpoint(1, a);
    assert.equal(server.port.messageIsFrom(0, 1), false, "the same address on another link");
    assert.deepEqual(exchange(server, one, a).address.scope, scopes[0]);
    assert.equal(server.socket.send(new Uint8Array(5), b), true);
    assert.equal(one.receive(1)[0].octets.length, 5);
  },
);
