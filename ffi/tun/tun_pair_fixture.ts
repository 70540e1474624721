/** Two TUN devices with the kernel routing between them: what goes into one comes out of the other. */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../../core/counters.ts";
import { type Frame, virtioBytes, virtioOf } from "../../core/offload/frame_fixture.ts";
import { concat, sealIpv4 } from "../../core/offload/packets_fixture.ts";
import { SOCK_DGRAM } from "../libc/constants_linux.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { PrivateNetwork } from "../netlink/private_network_fixture.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { Poller } from "../libc/poll.ts";
import type { TunDevice } from "./tun.ts";
import { LinuxTunPort, openLinuxTun } from "./tun_linux.ts";

/** linux/if_packet.h, linux/if_ether.h */
const AF_PACKET = 17;
const ETH_P_IP = 0x0800;

/** An attached port with the memory and counters that are its own. */
export interface Attached {
  readonly port: LinuxTunPort;
  readonly memory: PacketMemory;
  readonly counters: Float64Array;
}

/** The pair; all of it goes when it is disposed of. */
export interface TunPair extends Disposable {
  /** Writes a frame to the first device. */
  inject(frame: Frame): void;
  /** Writes a packet with complete checksums to the first device. */
  injectPacket(packet: Uint8Array): void;
  /** Makes the kernel send these bytes out of the second device, whatever they are. */
  sendRaw(octets: Uint8Array): void;
  /** What the kernel makes of a frame on its way: one hop less. */
  forwarded(frame: Frame): Frame;
  /** Waits until the second device has something. */
  awaitOut(): void;
  /** Everything that the second device has to give, as it is. */
  drainOut(): Frame[];
  /** The port under test on the first and on the second device. */
  attachIn(): Attached;
  attachOut(): Attached;
}

/** Devices with or without offload; with IPv6 the kernel adds multicast reports of its own, which `drainOut` leaves out. */
export interface PairOptions {
  readonly in: boolean;
  readonly out: boolean;
  readonly ipv6?: boolean;
}

// Opened for the life of the thread, so not in a test, where it would be a leak.
if (Deno.build.os === "linux") linuxLibc();

/** Opens the pair in a namespace of its own. */
export function openPair(options: PairOptions): TunPair {
  const resources = new DisposableStack();
  const network = resources.use(new PrivateNetwork());
  const tunIn = resources.use(openLinuxTun({ name: "in", offload: options.in }));
  const tunOut = resources.use(openLinuxTun({ name: "out", offload: options.out }));
  for (
    const [name, prefix4, prefix6] of [["in", "10.0.0.0/8", "fd00:1::/32"], [
      "out",
      "172.16.0.0/12",
      "fd00:2::/32",
    ]]
  ) {
    const disabled = options.ipv6 === true ? "0" : "1";
    Deno.writeTextFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, disabled);
    network.ip(`link set ${name} mtu 1500 up`);
    network.ip(`route add ${prefix4} dev ${name}`);
    if (options.ipv6) network.ip(`-6 route add ${prefix6} dev ${name}`);
  }
  Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  const index = Number(network.list("link show out")[0]?.ifindex);
  const libc = linuxLibc();
  const write = (bytes: Uint8Array<ArrayBuffer>) =>
    assert.equal(libc.write(tunIn.descriptor, bytes, bytes.length), bytes.length);
  const plainVirtio = new Uint8Array(10);

  const memory = new PacketMemory(1 << 17);
  const room = memory.arena.allocate(65600, 64);
  const poller = resources.use(new Poller(memory, [tunOut.descriptor]));
  drain(tunOut, memory, room);

  const attach = (device: TunDevice): Attached => {
    const own = new PacketMemory(16 << 20);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = new LinuxTunPort(own, device.descriptor, device.offload, counters);
    return { port, memory: own, counters };
  };

  return {
    inject: ({ virtio, packet }) => write(concat(virtioBytes(virtio), packet) as Uint8Array<ArrayBuffer>),
    injectPacket: (packet) => write(concat(plainVirtio, packet) as Uint8Array<ArrayBuffer>),
    sendRaw(octets) {
      const socket = libc.socket(AF_PACKET, SOCK_DGRAM, 0);
      // struct sockaddr_ll, 20 bytes: family @0, protocol @2 in network order, interface index @4.
      const to = new Uint8Array(20);
      const view = new DataView(to.buffer);
      view.setUint16(0, AF_PACKET, true);
      view.setUint16(2, ETH_P_IP);
      view.setInt32(4, index, true);
      const sent = libc.sendto(socket, octets as Uint8Array<ArrayBuffer>, octets.length, 0, to, to.length);
      libc.close(socket);
      assert.equal(sent, octets.length);
    },
    forwarded({ virtio, packet }) {
      const copy = packet.slice();
      copy[copy[0] >>> 4 === 4 ? 8 : 7]--;
      if (copy[0] >>> 4 === 4) sealIpv4(copy);
      return { virtio, packet: copy };
    },
    awaitOut() {
      poller.wait(2000);
      assert.ok(poller.isReady(0), "the kernel forwarded nothing");
    },
    drainOut: () => drain(tunOut, memory, room),
    attachIn: () => attach(tunIn),
    attachOut: () => attach(tunOut),
    [Symbol.dispose]: () => resources.dispose(),
  };
}

function drain(device: TunDevice, memory: PacketMemory, room: number): Frame[] {
  const frames: Frame[] = [];
  const pointer = memory.pointer(room);
  for (;;) {
    const taken = linuxLibc().read(device.descriptor, pointer, 65600);
    if (taken < 0) return frames;
    const bytes = memory.arena.u8.slice(room, room + taken);
    // The kernel's own IPv6 multicast reports have no business here.
    if (bytes[10] >>> 4 === 6 && bytes[34] === 0xff) continue;
    frames.push({ virtio: virtioOf(bytes), packet: bytes.slice(10) });
  }
}
