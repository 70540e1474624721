/**
 * Packets of the interface's kernel side: what a read of the TUN device brings, cut into datagrams or left whole, and packets on
 * their way into it, joined to large ones. An input is a virtio header (10 octets), then a packet.
 *
 * @module
 */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../../../core/counters.ts";
import { IOVEC_SIZE } from "../../../core/memory/arena.ts";
import { Coalescer } from "../../../core/offload/coalesce.ts";
import { isLargePacket } from "../../../core/offload/large_packet.ts";
import { appendFrame, appendWhole } from "../../../core/offload/segment.ts";
import { VIRTIO_HEADER } from "../../../core/offload/virtio.ts";
import { sealIpv4, sealTransport } from "../../../core/offload/packets_fixture.ts";
import {
  IPV6_HEADER,
  packetVersion,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER,
  UDP_HEADER,
} from "../../../core/packet/ip.ts";
import { TxQueue } from "../../../core/packet/tx_queue.ts";
import { LARGE_HEADER } from "../../../core/protocol/stream_frame.ts";
import { Outbound } from "../../../dataplane/outbound.ts";
import { PathMtu } from "../../../dataplane/path_mtu.ts";
import { type Path, UNBOUNDED } from "../../../dataplane/path/path.ts";
import { PacketMemory } from "../../../ffi/libc/packet_memory.ts";
import { address } from "../../literals.ts";
import { MemoryTunPort } from "../fake_ports.ts";
import { MAX_INPUT } from "../mutate_bytes.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";

const MEMORY = 4 << 20;
/** Where a packet begins in its room, as in ffi/tun/tun_linux.ts. */
const PACKET_START = 64;
const GUARD = 256;
const GUARD_OCTET = 0xa5;
const MAX_PACKET = 65_535;
/** Packets that the room for joining holds. */
const MAX_JOINED = 32;

/** A path that looks at what is sent: whole packets, cut or large. */
class CheckedPath implements Path {
  readonly kind = "engine";
  readonly isBound = true;
  readonly room: number = UNBOUNDED;
  sent = 0;

  constructor(readonly memory: PacketMemory, readonly takesLarge: boolean) {}

  send(list: TxQueue): void {
    const { u8 } = this.memory.arena;
    for (let index = 0; index < list.count; index++) {
      const at = list.headers[index];
      const length = list.lengths[index];
      assert.ok(length <= MAX_PACKET, "longer than any packet");
      // Its header says the length of header and payload together.
      assert.notEqual(packetVersion(u8, at, length), 0, `datagram ${index} of ${list.count} is no packet`);
      if (list.large[index] !== 0) {
        assert.ok(
          this.takesLarge && isLargePacket(u8, at - LARGE_HEADER, LARGE_HEADER + length),
          "not sound",
        );
      }
      if (list.endpoints[index] >= 0) this.sent++;
    }
  }

  sendProbe(): void {}
}

class Interface {
  readonly #memory = new PacketMemory(MEMORY);
  readonly #room = this.#memory.arena.allocate(PACKET_START + MAX_INPUT + GUARD, 64);
  readonly #joined = this.#memory.arena.allocate(MAX_JOINED * 2048 + GUARD, 64);
  readonly #tun = new MemoryTunPort(this.#memory);
  readonly #paths: readonly CheckedPath[];
  readonly #outbound: Outbound;
  readonly #coalescer: Coalescer;

