/**
 * Ends of the engine path in one process, with what is between them in the field: the server has a socket, the client two
 * pipes, and the Engine carries bytes between them, cuts them as it likes, and frames what goes to the server. Linux only.
 */
import assert from "node:assert/strict";
import { COUNTER_BYTES, dropsByReason } from "../../core/counters.ts";
import { hex } from "../../core/offload/frame_fixture.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { LARGE_HEADER, writeCreditFrame, writeFrameHeader } from "../../core/protocol/stream_frame.ts";
import { linuxUnixSocketCalls } from "../../ffi/libc/libc_linux.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { Poller, WRITABLE } from "../../ffi/libc/poll.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import { makeNonBlocking } from "../../ffi/unix/byte_stream_linux.ts";
import { calls, Ends } from "../../ffi/unix/pipe_fixture.ts";
import { Inbound } from "../inbound.ts";
import { Outbound } from "../outbound.ts";
import type { Role } from "../worker_channel.ts";
import { EnginePath } from "./engine_path.ts";
import { ProbeTimes } from "./probe_times.ts";

// Opened for the life of the thread, so not in a test, where it would be a leak.
if (Deno.build.os === "linux") {
  calls();
  linuxUnixSocketCalls();
}

/** sys/socket.h of Linux */
const SOCK_STREAM = 1;
/** Bytes for one path, a list and its packets. */
const MEMORY = 8 << 20;
/** Bytes of the packets of one call. */
const ROOM = 4 << 20;
/** Bytes that the Engine carries at once where nothing else is asked. */
const PIECE = 32 * 1024;

/** What is sent: a packet, or the 8 octets and the packet that a frame of kind 05 holds. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly isLarge?: boolean;
  /** The packet is in two pieces, as the kernel's segments are, of which the first has so many bytes. */
  readonly header?: number;
}

/** One end: a path, and what came by it. */
export class PathEnd implements Disposable {
  /** Packets in the order in which the interface got them, as hexadecimal text; `large:` before a large one. */
  readonly packets: string[] = [];
  /** Messages for the main thread, in hexadecimal text. */
  readonly messages: string[] = [];
  /** Round trips of probes were measured. */
  probesAnswered = 0;
  /** Why the stream ended. */
  end: string | undefined;
  readonly counters = new Float64Array(COUNTER_BYTES / 8);
  readonly path: EnginePath;
  readonly probes: ProbeTimes;
  readonly #memory = new PacketMemory(MEMORY);
  readonly #list: TxQueue;
  readonly #room: number;
  readonly #poller: Poller;
  readonly #inbound: Inbound;
  #held: { at: number; length: number }[] = [];

  constructor(role: Role, readonly input: number, readonly output: number, readonly isFramed: boolean) {
    const { arena } = this.#memory;
    this.path = new EnginePath(this.#memory, this.counters);
    this.#list = new TxQueue(arena, 2048);
    this.#room = arena.allocate(ROOM, 64);
    this.#poller = new Poller(this.#memory, [-1, -1]);
    this.probes = new ProbeTimes(arena, () => void this.probesAnswered++);
    const tun = {
      write: (at: number, length: number) => void this.#held.push({ at, length }),
      writeLarge: (large: number, length: number) => {
        this.#flush();
        this.packets.push(`large:${hex(arena.u8.subarray(large, large + length))}`);
      },
      flush: () => this.#flush(),
    } as unknown as TunPort;
    const outbound = new Outbound(tun, this.path, this.#list, this.counters);
    this.#inbound = new Inbound(role, tun, arena.u8, outbound, this.probes, (_path, at, length) => {
      this.messages.push(hex(arena.u8.subarray(at, at + length)));
    });
    this.#inbound.ipv6IsOn = true;
    this.open();
  }

  /** Begins a stream over the same descriptors. */
  open(): void {
    this.path.attach({ id: 1, input: this.input, output: this.output, isFramed: this.isFramed });
    this.path.isBound = true;
    this.end = undefined;
  }

  /** What was dropped, by reason. */
  get drops(): Record<string, number> {
    return Object.fromEntries(Object.entries(dropsByReason(this.counters)).filter(([, count]) => count > 0));
  }

