/**
 * One walk through ffi/'s macOS side over the double of libSystem, in an empty network namespace: every number that ffi/ has of
 * Darwin is used, and what comes of it is looked at. Ends with status 0 when all is right.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../../core/counters.ts";
import { parseAddress } from "../../../core/net/address.ts";
import type { Endpoint } from "../../../core/net/endpoint.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { controlId, openDarwinTun } from "../../../ffi/tun/tun_darwin.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { openWaker, Poller, WakeListener } from "../../../ffi/libc/poll.ts";
import { batchSafety } from "../../../ffi/libc/release_darwin.ts";
import { SystemError } from "../../../ffi/libc/errno.ts";
import { DEVICE_ERROR, type TunDevice, WOULD_BLOCK } from "../../../ffi/tun/tun.ts";
import { DarwinTunPort } from "../../../ffi/tun/tun_port_darwin.ts";
import { DarwinUdpPort } from "../../../ffi/udp/udp_port_darwin.ts";
import type { UdpSocket } from "../../../ffi/udp/udp_socket.ts";
import { openDarwinUdpSocket } from "../../../ffi/udp/udp_socket_darwin.ts";
import { FileLock } from "../../../ffi/file/open_file.ts";
import {
  type FileStatus,
  statusOf,
  statusOfDescriptor,
  statusOfDescriptorLater,
} from "../../../ffi/file/file_status.ts";
import { RELEASE_VARIABLE } from "../call_record.ts";
import {
  callsOf,
  errorNumbers,
  failNext,
  largestOf,
  limitBuffers,
  strictSystem as system,
} from "./double.ts";
import { resolverTellsItsFaults } from "./resolver.ts";
import { addressesAreTrimmed } from "./addresses.ts";
import { udpPacket } from "./packets.ts";

const decoder = new TextDecoder();
const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);

/** "ADDRESS:PORT", where port 0 stands for any free one. */
function endpoint(text: string): Endpoint {
  const border = text.lastIndexOf(":");
  const address = parseAddress(text.slice(0, border).replace(/^\[|\]$/g, ""));
  assert.ok(address !== undefined, text);
  return { address, port: Number(text.slice(border + 1)) };
}

function ip(...lines: string[]): void {
  for (const line of lines) {
    const { success, stderr } = new Deno.Command("ip", { args: line.split(" ") }).outputSync();
    assert.ok(success, `ip ${line}: ${decoder.decode(stderr)}`);
  }
}

function numberOf(name: string): number {
  return errorNumbers().get(name) ?? assert.fail(`the double does not know ${name}`);
}

/** The name under which an error of `open` is told. */
function errorOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof SystemError, String(error));
    return error.errorName;
  }
  return "none";
}

/** Neither children nor the packet loop may be held up by the descriptor (O_CLOEXEC, O_NONBLOCK of Linux). */
function isKeptToItself(descriptor: number): void {
  const text = Deno.readTextFileSync(`/proc/self/fdinfo/${descriptor}`);
  const flags = parseInt(/^flags:\s+([0-7]+)$/m.exec(text)?.[1] ?? "", 8);
  assert.equal(flags & 0o2004000, 0o2004000, `descriptor ${descriptor} has flags ${flags.toString(8)}`);
}

function errorsHaveTheirNames(): void {
  for (const [name, number] of errorNumbers()) {
    failNext("socket", number);
    assert.equal(errorOf(() => openDarwinUdpSocket(endpoint("127.0.0.1:0"), system)), name);
  }
}

function openDevices(): TunDevice {
  const chosen = openDarwinTun({ name: "utun5", offload: true }, system);
  assert.equal(chosen.name, "utun5");
  isKeptToItself(chosen.descriptor);
  assert.equal(errorOf(() => openDarwinTun({ name: "utun5", offload: true }, system)), "EBUSY");
  failNext("connect", numberOf("ENOBUFS"));
  const free = openDarwinTun({ name: "connector0", offload: true }, system);
  assert.equal(free.name, "utun0");
  const name = "com.apple.net.utun_control";
  const asked = controlId(system, free.descriptor, name);
  failNext("__ioctl", numberOf("EFAULT"));
  assert.equal(controlId(system, free.descriptor, name), asked, "the list of controls has another id");
  assert.throws(
    () => controlId(system, free.descriptor, "x".repeat(200)),
    (error) => error instanceof SystemError && error.errorName === "ENOENT",
  );
  free.close();
  ip("addr add 10.9.0.2 peer 10.9.0.1 dev utun5", "-6 addr add fd09::2 peer fd09::1 nodad dev utun5");
  return chosen;
}

