/**
 * The part of the scenario about UDP sockets: datagrams pass, in batches and one by one, and errors are understood.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../../core/counters.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { DarwinUdpPort } from "../../../ffi/udp/udp_port_darwin.ts";
import type { UdpSocket } from "../../../ffi/udp/udp_socket.ts";
import { openDarwinUdpSocket } from "../../../ffi/udp/udp_socket_darwin.ts";
import { RELEASE_VARIABLE } from "../call_record.ts";
import { encoded, endpoint } from "./addresses.ts";
import { callsOf, failNext, numberOf, strictSystem as system } from "./double.ts";

const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);

function attach(socket: UdpSocket, connected = false) {
  const memory = new PacketMemory(16 << 20);
  const port = new DarwinUdpPort(
    memory,
    { descriptor: socket.descriptor, connected, offload: true },
    counters,
    system,
  );
  const list = new TxQueue(memory.arena, 256);
  const room = memory.arena.allocate(65536, 64);
  /** Sends datagrams of these lengths to an endpoint, and one more to each of the others. */
  const send = (lengths: readonly number[], index = 0, ...others: readonly number[]) => {
    list.clear();
    memory.arena.u8[room] = 0x45;
    for (const length of lengths) {
      list.pushWhole(room, length);
      list.endpoints[list.count - 1] = index;
    }
    for (const other of others) {
      list.pushWhole(room, 100);
      list.endpoints[list.count - 1] = other;
    }
    port.send(list);
  };
  return { port, memory, send };
}

/** Datagrams of both families, in batches and one by one, know whom they come from. */
export function datagramsPass(release: string, isBatched: boolean): void {
  Deno.env.set(RELEASE_VARIABLE, release);
  const receiveCall = isBatched ? "recvmsg_x" : "recvmsg";
  const [receives, sends] = [callsOf(receiveCall), callsOf(isBatched ? "sendmsg_x" : "sendmsg")];
  for (const host of ["127.0.0.1", "[::1]"]) {
    using first = openDarwinUdpSocket(endpoint(`${host}:0`), system);
    using second = openDarwinUdpSocket(endpoint(`${host}:0`), system);
    const local = first.localEndpoint();
    assert.deepEqual(local, { ...endpoint(`${host}:0`), port: local.port });
    const [sender, receiver] = [attach(first), attach(second)];
    const at = (socket: UdpSocket) => `${host}:${socket.localEndpoint().port}`;
    sender.port.setEndpoint(0, encoded(at(second)));
    receiver.port.setEndpoint(5, encoded(at(first)));
    receiver.port.setEndpoint(
      6,
      encoded(`${host === "[::1]" ? "[::2]" : "127.0.0.2"}:${first.localEndpoint().port}`),
    );
    receiver.port.setEndpoint(7, encoded(at(second)));
    // Longer than the send buffer that a socket has by default.
    const lengths = [20, 1400, 60_000, ...new Array<number>(20).fill(100)];
    sender.send(lengths);
    const received: number[] = [];
    for (let runs = receiver.port.receive(); runs > 0; runs = receiver.port.receive()) {
      for (let run = 0; run < runs; run++) {
        received.push(receiver.port.messageLength(run));
        assert.deepEqual([5, 6, 7].map((index) => receiver.port.messageIsFrom(run, index)), [
          true,
          false,
          false,
        ]);
        assert.equal(receiver.memory.arena.u8[receiver.port.messageOffset(run)], 0x45);
        assert.ok(!receiver.port.messageIsTruncated(run));
        const source = receiver.port.messageSource(run);
        assert.deepEqual(source.subarray(0, source[0]), encoded(at(first)));
      }
    }
    assert.deepEqual(received, lengths, `${release} ${host}`);
  }
  assert.ok(callsOf(receiveCall) > receives, `${receiveCall} was not used with ${release}`);
  assert.ok(callsOf(isBatched ? "sendmsg_x" : "sendmsg") > sends);
}

