import assert from "node:assert/strict";
import fc from "fast-check";
import { Counter } from "../../core/counters.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { hex } from "../../core/offload/frame_fixture.ts";
import { noise } from "../../core/offload/packets_fixture.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { CMSG, MMSGHDR } from "../libc/constants_linux.ts";
import { LinuxUdpPort } from "./udp_port_linux.ts";
import { endpoint, UdpPeer } from "./udp_peer_fixture.ts";
import { RECEIVE_FAILED } from "./udp_socket.ts";
import { openWaker } from "../libc/poll.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("struct mmsghdr and struct cmsghdr are laid out as on 64-bit Linux", () => {
  assert.deepEqual(MMSGHDR, {
    size: 64,
    name: 0,
    nameLength: 8,
    iov: 16,
    iovLength: 24,
    control: 32,
    controlLength: 40,
    flags: 48,
    length: 56,
  });
  assert.deepEqual(CMSG, { size: 24, length: 0, level: 8, type: 12, data: 16 });
});

/** Sizes as a tunnel sees them: rows of equal ones, a shorter one at their end, and single ones of all sizes. */
const anySizes = fc.array(
  fc.tuple(
    fc.constantFrom(1, 20, 64, 576, 1348, 1400),
    fc.constantFrom(1, 2, 3, 63, 64, 65, 130),
    fc.nat({ max: 1399 }),
  ),
  { maxLength: 6 },
).map((rows) =>
  rows.flatMap((
    [size, count, end],
  ) => [...new Array(count).fill(size), ...(end > 0 && end < size ? [end] : [])])
);

for (const [sends, receives] of [[true, true], [true, false], [false, true], [false, false]]) {
  const how = `${sends ? "cut by the kernel" : "sent singly"} and ${
    receives ? "joined by it" : "received singly"
  }`;
  Deno.test(`all datagrams arrive whole and in order, ${how} (needs Linux)`, onLinux, () => {
    using sender = new UdpPeer({ offload: sends });
    using receiver = new UdpPeer({ offload: receives });
    sender.setEndpoint(0, receiver.endpoint);
    let packets = 0;
    let bytes = 0;
    fc.assert(
      fc.property(anySizes, fc.boolean(), (sizes, split) => {
        // Small socket buffers, as without a privilege, hold no more.
        const datagrams = sizes.slice(0, 100).map((size, index) => noise(size, index));
        for (const datagram of datagrams) sender.add(datagram, 0, split ? Math.min(20, datagram.length) : 0);
        sender.send();
        const arrivals = receiver.receive(datagrams.length);
        assert.deepEqual(arrivals.map(({ octets }) => hex(octets)), datagrams.map(hex));
        packets += datagrams.length;
        bytes += datagrams.reduce((total, { length }) => total + length, 0);
      }),
      { numRuns: 40 },
    );
    assert.equal(sender.counters[Counter["outbound.packets"]], packets);
    assert.equal(sender.counters[Counter["outbound.bytes"]], bytes);
  });
}

Deno.test(
  "a row of equal datagrams travels as few runs, single ones after it are single (needs Linux)",
  onLinux,
  () => {
    using sender = new UdpPeer({ offload: true });
    using receiver = new UdpPeer({ offload: true });
    sender.setEndpoint(0, receiver.endpoint);
    for (let index = 0; index < 30; index++) sender.add(noise(1400, index));
    sender.add(noise(700, 30));
    sender.send();
    const joined = receiver.receive(31).map(({ octets }) => octets.length);
    assert.deepEqual(joined, [...new Array(30).fill(1400), 700]);
    assert.equal(receiver.runs, 1);
    sender.add(noise(900, 1));
    sender.send();
    const [single] = receiver.receive(1);
    assert.equal(single.octets.length, 900, "the last run's segment size is forgotten");
  },
);

Deno.test("more datagrams than fit into one call are all sent (needs Linux)", onLinux, () => {
  using sender = new UdpPeer({ offload: true });
  using receiver = new UdpPeer({ offload: true });
  sender.setEndpoint(0, receiver.endpoint);
  // No two neighbours can share a message, so there are 600 of them.
  const sizes = Array.from({ length: 600 }, (_, index) => 1 + index % 300);
  for (let part = 0; part < 600; part += 300) {
    for (const size of sizes.slice(part, part + 300)) sender.add(noise(size, size));
  }
  sender.send();
  assert.deepEqual(receiver.receive(600).map(({ octets }) => octets.length), sizes);
});

Deno.test("each datagram goes to its endpoint, those without one nowhere (needs Linux)", onLinux, () => {
  using sender = new UdpPeer({ offload: true });
  using a = new UdpPeer({ offload: true });
  using b = new UdpPeer({ offload: true });
  sender.setEndpoint(0, a.endpoint);
  sender.setEndpoint(1023, b.endpoint);
  const to = [-1, 0, 0, 1023, -1, 1023, 0, -1, -1, 0, -1];
  to.forEach((index, number) => sender.add(new Uint8Array(50).fill(number), index));
  sender.send();
  const numbers = (peer: UdpPeer, count: number) => peer.receive(count).map(({ octets }) => octets[0]);
  assert.deepEqual(numbers(a, 4), [1, 2, 6, 9]);
  assert.deepEqual(numbers(b, 2), [3, 5]);
  assert.equal(sender.counters[Counter["outbound.packets"]], 6);
});

