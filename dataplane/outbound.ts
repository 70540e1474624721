import { Counter, type CounterTable } from "../core/counters.ts";
import type { TxQueue } from "../core/packet/tx_queue.ts";
import { BATCH_FULL, DEVICE_ERROR, type TunPort, WOULD_BLOCK } from "../ffi/tun/tun.ts";
import type { UdpPort } from "../ffi/udp/udp_socket.ts";
import type { AccessorDelivery, ServerDelivery } from "./sessions/delivery.ts";
import { PEER } from "./worker_channel.ts";

/** Bytes read before they are sent: they are still in the processor's cache then. */
const BATCH_BYTES = 192 * 1024;

/** Moves packets from the interface to the socket: tun.read -> destination -> peer or session -> udp.send. */
export class Outbound {
  /** The peer's endpoint is known. */
  peerIsBound = false;
  /** IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Handles packets for sessions; undefined where there are none. */
  sessions: ServerDelivery | AccessorDelivery | undefined = undefined;
  /** The last batch was full, so the interface may have more packets than poll(2) reports. */
  isBehind = false;

  /** @param udp the peer's socket; an accessor has none */
  constructor(
    readonly tun: TunPort,
    readonly udp: UdpPort | undefined,
    readonly list: TxQueue,
    readonly counters: CounterTable,
  ) {}

  /** Handles one batch. False when the interface is gone. */
  drain(): boolean {
    const { list, tun, udp } = this;
    let bytes = 0;
    let taken = WOULD_BLOCK;
    while (bytes < BATCH_BYTES) {
      const first = list.count;
      taken = tun.read(list);
      if (taken <= WOULD_BLOCK) break;
      bytes += this.#address(first);
    }
    if (list.count > 0 && udp !== undefined) udp.send(list);
    this.sessions?.flush();
    list.clear();
    tun.release();
    this.isBehind = taken === BATCH_FULL;
    return taken !== DEVICE_ERROR;
  }

  /** Gives the datagrams from `first` on their endpoint; returns their bytes. */
  #address(first: number): number {
    const { list } = this;
    const { u8 } = list.arena;
    let bytes = 0;
    for (let index = first; index < list.count; index++) {
      bytes += list.lengths[index];
      list.endpoints[index] = -1;
      if (this.sessions?.handleOutbound(list, index) === true) continue;
      const isCarried = this.ipv6IsOn || u8[list.headers[index]] >>> 4 === 4;
      if (isCarried && this.peerIsBound) list.endpoints[index] = PEER;
      else this.counters[isCarried ? Counter["drop.noClient"] : Counter["drop.ipv6Off"]]++;
    }
    return bytes;
  }
}
