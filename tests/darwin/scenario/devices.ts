/**
 * The part of the scenario about utun devices: they are opened, packets pass, and errors and the end of one are understood.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../../core/counters.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { SystemError } from "../../../ffi/libc/errno.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { Poller } from "../../../ffi/libc/poll.ts";
import { DEVICE_ERROR, type TunDevice, WOULD_BLOCK } from "../../../ffi/tun/tun.ts";
import { controlId, openDarwinTun } from "../../../ffi/tun/tun_darwin.ts";
import { DarwinTunPort } from "../../../ffi/tun/tun_port_darwin.ts";
import { DarwinUdpPort } from "../../../ffi/udp/udp_port_darwin.ts";
import { openDarwinUdpSocket } from "../../../ffi/udp/udp_socket_darwin.ts";
import { RELEASE_VARIABLE } from "../call_record.ts";
import { encoded, endpoint } from "./addresses.ts";
import { errorOf, isKeptToItself } from "./descriptors.ts";
import { failNext, numberOf, strictSystem as system } from "./double.ts";
import { udpPacket } from "./packets.ts";

const decoder = new TextDecoder();
const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);

function ip(...lines: string[]): void {
  for (const line of lines) {
    const { success, stderr } = new Deno.Command("ip", { args: line.split(" ") }).outputSync();
    assert.ok(success, `ip ${line}: ${decoder.decode(stderr)}`);
  }
}

/** Opens a device by a name that was asked for, and looks at one whose name the kernel chooses. */
export function openDevices(): TunDevice {
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
export function packetsPass(device: TunDevice): void {
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

/** What the kernel says of a read leads to what it means. */
export function deviceErrorsAreUnderstood(device: TunDevice): void {
  Deno.env.set(RELEASE_VARIABLE, "24.6.0");
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

/** The end of an interface is noticed, however the kernel tells it. */
export function removalIsNoticed(device: TunDevice): void {
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
