/**
 * The TUN device of Linux: /dev/net/tun with IFF_VNET_HDR, so that one read or write carries up to 64 KiB of one flow
 * (linux/if_tun.h, linux/virtio_net.h).
 *
 * @module
 */
import { Counter, type CounterTable } from "../../core/counters.ts";
import { Coalescer } from "../../core/offload/coalesce.ts";
import { writeVirtioHeader } from "../../core/offload/large_packet.ts";
import { appendFrame, appendWhole, MALFORMED, QUEUE_FULL } from "../../core/offload/segment.ts";
import { VIRTIO_HEADER } from "../../core/offload/virtio.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { LARGE_HEADER } from "../../core/protocol/stream_frame.ts";
import { prepareErrno, readErrno, SystemError, throwOnError } from "../libc/errno.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../libc/constants_linux.ts";
import { cString } from "../libc/libc.ts";
import { type LinuxLibc, linuxLibc } from "../libc/libc_linux.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import {
  BATCH_FULL,
  DEVICE_ERROR,
  ReadFailures,
  type TunDevice,
  type TunOffload,
  type TunPort,
  type TunRequest,
  WOULD_BLOCK,
} from "./tun_port.ts";

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_TUN_EXCL = 0x8000;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO4 = 0x02;
const TUN_F_TSO6 = 0x04;
const TUN_F_USO4 = 0x20;
const TUN_F_USO6 = 0x40;
/** `struct ifreq`: name[16] @0, flags u16 @16, 40 bytes on LP64 (linux/if.h). */
export const IFREQ_SIZE = 40;
export const IFREQ_FLAGS = 16;
/** IFNAMSIZ with its final zero (linux/if.h). */
const NAME_CAPACITY = 16;

/** sys/stat.h */
const S_IFCHR = 0x2000;
const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o755;
/** Major number of miscellaneous devices 10, minor of the TUN driver 200 (linux/major.h, linux/miscdevice.h), as makedev(3). */
const TUN_NUMBER = 10n << 8n | 200n;

/** The device file, as C takes it. */
const tunPath = cString("/dev/net/tun");

/** The `struct ifreq` that asks for a TUN device of this name. */
export function tunRequest(name: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(name);
  if (text.length === 0 || text.length >= NAME_CAPACITY) {
    throw new RangeError(
      `Cannot name an interface "${name}": 1 to ${NAME_CAPACITY - 1} characters are allowed`,
    );
  }
  const flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL;
  const request = new Uint8Array(IFREQ_SIZE);
  request.set(text);
  new DataView(request.buffer).setUint16(IFREQ_FLAGS, flags, true);
  return request;
}

/**
 * Opens /dev/net/tun and creates the interface, which must not exist.
 *
 * @throws {SystemError} "open /dev/net/tun", "mknod /dev/net/tun" or "ioctl TUNSETIFF" with the kernel's number
 */
export function openLinuxTun(request: TunRequest): TunDevice {
  const libc = linuxLibc();
  prepareErrno();
  const descriptor = openDevice(libc);
  const close = () => void libc.close(descriptor);
  if (libc.ioctl(descriptor, TUNSETIFF, tunRequest(request.name)) < 0) {
    const number = readErrno();
    close();
    throw new SystemError("ioctl TUNSETIFF", number, request.name);
  }
  const offload = request.offload ? grantOffload(libc, descriptor) : { tcp: false, udp: false };
  return { descriptor, name: request.name, offload, close, [Symbol.dispose]: close };
}

/** A container has no such file unless it was started with `--device /dev/net/tun`; then it is made. */
function openDevice(libc: LinuxLibc): number {
  const flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
  let descriptor = libc.open(tunPath, flags);
  if (descriptor < 0 && readErrno() === linuxErrno.ENOENT && libc.mknod !== null) {
    // Where the folder cannot be made, mknod fails and reports it.
    libc.mkdir(cString("/dev/net"), FOLDER_MODE);
    const made = libc.mknod(tunPath, S_IFCHR | OWNER_ONLY, TUN_NUMBER);
    if (made < 0 && readErrno() !== linuxErrno.EEXIST) throwOnError("mknod /dev/net/tun", made);
    descriptor = libc.open(tunPath, flags);
  }
  return throwOnError("open /dev/net/tun", descriptor);
}

/** Enables the offload that this kernel has: USO needs Linux 6.2. */
function grantOffload(libc: LinuxLibc, descriptor: number): TunOffload {
  const tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (libc.ioctlValue(descriptor, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) === 0) {
    return { tcp: true, udp: true };
  }
  if (libc.ioctlValue(descriptor, TUNSETOFFLOAD, tcp) === 0) return { tcp: true, udp: false };
  return { tcp: false, udp: false };
}

/** Frames read before they are sent: enough to fill a UDP batch with small packets. */
const FRAMES = 64;
/** Largest packet (16-bit total length). */
const MAX_PACKET = 65535;
/** A packet starts this far into its cell, so that it is 64-byte aligned and the virtio header ends before it. */
const PACKET_START = 64;
/**
 * Frames lie one after the other, each from the next free cell on, so that a batch of large ones and a batch of small ones
 * use the same few pages. A cell holds one packet of an Ethernet's MTU; cells are an odd number of cache lines long, so
 * that the headers of small packets do not all fall into one cache set.
 */
