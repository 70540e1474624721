/**
 * An accessor's two paths. Every packet of the TUN interface goes to its one session. A packet of the session
 * goes to the interface if it is for the accessor's own address and from a routed network: a server may not
 * spoof other sources.
 *
 * @module
 */
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { ipv4Destination, ipv4Source } from "../../core/packet/ip.ts";
import { isIcmpError } from "../../core/packet/icmp_echo.ts";
import { Ipv4Set } from "../../core/sharing/prefix_set.ts";
import { hasSourceRoute } from "../../core/sharing/source_route.ts";
import { SessionCounter } from "../../core/counters.ts";
import { BATCH_FULL, DEVICE_ERROR, type TunPort, WOULD_BLOCK } from "../../ffi/tun/tun.ts";
import { BATCH_BYTES } from "../outbound.ts";
import type { Delivery, ExposedDeps } from "./exposed_inbound.ts";
import { SESSION_STATS, SessionStat } from "./session_memory.ts";

/** The accessor's session. */
const SESSION = 0;

/** Moves packets between the session and the TUN interface. */
export class AccessorDelivery implements Delivery {
  /** The last batch was full, so the interface may have more packets than poll(2) reports. */
  isBehind = false;
  /** Allowed sources: the routed networks and the server's own address. Empty at first. */
  readonly exposed = new Ipv4Set();
  /** All virtual addresses: the source of the client's ICMP errors. */
  readonly virtualNetwork = new Ipv4Set();
  readonly #exposed: ExposedDeps;
  readonly #tun: TunPort;
  readonly #list: TxQueue;

  /** @param list for the packets of one batch */
  constructor(exposed: ExposedDeps, tun: TunPort, list: TxQueue) {
    this.#exposed = exposed;
    this.#tun = tun;
    this.#list = list;
  }

  deliver(slot: number, at: number, length: number): void {
    const { bytes, table, batch, shared } = this.#exposed;
    if (ipv4Destination(bytes, at) !== table.address[slot] || hasSourceRoute(bytes, at)) {
      batch.drop(slot, SessionCounter["drop.notExposed"]);
      return;
    }
    const source = ipv4Source(bytes, at);
    const mayReach = this.exposed.has(source) ||
      (this.virtualNetwork.has(source) && isIcmpError(bytes, at, length));
    if (!mayReach) {
      batch.drop(slot, SessionCounter["drop.sourceNotExposed"]);
      return;
    }
    const row = slot * SESSION_STATS;
    shared.stats[row + SessionStat.receivedPackets]++;
    shared.stats[row + SessionStat.receivedBytes] += length;
    shared.counters[SessionCounter["inbound.packets"]]++;
    shared.counters[SessionCounter["inbound.bytes"]] += length;
    this.#tun.write(at, length);
  }

  /** The only session is the server's, and it may send several control messages in a row. */
  maySendControl(): boolean {
    return true;
  }

  flush(): void {
    this.#tun.flush();
    this.#exposed.batch.flush();
  }

  /** Handles one batch of the interface; `batch.now` has been set. False when the interface is gone. */
  drain(): boolean {
    const list = this.#list;
    let bytes = 0;
    let taken = WOULD_BLOCK;
    while (bytes < BATCH_BYTES) {
      const first = list.count;
      taken = this.#tun.read(list);
      if (taken <= WOULD_BLOCK) break;
      for (let index = first; index < list.count; index++) bytes += this.#send(index);
    }
    this.#exposed.batch.flush();
    list.clear();
    this.#tun.release();
    this.isBehind = taken === BATCH_FULL;
    return taken !== DEVICE_ERROR;
  }

  #send(index: number): number {
    const { bytes, table, batch, shared } = this.#exposed;
    const list = this.#list;
    const header = list.headers[index];
    if (bytes[header] >>> 4 !== 4) shared.counters[SessionCounter["drop.ipv6Off"]]++;
    else if (!table.has(SESSION)) shared.counters[SessionCounter["drop.noSessionKey"]]++;
    else batch.enqueueFrom(SESSION, list, index);
    return list.lengths[index];
  }
}
