/**
 * A server's paths between sessions, the client and its own system.
 *
 * ```
 * session -> source is its address? -> destination exposed?     -> client, or an echo answered here
 *                                   -> the server's own address -> tun.write, or an echo
 * client  -> destination a session? -> source exposed?          -> session
 * tun     -> destination a session?                             -> session
 * ```
 *
 * A virtual address that is neither a session's nor the server's or the client's leads nowhere: server and client would hand
 * a packet for it to each other until its time to live ends.
 *
 * @module
 */
import { Counter, type CounterTable, SessionCounter } from "../../core/counters.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { ipv4Destination, ipv4Source } from "../../core/packet/ip.ts";
import { answerEcho, isIcmpError } from "../../core/packet/icmp_echo.ts";
import { Ipv4Set } from "../../core/sharing/prefix_set.ts";
import { hasSourceRoute } from "../../core/sharing/source_route.ts";
import type { Arena } from "../../core/memory/arena.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import type { UdpPort } from "../../ffi/udp/udp_socket.ts";
import { PEER } from "../worker_channel.ts";
import type { Outbound } from "../outbound.ts";
import type { Delivery, ExposedDeps } from "./exposed_inbound.ts";
import { SESSION_STATS, SessionStat } from "./session_memory.ts";

/** Datagrams for the client: those of one receive call of 16 messages of 64 each. */
const CAPACITY = 1024;

/**
 * Minimum milliseconds between two control messages of a session: accessors ask every ten seconds, and the
 * main thread answers ten times a second.
 */
const CONTROL_INTERVAL = 50;

/** The collaborators of a server's data plane besides the exposed socket. */
export interface ServerDeliveryDeps {
  readonly arena: Arena;
  readonly tun: TunPort;
  /** The client's socket. */
  readonly udp: UdpPort;
  readonly outbound: Outbound;
  readonly counters: CounterTable;
}

/** Delivers packets of sessions, and diverts packets for sessions from the other paths. */
export class ServerDelivery implements Delivery {
  readonly exposed = new Ipv4Set();
  /** The server's own virtual address and the client's; 0: not known yet. */
  ownAddress = 0;
  clientAddress = 0;
  /** All virtual addresses. */
  readonly virtualNetwork = new Ipv4Set();
  /** Echo requests are answered here, whatever allowed address they are for. */
  answersEcho = false;
  readonly #exposed: ExposedDeps;
  readonly #server: ServerDeliveryDeps;
  readonly #toClient: TxQueue;
  /** By slot: time of the session's last control message. */
  readonly #lastControlAt: Float64Array;

  constructor(exposed: ExposedDeps, server: ServerDeliveryDeps) {
    this.#exposed = exposed;
    this.#server = server;
    this.#toClient = new TxQueue(server.arena, CAPACITY);
    this.#lastControlAt = new Float64Array(exposed.table.slots);
  }

  deliver(slot: number, at: number, length: number): void {
    const { bytes, table, batch, shared } = this.#exposed;
    if (ipv4Source(bytes, at) !== table.address[slot]) {
      batch.drop(slot, SessionCounter["drop.spoofedSource"]);
      return;
    }
    if (hasSourceRoute(bytes, at)) {
      batch.drop(slot, SessionCounter["drop.notExposed"]);
      return;
    }
    const destination = ipv4Destination(bytes, at);
    const isOwn = destination === this.ownAddress;
    if (!isOwn && !this.exposed.has(destination)) {
      batch.drop(slot, SessionCounter["drop.notExposed"]);
      return;
    }
    const row = slot * SESSION_STATS;
    shared.stats[row + SessionStat.receivedPackets]++;
    shared.stats[row + SessionStat.receivedBytes] += length;
    shared.counters[SessionCounter["inbound.packets"]]++;
    shared.counters[SessionCounter["inbound.bytes"]] += length;
    if (this.answersEcho && answerEcho(bytes, at, length)) batch.enqueue(slot, at, 0, at, length);
    else if (isOwn) this.#server.tun.write(at, length);
    else this.#sendToClient(slot, at, length);
  }

  maySendControl(slot: number): boolean {
    const { now } = this.#exposed.batch;
    if (now - this.#lastControlAt[slot] < CONTROL_INTERVAL) return false;
    this.#lastControlAt[slot] = now;
    return true;
  }

  #sendToClient(slot: number, at: number, length: number): void {
    if (!this.#server.outbound.peerIsBound) {
      this.#exposed.batch.drop(slot, SessionCounter["drop.noClient"]);
      return;
    }
    const list = this.#toClient;
    if (list.free === 0) this.#flushToClient();
    list.pushWhole(at, length);
    list.endpoints[list.count - 1] = PEER;
  }

  #flushToClient(): void {
    if (this.#toClient.count > 0) this.#server.udp.send(this.#toClient);
    this.#toClient.clear();
  }

  flush(): void {
    this.#flushToClient();
    this.#server.tun.flush();
    this.#exposed.batch.flush();
  }

  /** Sends a datagram of the TUN interface to its session; false if it is for the client. */
  handleOutbound(list: TxQueue, index: number): boolean {
    const { bytes, table, batch } = this.#exposed;
    const header = list.headers[index];
    if (bytes[header] >>> 4 !== 4) return false;
    const destination = ipv4Destination(bytes, header);
    const slot = table.addresses.get(destination);
    if (slot < 0) return this.#dropForNobody(destination);
    batch.enqueueFrom(slot, list, index);
    return true;
  }

  /** Sends a whole IPv4 packet of the client to its session; false if it is for the server's system. */
  handleInbound(at: number, length: number): boolean {
    const { bytes, table, batch } = this.#exposed;
    const destination = ipv4Destination(bytes, at);
    const slot = table.addresses.get(destination);
    if (slot < 0) return this.#dropForNobody(destination);
    const source = ipv4Source(bytes, at);
    const mayReach = this.exposed.has(source) ||
      (source === this.clientAddress && isIcmpError(bytes, at, length));
    if (mayReach) {
      this.#server.counters[Counter["inbound.packets"]]++;
      this.#server.counters[Counter["inbound.bytes"]] += length;
      batch.enqueue(slot, at, 0, at, length);
    } else batch.drop(slot, SessionCounter["drop.sourceNotExposed"]);
    return true;
  }

  /** Drops a packet for an unused virtual address; false if the address is in use. */
  #dropForNobody(destination: number): boolean {
    if (destination === this.ownAddress || destination === this.clientAddress) return false;
    if (!this.virtualNetwork.has(destination)) return false;
    this.#exposed.shared.counters[SessionCounter["drop.noSession"]]++;
    return true;
  }
}