const CELL_SIZE = 27 * 64;
/** Cells that the longest frame touches. */
const MAX_FRAME_CELLS = Math.ceil((PACKET_START + MAX_PACKET) / CELL_SIZE);
/** As many long frames as are sent together (dataplane/outbound.ts), and one more that begins below that amount. */
const CELLS = 4 * MAX_FRAME_CELLS + 32;

/** Moves packets of a Linux TUN device. */
export class LinuxTunPort implements TunPort {
  failure = 0;
  readonly #memory: PacketMemory;
  readonly #counters: CounterTable;
  readonly #libc: LinuxLibc;
  readonly #cells: number;
  /** Where a read may put its frame, by cell: the last frame must have room for the longest packet. */
  readonly #cellPointers: Deno.PointerValue[];
  readonly #coalescer: Coalescer;
  /** The virtio header of a large packet, and the iovecs of both. */
  readonly #largeHeader: number;
  readonly #largeIovecs: number;
  readonly #largePointer: Deno.PointerValue;
  /** EBADFD: the interface was removed (tun_chr_read_iter in drivers/net/tun.c). */
  readonly #failures = new ReadFailures(
    [linuxErrno.EAGAIN, linuxErrno.EINTR],
    [linuxErrno.EBADF, linuxErrno.EBADFD],
  );
  /** The first free cell. */
  #next = 0;
  /** Frames in the cells before it. */
  #frames = 0;
  /** A frame that was read but did not fit into the list: its length, else 0. It lies in cell `#next`. */
  #pending = 0;

  constructor(
    memory: PacketMemory,
    readonly descriptor: number,
    offload: TunOffload,
    counters: CounterTable,
  ) {
    this.#memory = memory;
    this.#counters = counters;
    this.#libc = linuxLibc();
    prepareErrno();
    this.#cells = memory.arena.allocate(CELLS * CELL_SIZE, 64);
    this.#cellPointers = Array.from(
      { length: CELLS - MAX_FRAME_CELLS + 1 },
      (_, cell) => memory.pointer(this.#cells + cell * CELL_SIZE + PACKET_START - VIRTIO_HEADER),
    );
    this.#largeHeader = memory.arena.allocate(VIRTIO_HEADER, 16);
    this.#largeIovecs = memory.arena.allocate(2 * IOVEC_SIZE, 16);
    memory.arena.writeIovec(this.#largeIovecs, this.#largeHeader, VIRTIO_HEADER);
    this.#largePointer = memory.pointer(this.#largeIovecs);
    const iovecs: Deno.PointerValue[] = [];
    this.#coalescer = new Coalescer(memory.arena, memory.sum, offload, (at, count, packets) => {
      const pointer = iovecs[0] ??= memory.pointer(at);
      if (this.#libc.writev(descriptor, pointer, count) < 0) {
        counters[Counter["drop.tunWriteFailed"]] += packets;
      }
    });
  }

  read(list: TxQueue, whole = false): number {
    for (;;) {
      if (this.#next > CELLS - MAX_FRAME_CELLS || this.#frames >= FRAMES) return BATCH_FULL;
      const packet = this.#cells + this.#next * CELL_SIZE + PACKET_START;
      if (this.#pending === 0) {
        const at = this.#cellPointers[this.#next];
        const taken = this.#libc.read(this.descriptor, at, VIRTIO_HEADER + MAX_PACKET);
        if (taken < 0) {
          const number = readErrno();
          if (this.#failures.isNothing(number)) return WOULD_BLOCK;
          if (this.#failures.isFatal(number)) return this.#gone(number);
          this.#counters[Counter["drop.malformed"]]++;
          continue;
        }
        this.#failures.noteSuccess();
        this.#pending = taken - VIRTIO_HEADER;
      }
      const append = whole ? appendWhole : appendFrame;
      const appended = append(list, this.#memory.sum, packet - VIRTIO_HEADER, packet, this.#pending);
      if (appended === QUEUE_FULL) return BATCH_FULL;
      const length = this.#pending;
      this.#pending = 0;
      if (appended !== MALFORMED) {
        this.#next += Math.ceil((PACKET_START + length) / CELL_SIZE);
        this.#frames++;
        return appended;
      }
      this.#counters[Counter["drop.malformed"]]++;
    }
  }

  #gone(number: number): number {
    this.failure = number;
    return DEVICE_ERROR;
  }

  release(): void {
    if (this.#pending !== 0) this.#movePending();
    this.#next = 0;
    this.#frames = 0;
  }

  /** Moves the pending frame to the first cell, where the next read looks for it. */
  #movePending(): void {
    const from = this.#cells + this.#next * CELL_SIZE + PACKET_START - VIRTIO_HEADER;
    const to = this.#cells + PACKET_START - VIRTIO_HEADER;
    this.#memory.arena.u8.copyWithin(to, from, from + VIRTIO_HEADER + this.#pending);
  }

  write(packet: number, length: number): void {
    this.#coalescer.push(packet, length);
  }

  writeLarge(large: number, length: number): void {
    this.#coalescer.flush();
    const { arena } = this.#memory;
    writeVirtioHeader(arena.u8, this.#largeHeader, large);
    arena.writeIovec(this.#largeIovecs + IOVEC_SIZE, large + LARGE_HEADER, length - LARGE_HEADER);
    if (this.#libc.writev(this.descriptor, this.#largePointer, 2) < 0) {
      this.#counters[Counter["drop.tunWriteFailed"]]++;
    }
  }

  cutTcp(longest: number): void {
    this.#coalescer.flush();
    this.#coalescer.longest = longest;
  }

  flush(): void {
    this.#coalescer.flush();
  }
}