/** What the kernel says of a send or a receive leads to what it means. */
export function socketErrorsAreUnderstood(): void {
  Deno.env.set(RELEASE_VARIABLE, "24.6.0");
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  const { port, send } = attach(socket);
  port.setEndpoint(0, encoded("127.0.0.1:9"));
  const dropsOf = (name: string, times = 1) => {
    const before = [...counters];
    failNext("sendmsg_x", numberOf(name), times);
    send([100]);
    return (["outbound.packets", "drop.sendBufferFull", "drop.sendFailed"] as const)
      .map((counter) => (counters[Counter[counter]] ?? 0) - (before[Counter[counter]] ?? 0));
  };
  assert.deepEqual(dropsOf("ENOBUFS"), [0, 1, 0]);
  // What an earlier datagram has left is gone with the first try.
  for (const name of ["EINTR", "EAGAIN", "EMSGSIZE", "EHOSTUNREACH"]) {
    assert.deepEqual(dropsOf(name), [1, 0, 0], name);
  }
  assert.deepEqual(dropsOf("EAGAIN", 2), [0, 1, 0]);
  for (const name of ["EINTR", "EMSGSIZE", "EHOSTUNREACH"]) {
    assert.deepEqual(dropsOf(name, 2), [0, 0, 1], name);
  }
  for (const name of ["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"]) {
    const again = attach(socket);
    again.port.setEndpoint(0, encoded("127.0.0.1:9"));
    const plain = callsOf("sendmsg");
    failNext("sendmsg_x", numberOf(name));
    again.send([100]);
    assert.equal(callsOf("sendmsg"), plain + 1, name);
  }
  for (const name of ["EBADF", "ENOTSOCK"]) {
    failNext("recvmsg_x", numberOf(name));
    assert.equal(port.receive(), -1);
    assert.equal(port.failure, numberOf(name));
  }
  for (const name of ["ECONNREFUSED", "EAGAIN"]) {
    failNext("recvmsg_x", numberOf(name));
    assert.equal(port.receive(), 0);
  }
}

/** Which errors hide the datagrams that went out before them, on either kind of socket. */
export function partsOfBatchesAreUnderstood(): void {
  Deno.env.set(RELEASE_VARIABLE, "24.6.0");
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  const { port, send } = attach(socket);
  using peer = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  port.setEndpoint(0, encoded(`127.0.0.1:${peer.localEndpoint().port}`));
  // 255.255.255.255 is refused without SO_BROADCAST (EACCES).
  port.setEndpoint(1, encoded("255.255.255.255:9"));
  send([100]);
  const before = [...counters];
  const change = (name: keyof typeof Counter) =>
    (counters[Counter[name]] ?? 0) - (before[Counter[name]] ?? 0);
  send(new Array<number>(63).fill(100), 0, 1);
  assert.equal(change("outbound.packets"), 63);
  assert.equal(change("drop.sendFailed"), 1);
  assert.equal(receivedBy(peer), 64);

  socket.connect(peer.localEndpoint());
  const connected = attach(socket, true);
  connected.send([100, 100]);
  const refused = change("drop.sendFailed");
  failNext("sosendcheck", numberOf("ECONNREFUSED"));
  connected.send(new Array<number>(40).fill(100));
  assert.equal(change("drop.sendFailed"), refused);
  assert.equal(receivedBy(peer), 42);
}

/** How many datagrams wait on a socket. */
function receivedBy(socket: UdpSocket): number {
  const { port } = attach(socket);
  let received = 0;
  for (let runs = port.receive(); runs > 0; runs = port.receive()) received += runs;
  return received;
}

/** A datagram that the kernel cut is told by the plain call alone. */
export function cutDatagramsAreTold(): void {
  Deno.env.set(RELEASE_VARIABLE, "22.6.0");
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  const { port } = attach(socket);
  socket.send(Uint8Array.of(1), socket.localEndpoint());
  failNext("cut datagram", 1);
  assert.equal(port.receive(), 1);
  assert.ok(port.messageIsTruncated(0));
  Deno.env.set(RELEASE_VARIABLE, "24.6.0");
}

/** What goes to the peer of a connected socket names no address. */
export function connectedSocketsNeedNoAddress(): void {
  using peer = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  socket.connect(peer.localEndpoint());
  attach(socket, true).send([50]);
  assert.ok(socket.send(Uint8Array.of(1, 2)));
  const { port } = attach(peer);
  assert.equal(port.receive(), 2);
}