  /** Sends packets by one call. */
  send(...packets: readonly Sent[]): void {
    const { u8 } = this.#memory.arena;
    let at = this.#room;
    for (const { bytes, isLarge, header } of packets) {
      u8.set(bytes, at);
      if (isLarge) this.#list.pushLarge(at + LARGE_HEADER, bytes.length - LARGE_HEADER);
      else if (header === undefined) this.#list.pushWhole(at, bytes.length);
      else {
        const room = this.#list.nextHeader;
        u8.copyWithin(room, at, at + header);
        this.#list.pushSegment(header, at + header, bytes.length - header);
      }
      at += bytes.length;
      assert.ok(at <= this.#room + ROOM);
    }
    this.path.send(this.#list);
    this.#list.clear();
    // Nothing of it may be needed any more.
    u8.fill(0xff, this.#room, at);
  }

  /** Does what the packet loop does for a path as long as there is something to do; at most so many reads. */
  work(reads = Infinity, grants = true): void {
    for (let count = 0; count < reads; count++) {
      this.#poller.replace(0, this.path.descriptor);
      this.#poller.replace(1, this.path.blockedDescriptor, WRITABLE);
      this.#poller.wait(0);
      const [reads, writes] = [this.#poller.isReady(0), this.#poller.isReady(1)];
      if (writes) this.path.proceed();
      if (reads && !this.path.drain(this.#inbound)) {
        this.end = this.path.end;
        this.path.attach(undefined);
        return;
      }
      if (reads && grants) this.path.grantCredit();
      if (!reads && !writes) return;
    }
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.path[Symbol.dispose]();
  }

  #flush(): void {
    for (const { at, length } of this.#held) {
      this.packets.push(hex(this.#memory.arena.u8.subarray(at, at + length)));
    }
    this.#held = [];
  }
}

/** One direction of the Engine: what is read at one end and written at the other. */
class Direction {
  isHeld = false;
  #waiting = new Uint8Array();

  constructor(
    readonly from: number,
    readonly to: number,
    readonly isFramed: boolean,
    readonly piece: () => number,
  ) {}

  /** Carries one piece; whether anything moved. */
  carry(): boolean {
    if (this.isHeld) return false;
    const hadWaiting = this.#waiting.length;
    if (hadWaiting > 0) {
      const taken = Math.max(0, calls().write(this.to, this.#waiting, this.#waiting.length));
      this.#waiting = this.#waiting.slice(taken);
      if (this.#waiting.length > 0) return taken > 0;
    }
    const room = new Uint8Array(this.piece());
    const length = calls().read(this.from, room, room.length);
    if (length <= 0) return hadWaiting > 0;
    this.#waiting = this.isFramed ? framed(room.subarray(0, length)) : room.slice(0, length);
    return true;
  }
}

/** What a program wrote, as the Engine frames it. */
export function framed(bytes: Uint8Array, stream: 1 | 2 = 1): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(8 + bytes.length);
  frame[0] = stream;
  new DataView(frame.buffer).setUint32(4, bytes.length);
  frame.set(bytes, 8);
  return frame;
}

/** Server and client with an Engine between them. */
export class StreamPair implements Disposable {
  readonly server: PathEnd;
  readonly client: PathEnd;
  readonly toClient: Direction;
  readonly toServer: Direction;
  readonly #ends: readonly Ends[];

  /** @param piece how many bytes the Engine reads next */
  constructor(piece: () => number = () => PIECE) {
    const socket = Ends.sockets(SOCK_STREAM);
    const [input, output] = [Ends.pipe(), Ends.pipe()];
    this.#ends = [socket, input, output];
    for (const { read, write } of this.#ends) {
      makeNonBlocking(read);
      makeNonBlocking(write);
    }
    this.server = new PathEnd("server", socket.read, socket.read, true);
    this.client = new PathEnd("client", input.read, output.write, false);
    this.toClient = new Direction(socket.write, input.write, false, piece);
    this.toServer = new Direction(output.read, socket.write, true, piece);
  }

  /** Lets the Engine carry, and both ends work, until nothing moves any more. */
  settle(): void {
    do {
      this.server.work();
      this.client.work();
    } while ([this.toClient.carry(), this.toServer.carry()].includes(true));
  }

  /** Closes the Engine's ends. */
  breakStream(): void {
    const [socket, input, output] = this.#ends;
    socket.close("write");
    input.close("write");
    output.close("read");
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
    this.client[Symbol.dispose]();
    for (const ends of this.#ends) ends[Symbol.dispose]();
  }
}

/** One end whose other end a test plays by hand. */
export class LonePath implements Disposable {
  readonly end: PathEnd;
  readonly #ends: Ends;

  constructor(role: "server" | "client") {
    this.#ends = Ends.sockets(SOCK_STREAM);
    makeNonBlocking(this.#ends.read);
    makeNonBlocking(this.#ends.write);
    this.end = new PathEnd(role, this.#ends.read, this.#ends.read, role === "server");
  }

  /** Writes bytes and lets the end work, until it has taken all of them or ended. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.end.end === undefined;) {
      const rest = bytes.slice(at);
      at += Math.max(0, calls().write(this.#ends.write, rest, rest.length));
      this.end.work();
    }
  }

  /** Writes bytes that fit the socket and lets the end read them all, before it grants any credit for them. */
  take(bytes: Uint8Array): void {
    const rest = bytes.slice();
    if (calls().write(this.#ends.write, rest, rest.length) !== rest.length) {
      throw new RangeError("the socket has no room for that");
    }
    this.end.work(Infinity, false);
  }

  /** Reads what the end has written so far, at most so many bytes. */
  read(capacity = 1 << 20): Uint8Array {
    const room = new Uint8Array(capacity);
    const length = calls().read(this.#ends.write, room, room.length);
    return room.slice(0, Math.max(0, length));
  }

  /** Ends the stream, with nothing unread in it: else a unix socket's end is a fault (unix(7)). */
  close(): void {
    this.read();
    this.#ends.close("write");
    this.end.work();
  }

  [Symbol.dispose](): void {
    this.end[Symbol.dispose]();
    this.#ends[Symbol.dispose]();
  }
}

/** A frame of the stream. */
export function frameOf(kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + payload.length);
  writeFrameHeader(frame, 0, kind, payload.length);
  frame.set(payload, 4);
  return frame;
}

/** A credit. */
export function creditOf(limit: number): Uint8Array {
  const frame = new Uint8Array(8);
  writeCreditFrame(frame, 0, limit);
  return frame;
}