  constructor() {
    const { arena, sum } = this.#memory;
    this.#paths = [new CheckedPath(this.#memory, false), new CheckedPath(this.#memory, true)];
    const counters = new Float64Array(COUNTER_BYTES / 8);
    this.#outbound = new Outbound(this.#tun, this.#paths[0], new TxQueue(arena, 2048), counters);
    this.#outbound.ipv6IsOn = true;
    this.#outbound.mtu = new PathMtu(this.#memory, this.#tun);
    const source4 = address("192.168.251.2").bytes;
    const source6 = address("fdc0:c0de:251::2").bytes;
    this.#outbound.mtu.answerTooLong({ mtu: 1280, source4, source6 });
    this.#outbound.mtu.followPeer({ length: 65_535, behind: 1500, own: 9000, mayRaise: true });
    this.#coalescer = new Coalescer(arena, sum, { tcp: true, udp: true }, (iovecs, count, packets) => {
      let length = 0;
      for (let index = 0; index < count; index++) {
        const iovec = iovecs + index * IOVEC_SIZE;
        const from = arena.readAddress(iovec);
        const size = arena.u32[(iovec >> 2) + 2];
        assert.ok(from >= 0 && from + size <= arena.u8.length, "outside of the memory");
        if (index > 0) length += size;
      }
      assert.ok(packets > 0 && length > 0 && length <= MAX_PACKET, `a frame of ${length} octets`);
    });
  }

  take(input: Uint8Array, random: Random): void {
    const path = random.pick(this.#paths);
    const packet = this.#room + PACKET_START;
    const length = Math.max(0, Math.min(input.length - VIRTIO_HEADER, MAX_PACKET));
    const { u8 } = this.#memory.arena;
    u8.fill(GUARD_OCTET, packet + length, packet + length + GUARD);
    u8.set(input.subarray(0, VIRTIO_HEADER + length), packet - VIRTIO_HEADER);
    this.#outbound.path = path;
    this.#outbound.ipv6IsOn = !random.oneIn(4);
    this.#tun.source = (list, whole) =>
      (whole ? appendWhole : appendFrame)(list, this.#memory.sum, packet - VIRTIO_HEADER, packet, length);
    assert.ok(this.#outbound.drain());
    const isIntact = u8.subarray(packet + length, packet + length + GUARD).every((octet) =>
      octet === GUARD_OCTET
    );
    assert.ok(isIntact, `written behind a packet of ${length}`);
    this.#join(input.subarray(VIRTIO_HEADER), random);
  }

  /** Writes the packet a few times, some of them changed, into the interface. */
  #join(packet: Uint8Array, random: Random): void {
    const { u8 } = this.#memory.arena;
    if (packet.length > 2048 || packetVersion(packet, 0, packet.length) === 0) return;
    const times = 1 + random.below(MAX_JOINED);
    for (let time = 0; time < times; time++) {
      const at = this.#joined + time * 2048;
      u8.set(packet, at);
      // The sequence number of TCP without options goes on, as in a transfer.
      if (packet.length > 40 && random.oneIn(2)) u8[at + 26] += time;
      if (random.oneIn(16)) u8[at + 20 + random.below(packet.length - 19)] = random.next();
      // Packets are joined only where their checksums are right.
      if (!random.oneIn(4)) seal(u8.subarray(at, at + packet.length));
      this.#coalescer.push(at, packet.length);
    }
    this.#coalescer.flush();
  }
}

/** Makes the checksums right of a packet of TCP or UDP without extension headers. */
function seal(packet: Uint8Array): void {
  const isIpv4 = packet[0] >>> 4 === 4;
  const transport = isIpv4 ? (packet[0] & 15) << 2 : IPV6_HEADER;
  const protocol = packet[isIpv4 ? 9 : 6];
  if (isIpv4) sealIpv4(packet);
  const least = protocol === PROTOCOL_TCP ? TCP_HEADER : protocol === PROTOCOL_UDP ? UDP_HEADER : Infinity;
  if (packet.length >= transport + least) sealTransport(packet, transport, protocol);
}

function open(): Subject {
  const device = new Interface();
  return { take: (input, random) => device.take(input, random) };
}

export const tunPackets: Target = {
  name: "tun-packets",
  kind: "datagrams",
  modules: [
    "core/offload/coalesce.ts",
    "core/offload/large_packet.ts",
    "core/offload/segment.ts",
    "core/packet/",
    "dataplane/outbound.ts",
    "dataplane/path_mtu.ts",
  ],
  share: 3,
  open,
};