/** What the kernel sends out of the interface is read in batches, and what is written reaches a socket. */
function packetsPass(device: TunDevice): void {
  const memory = new PacketMemory(16 << 20);
  const port = new DarwinTunPort(memory, device.descriptor, counters, system);
  const list = new TxQueue(memory.arena, 256);
  using poller = new Poller(memory, [device.descriptor]);
  for (
    const [own, peer, version, headers] of [["10.9.0.2", "10.9.0.1", 4, 28], [
      "fd09::2",
      "fd09::1",
      6,
      48,
    ]] as const
  ) {
    const bracket = (address: string) => version === 4 ? address : `[${address}]`;
    using socket = openDarwinUdpSocket(endpoint(`${bracket(own)}:0`), system);
    isKeptToItself(socket.descriptor);
    const send = (mark: number) => socket.send(Uint8Array.of(mark, 1, 2), endpoint(`${bracket(peer)}:7`));
    // Linux has routes over IPv6 a moment after the interface is up, when its link has been looked at.
    const deadline = performance.now() + 3_000;
    while (!send(0)) assert.ok(performance.now() < deadline, `nothing can be sent to ${peer}`);
    for (let mark = 1; mark < 20; mark++) assert.ok(send(mark));
    poller.wait(1000);
    assert.ok(poller.isReady(0));
    const marks: number[] = [];
    const take = () => {
      const taken = port.read(list);
      const { u8 } = memory.arena;
      for (let index = 0; index < list.count; index++) {
        const at = list.headers[index] ?? 0;
        if (u8[at] === (version << 4 | (version === 4 ? 5 : 0)) && list.lengths[index] === headers + 3) {
          marks.push(u8[at + headers] ?? -1);
        }
      }
      list.clear();
      port.release();
      return taken;
    };
    while (take() > 0);
    assert.deepEqual(marks, Array.from({ length: 20 }, (_, mark) => mark), `IPv${version}`);
    const to = socket.localEndpoint();
    const packet = udpPacket({ from: [peer, 7], to: [own, to.port] }, Uint8Array.of(9, 8, version));
    const at = memory.arena.allocate(packet.length, 1);
    memory.arena.u8.set(packet, at);
    port.write(at, packet.length);
    port.flush();
    const receiver = new DarwinUdpPort(
      new PacketMemory(16 << 20),
      { descriptor: socket.descriptor, connected: false, offload: true },
      counters,
      system,
    );
    receiver.setEndpoint(3, encoded(`${bracket(peer)}:7`));
    assert.equal(receiver.receive(), 1, `IPv${version} was not delivered`);
    assert.ok(receiver.messageIsFrom(0, 3));
    assert.equal(receiver.messageLength(0), 3);
  }
  assert.equal(counters[Counter["drop.malformed"]], 0);
}

