/**
 * Outbound: tun.read -> destination -> client or server endpoint -> udp.send.
 *
 * @module
 */
import { Counter, type CounterTable } from "../core/counters.ts";
import type { TxQueue } from "../core/packet/tx_queue.ts";
import { BATCH_FULL, DEVICE_ERROR, type TunPort, WOULD_BLOCK } from "../ffi/tun/tun.ts";
import type { UdpPort } from "../ffi/udp/udp_socket.ts";
import { PEER } from "./worker_channel.ts";

/** Bytes read before they are sent: they are still in the processor's cache then. */
export const BATCH_BYTES = 192 * 1024;

/** Sends outbound packets to sessions. */
export interface OutboundSessions {
  /** Sends datagram `index` if it is for a session; false if it is not. */
  handleOutbound(list: TxQueue, index: number): boolean;
  /** Sends what is queued. */
  flush(): void;
}

/** Moves packets from the interface to the socket. */
export class Outbound {
  /** The peer's endpoint is known. */
  peerIsBound = false;
  /** IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Handles packets for sessions; undefined where there are none. */
  sessions: OutboundSessions | undefined = undefined;
  /** The last batch was full, so the interface may have more packets than poll(2) reports. */
  isBehind = false;

  constructor(
    readonly tun: TunPort,
    readonly udp: UdpPort,
    readonly list: TxQueue,
    readonly counters: CounterTable,
  ) {}

  /** Handles one batch. False when the interface is gone. */
  drain(): boolean {
    const { list, tun } = this;
    let bytes = 0;
    let taken = WOULD_BLOCK;
    while (bytes < BATCH_BYTES) {
      const first = list.count;
      taken = tun.read(list);
      if (taken <= WOULD_BLOCK) break;
      bytes += this.#address(first);
    }
    if (list.count > 0) this.udp.send(list);
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
      if (this.sessions?.handleOutbound(list, index) === true) {
        list.endpoints[index] = -1;
        continue;
      }
      const isCarried = this.ipv6IsOn || u8[list.headers[index]] >>> 4 === 4;
      if (isCarried && this.peerIsBound) list.endpoints[index] = PEER;
      else {
        list.endpoints[index] = -1;
        this.counters[isCarried ? Counter["drop.noClient"] : Counter["drop.ipv6Off"]]++;
      }
    }
    return bytes;
  }
}
