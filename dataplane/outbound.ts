import { Counter, type CounterTable } from "../core/counters.ts";
import type { TxQueue } from "../core/packet/tx_queue.ts";
import { BATCH_FULL, DEVICE_ERROR, type TunPort, WOULD_BLOCK } from "../ffi/tun/tun.ts";
import { type Path, UNBOUNDED } from "./path/path.ts";
import type { PathMtu } from "./path_mtu.ts";
import type { AccessorDelivery, ServerDelivery } from "./sessions/delivery.ts";
import { PEER } from "./worker_channel.ts";

/** Bytes read before they are sent: they are still in the processor's cache then. */
const BATCH_BYTES = 192 * 1024;
/** Octets that a path puts around a packet, at most (core/protocol/stream_frame.ts). */
const FRAMING = 12;

/** Sees the packets that are sent to the peer. */
export interface SentTap {
  /** Takes those of a list that have an endpoint. */
  take(list: TxQueue): void;
}

/** Moves packets from the interface to the peer: tun.read -> destination -> path or session -> path.send. */
export class Outbound {
  /** IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Handles packets for sessions; undefined where there are none. */
  sessions: ServerDelivery | AccessorDelivery | undefined = undefined;
  /** Fits packets to the path; undefined where there is none. */
  mtu: PathMtu | undefined = undefined;
  /** Captures what is sent; undefined while nothing does. */
  tap: SentTap | undefined = undefined;
  /** The last batch was full, so the interface may have more packets than poll(2) reports. */
  isBehind = false;
  /** The last batch had packets. */
  hasRead = false;

  /**
   * @param path the path in use; an accessor has none
   * @param counters of packets that go nowhere
   */
  constructor(
    public tun: TunPort,
    public path: Path | undefined,
    readonly list: TxQueue,
    readonly counters: CounterTable,
  ) {}

  /** Whether packets may be read now. */
  get mayRead(): boolean {
    return this.path === undefined || this.path.room > 0 || !this.path.isBound;
  }

  /** Handles one batch. False when the interface is gone. */
  drain(): boolean {
    const { list, tun, path } = this;
    const takesLarge = path?.takesLarge === true && path.isBound;
    const room = takesLarge ? path.room : UNBOUNDED;
    const limit = Math.min(BATCH_BYTES, room);
    let bytes = 0;
    let taken = WOULD_BLOCK;
    while (bytes < limit) {
      const first = list.count;
      taken = tun.read(list, takesLarge, room - bytes);
      if (taken <= WOULD_BLOCK) break;
      bytes += this.#address(first);
    }
    this.hasRead = list.count > 0;
    if (this.hasRead && path !== undefined) {
      this.tap?.take(list);
      path.send(list);
    }
    this.sessions?.flush();
    list.clear();
    tun.release();
    this.isBehind = taken === BATCH_FULL;
    return taken !== DEVICE_ERROR;
  }

  /** Gives the datagrams from `first` on their endpoint; returns their bytes, with what a path puts around them. */
  #address(first: number): number {
    const { list, path, mtu } = this;
    const { u8 } = list.arena;
    const isBound = path?.isBound === true;
    const isStream = path?.takesLarge === true;
    const { count } = list;
    let bytes = 0;
    for (let index = first; index < count; index++) {
      bytes += list.lengths[index] + FRAMING;
      list.endpoints[index] = -1;
      if (this.sessions?.handleOutbound(list, index) === true) continue;
      const isCarried = this.ipv6IsOn || u8[list.headers[index]] >>> 4 === 4;
      if (isCarried && isBound) {
        if (mtu !== undefined) {
          if (!mtu.mayGo(list, index, isStream, this.counters)) continue;
          if (isStream) mtu.raise(list, index);
        }
        list.endpoints[index] = PEER;
      } else this.counters[isCarried ? Counter["drop.noClient"] : Counter["drop.ipv6Off"]]++;
    }
    return bytes;
  }
}