for (const address of ["127.0.0.1", "::1"]) {
  Deno.test(`who sent a run is known, ${address} (needs Linux)`, onLinux, () => {
    using receiver = new UdpPeer({ offload: true, address });
    using known = new UdpPeer({ offload: true, address });
    using foreign = new UdpPeer({ offload: true, address });
    const isFrom = (sender: UdpPeer) => {
      sender.setEndpoint(0, receiver.endpoint);
      sender.add(noise(30, 1));
      sender.send();
      const [{ source }] = receiver.receive(1);
      assert.ok(source);
      assert.equal(formatEndpoint(source), formatEndpoint(sender.endpoint));
      return receiver.port.messageIsFrom(0, 0);
    };
    assert.equal(isFrom(known), false, "nobody is named yet");
    receiver.setEndpoint(0, known.endpoint);
    assert.equal(isFrom(known), true);
    assert.equal(isFrom(foreign), false, "another port");
    receiver.setEndpoint(0, {
      ...foreign.endpoint,
      address: endpoint(address === "::1" ? "::2" : "127.0.0.2", 0).address,
    });
    assert.equal(isFrom(foreign), false, "another address");
    receiver.setEndpoint(0, undefined);
    assert.equal(isFrom(known), false, "the name was taken away");
  });
}

Deno.test("a connected socket sends without a name and hears its peer alone (needs Linux)", onLinux, () => {
  using server = new UdpPeer({ offload: true });
  using client = new UdpPeer({ offload: true, connect: server.endpoint });
  using foreign = new UdpPeer({ offload: true });
  for (let index = 0; index < 3; index++) client.add(noise(100, index));
  client.send();
  assert.equal(server.receive(3).length, 3);
  foreign.setEndpoint(0, client.endpoint);
  foreign.add(noise(10, 1));
  foreign.send();
  server.setEndpoint(0, client.endpoint);
  server.add(noise(20, 2));
  server.send();
  assert.deepEqual(client.receive(1).map(({ octets }) => octets.length), [20]);
  assert.equal(client.port.messageIsFrom(0, 0), true);
});

Deno.test("the largest datagram there is fits, so none is ever cut short (needs Linux)", onLinux, () => {
  for (const offload of [true, false]) {
    using sender = new UdpPeer({ offload });
    using receiver = new UdpPeer({ offload });
    sender.setEndpoint(0, receiver.endpoint);
    const largest = noise(65507, 1);
    sender.add(largest);
    sender.send();
    assert.equal(hex(receiver.receive(1)[0].octets), hex(largest));
    // The most that one joined message carries.
    for (let index = 0; index < 46; index++) sender.add(noise(1400, index));
    sender.send();
    assert.equal(receiver.receive(46).length, 46);
  }
});

Deno.test("a datagram that cannot be sent is counted, and the others are sent (needs Linux)", onLinux, () => {
  using sender = new UdpPeer({ offload: true });
  using receiver = new UdpPeer({ offload: true });
  sender.setEndpoint(0, receiver.endpoint);
  sender.setEndpoint(1, endpoint("127.0.0.1", 0));
  sender.add(noise(100, 1));
  sender.add(noise(65508, 2));
  sender.add(noise(100, 3), 1);
  sender.add(noise(100, 4));
  sender.send();
  assert.equal(receiver.receive(2).length, 2);
  assert.equal(sender.counters[Counter["drop.sendFailed"]], 2);
  assert.equal(sender.counters[Counter["outbound.packets"]], 2);
  assert.equal(sender.counters[Counter["outbound.bytes"]], 200);
});

Deno.test("a closed port at the peer does not end the socket (needs Linux)", onLinux, () => {
  const gone = new UdpPeer({ offload: true });
  using client = new UdpPeer({ offload: true, connect: gone.endpoint });
  gone[Symbol.dispose]();
  const send = () => {
    client.add(noise(50, 1));
    client.send();
  };
  send();
  assert.deepEqual(client.receiveReady(), [], "the peer's ICMP message is no datagram");
  send();
  send();
  assert.equal(
    client.counters[Counter["drop.sendFailed"]],
    0,
    "the report of the second one's fate is not about the third",
  );
  using back = new UdpPeer({ offload: true });
  client.socket.connect(back.endpoint);
  send();
  assert.equal(back.receive(1).length, 1);
});

Deno.test("an empty datagram is a run of no octets (needs Linux)", onLinux, () => {
  using receiver = new UdpPeer({ offload: true });
  using sender = new UdpPeer({ offload: true });
  sender.socket.send(new Uint8Array(), receiver.endpoint);
  sender.socket.send(new Uint8Array([7]), receiver.endpoint);
  assert.deepEqual(receiver.receive(1).map(({ octets }) => octets), [new Uint8Array([7])]);
});

Deno.test(
  "nothing to receive is no failure, a descriptor that is no socket is one (needs Linux)",
  onLinux,
  () => {
    using peer = new UdpPeer({ offload: true });
    assert.equal(peer.port.receive(), 0);
    using wake = openWaker();
    const attach = (descriptor: number) =>
      new LinuxUdpPort(
        new PacketMemory(16 << 20),
        { descriptor, connected: false, offload: true },
        peer.counters,
      );
    for (
      const [descriptor, number] of [[wake.descriptor, linuxErrno.ENOTSOCK], [0x7fff_ffff, linuxErrno.EBADF]]
    ) {
      const port = attach(descriptor);
      assert.equal(port.receive(), RECEIVE_FAILED);
      assert.equal(port.failure, number);
    }
  },
);
