/**
 * Where packets are captured in the packet loop. A server's or client's are those between the two, as they were sent and received;
 * an accessor's are those of its interface. Loaded with the first capture.
 *
 * @module
 */
import { packetVersion } from "../../core/packet/ip.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { LARGE_HEADER } from "../../core/protocol/stream_frame.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import type { CountedPath, Inbound, PathSink } from "../inbound.ts";
import type { SentTap } from "../outbound.ts";
import type { CaptureWriter } from "./capture_ring.ts";

/** Captures the packets that are sent. */
export class OutboundTap implements SentTap {
  constructor(readonly writer: CaptureWriter) {}

  take(list: TxQueue): void {
    for (let index = 0; index < list.count; index++) {
      if (list.endpoints[index] >= 0) writeDatagram(this.writer, list, index);
    }
  }
}

/** Captures the packets that come by a path, then hands them to where they go. */
export class CapturedInbound implements PathSink {
  constructor(readonly inbound: Inbound, readonly writer: CaptureWriter) {}

  take(path: CountedPath, at: number, length: number, fromPeer: boolean, message: number): void {
    const { bytes } = this.inbound;
    if (fromPeer && packetVersion(bytes, at, length) !== 0) {
      this.writer.write(bytes, false, at, length, 0, 0);
    }
    this.inbound.take(path, at, length, fromPeer, message);
  }

  takeLarge(path: CountedPath, large: number, length: number, fromPeer: boolean): void {
    if (fromPeer) {
      this.writer.write(this.inbound.bytes, false, large + LARGE_HEADER, length - LARGE_HEADER, 0, 0);
    }
    this.inbound.takeLarge(path, large, length, fromPeer);
  }

  flush(): void {
    this.inbound.flush();
  }

  countUnknown(path: CountedPath, fromPeer: boolean): void {
    this.inbound.countUnknown(path, fromPeer);
  }
}

/** Captures the packets that are read from an interface and written to it. */
export class CapturedTun implements TunPort {
  readonly descriptor: number;

  /** @param bytes the memory in which packets lie */
  constructor(readonly tun: TunPort, readonly bytes: Uint8Array, readonly writer: CaptureWriter) {
    this.descriptor = tun.descriptor;
  }

  get failure(): number {
    return this.tun.failure;
  }

  read(list: TxQueue, whole?: boolean): number {
    const first = list.count;
    const taken = this.tun.read(list, whole);
    for (let index = first; index < list.count; index++) writeDatagram(this.writer, list, index);
    return taken;
  }

  release(): void {
    this.tun.release();
  }

  write(packet: number, length: number): void {
    this.writer.write(this.bytes, false, packet, length, 0, 0);
    this.tun.write(packet, length);
  }

  writeLarge(large: number, length: number): void {
    this.writer.write(this.bytes, false, large + LARGE_HEADER, length - LARGE_HEADER, 0, 0);
    this.tun.writeLarge(large, length);
  }

  cutTcp(longest: number): void {
    this.tun.cutTcp(longest);
  }

  flush(): void {
    this.tun.flush();
  }
}

/** A datagram of a list is its header and its payload; the header of one in one piece is all of it. */
function writeDatagram(writer: CaptureWriter, list: TxQueue, index: number): void {
  const payload = list.payloadLength(index);
  const header = list.lengths[index] - payload;
  writer.write(list.arena.u8, true, list.headers[index], header, list.payload(index), payload);
}
