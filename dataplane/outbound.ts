/**
 * Outbound: tun.read -> destination -> client or server endpoint -> udp.send.
 *
 * @module
 */
import { Counter, type CounterTable } from "../core/counters.ts";
import type { DatagramList } from "../core/packet/datagram_list.ts";
import { READ_EMPTY, READ_FAILED, type TunPort } from "../ffi/tun.ts";
import type { UdpPort } from "../ffi/udp_socket.ts";
import { PEER } from "./channel.ts";

/** Octets read before they are sent: they are still in the processor's cache then. */
const BATCH_OCTETS = 192 * 1024;

/** Moves packets from the interface to the socket. */
export class Outbound {
  /** Whether the peer's endpoint is known. */
  peerIsBound = false;

  constructor(
    readonly tun: TunPort,
    readonly udp: UdpPort,
    readonly list: DatagramList,
    readonly counters: CounterTable,
  ) {}

  /** Takes one batch. False when the interface is gone. */
  drain(): boolean {
    const { list, tun } = this;
    let octets = 0;
    let taken = READ_EMPTY;
    while (octets < BATCH_OCTETS) {
      const first = list.count;
      taken = tun.read(list);
      if (taken <= READ_EMPTY) break;
      octets += this.#address(first);
    }
    if (list.count > 0) this.udp.send(list);
    list.clear();
    tun.release();
    return taken !== READ_FAILED;
  }

  /** Gives the datagrams from `first` on, all of one flow, their endpoint; returns their octets. */
  #address(first: number): number {
    const { list } = this;
    const isIpv4 = list.arena.u8[list.headers[first]] >>> 4 === 4;
    const endpoint = isIpv4 && this.peerIsBound ? PEER : -1;
    let octets = 0;
    for (let index = first; index < list.count; index++) {
      list.endpoints[index] = endpoint;
      octets += list.lengths[index];
    }
    if (endpoint < 0) {
      this.counters[isIpv4 ? Counter["drop.noClient"] : Counter["drop.ipv6Off"]] += list.count - first;
    }
    return octets;
  }
}