/** A socket address in the form that is passed to ports, written out here once more. */
function encoded(text: string): Uint8Array {
  const { address: { family, bytes }, port } = endpoint(text);
  const ports = [port >> 8, port & 0xff];
  if (family === 4) return Uint8Array.from([16, 2, ...ports, ...bytes, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Uint8Array.from([28, 30, ...ports, 0, 0, 0, 0, ...bytes, 0, 0, 0, 0]);
}

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
function datagramsPass(release: string, isBatched: boolean): void {
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
function errorsAreUnderstood(device: TunDevice): void {
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

  const memory = new PacketMemory(16 << 20);
  const tun = new DarwinTunPort(memory, device.descriptor, counters, system);
  const list = new TxQueue(memory.arena, 64);
  for (const name of ["EAGAIN", "EINTR", "ENOBUFS", "ENOMEM"]) {
    // More often than an unknown error is put up with.
    for (let time = 0; time < 80; time++) {
      failNext("recvmsg_x", numberOf(name));
      assert.equal(tun.read(list), WOULD_BLOCK, name);
    }
  }
  for (const name of ["EBADF", "ENOTCONN", "ENOTSOCK", "ENXIO"]) {
    failNext("recvmsg_x", numberOf(name));
    assert.equal(tun.read(list), DEVICE_ERROR, name);
  }
}

/** Which errors hide the datagrams that went out before them, on either kind of socket. */
function partsOfBatchesAreUnderstood(): void {
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
function cutDatagramsAreTold(): void {
  Deno.env.set(RELEASE_VARIABLE, "22.6.0");
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  const { port } = attach(socket);
  socket.send(Uint8Array.of(1), socket.localEndpoint());
  failNext("cut datagram", 1);
  assert.equal(port.receive(), 1);
  assert.ok(port.messageIsTruncated(0));
  Deno.env.set(RELEASE_VARIABLE, "24.6.0");
}

function connectedSocketsNeedNoAddress(): void {
  using peer = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  using socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
  socket.connect(peer.localEndpoint());
  attach(socket, true).send([50]);
  assert.ok(socket.send(Uint8Array.of(1, 2)));
  const { port } = attach(peer);
  assert.equal(port.receive(), 2);
}

/** The end of an interface is noticed, however the kernel tells it. */
function removalIsNoticed(device: TunDevice): void {
  ip("link del utun5");
  for (const release of ["24.6.0", "22.6.0"]) {
    Deno.env.set(RELEASE_VARIABLE, release);
    const memory = new PacketMemory(16 << 20);
    const port = new DarwinTunPort(memory, device.descriptor, counters, system);
    const list = new TxQueue(memory.arena, 64);
    let reads = 0;
    while (port.read(list) !== DEVICE_ERROR) assert.ok(++reads < 100, `${release}: the end is not noticed`);
    assert.equal(port.failure, numberOf("ENXIO"));
  }
}

function wakesArrive(): void {
  using wake = openWaker();
  using receiver = new WakeListener(wake.descriptor);
  isKeptToItself(wake.descriptor);
  using poller = new Poller(new PacketMemory(65536), [wake.descriptor]);
  wake.signal();
  poller.wait(1000);
  assert.ok(poller.isReady(0));
  receiver.drain();
  poller.wait(0);
  assert.ok(!poller.isReady(0));
}

/** The calls on files are there under the processor's names, with Darwin's layout. */
async function filesHaveAState(): Promise<void> {
  const path = "/etc/passwd";
  const { ino, size } = Deno.statSync(path);
  const expected = { kind: "file", inode: BigInt(ino ?? 0), size: BigInt(size) };
  const isExpected = (status: FileStatus | undefined) => {
    const { kind, inode, size } = status ?? {};
    assert.deepEqual({ kind, inode, size }, expected);
  };
  isExpected(statusOf(path, "follow"));
  isExpected(statusOf(path, "stay"));
  using file = FileLock.open(path);
  assert.ok(file !== undefined);
  isExpected(statusOfDescriptor(file.descriptor));
  isExpected(await statusOfDescriptorLater(file.descriptor));
}

function releasesAreKnown(): void {
  const known = ["22.6.0", "23.0.0", "24.5.0", "24.6.0", "25.0.0"].map(batchSafety);
  assert.deepEqual(known, ["never", "alone", "alone", "freely", "alone"]);
}

function smallBuffersDo(): void {
  limitBuffers(600_000);
  using _device = openDarwinTun({ name: "utun6", offload: true }, system);
  using _socket = openDarwinUdpSocket(endpoint("127.0.0.1:0"), system);
}

errorsHaveTheirNames();
releasesAreKnown();
wakesArrive();
await filesHaveAState();
const device = openDevices();
packetsPass(device);
assert.ok(largestOf("recvmsg_x") > 4, "packets wait for each other at the interface");
datagramsPass("24.6.0", true);
datagramsPass("23.0.0", true);
datagramsPass("22.6.0", false);
connectedSocketsNeedNoAddress();
cutDatagramsAreTold();
addressesAreTrimmed([endpoint("10.1.2.3:4000"), endpoint("[fd00::1]:4000")]);
partsOfBatchesAreUnderstood();
errorsAreUnderstood(device);
removalIsNoticed(device);
device.close();
smallBuffersDo();
await resolverTellsItsFaults();
