/**
 * Where packets of sessions go, and which packets go to sessions, in the role of the program.
 *
 * ```
 * server
 *   session -> source is its address? -> destination exposed?     -> client, or an echo answered here
 *                                     -> the server's own address -> tun.write, or an echo
 *   client  -> destination a session? -> source exposed?          -> session
 *   tun     -> destination a session?                             -> session
 * accessor
 *   session -> for its own address? -> from a routed network?    -> tun.write
 *   tun                                                          -> session
 * ```
 *
 * A virtual address that is neither a session's nor the server's or the client's leads nowhere: server and client would hand
 * a packet for it to each other until its time to live ends.
 *
 * @module
 */
import { Counter, type CounterTable, SessionCounter } from "../../core/counters.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { hasSourceRoute, ipv4Destination, ipv4Source } from "../../core/packet/ip.ts";
import { answerEcho, isIcmpError } from "../../core/packet/icmp_echo.ts";
import { Ipv4Set } from "../../core/sharing/prefix_set.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { LARGE_HEADER } from "../../core/protocol/stream_frame.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import { ACCESSOR_SLOT, PEER } from "../worker_channel.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import type { ExposedDeps } from "./exposed_inbound.ts";
import { SessionSegments } from "./session_segments.ts";

/** Delivers authentic IPv4 packets, in the role of the program. */
export interface Delivery {
  /** Delivers the whole IPv4 packet at `at` of a session; its memory stays untouched until {@linkcode flush}. */
  deliver(slot: number, at: number, length: number): void;
  /** Whether the session may send a control message now. */
  maySendControl(slot: number): boolean;
  /** Sends what is queued. */
  flush(): void;
}

/** Datagrams for the client: those of one receive call of 16 messages of 64 each. */
const CAPACITY = 1024;

/** Milliseconds between two control messages of a session: accessors ask every 10 s, the main thread answers 10 times a second. */
const CONTROL_INTERVAL = 50;

/** A server's: delivers packets of sessions, and diverts packets for sessions from the other paths. */
export class ServerDelivery implements Delivery {
  readonly exposed = new Ipv4Set();
  /** The server's own virtual address and the client's; 0: not known yet. */
  ownAddress = 0;
  clientAddress = 0;
  readonly virtualNetwork = new Ipv4Set();
  /** Echo requests are answered here, whatever allowed address they are for. */
  answersEcho = false;
  readonly #toClient: TxQueue;
  readonly #segments: SessionSegments;
  /** By slot: time of the session's last control message. */
  readonly #lastControlAt: Float64Array;

  /**
   * @param outbound has the path to the client
   * @param inbound takes what comes from there
   */
  constructor(
    readonly parts: ExposedDeps,
    memory: PacketMemory,
    readonly outbound: Outbound,
    readonly inbound: Inbound,
  ) {
    this.#toClient = new TxQueue(memory.arena, CAPACITY);
    this.#segments = new SessionSegments(memory, parts.batch);
    this.#lastControlAt = new Float64Array(parts.table.slots);
  }

  deliver(slot: number, at: number, length: number): void {
    const { bytes, table, batch, shared } = this.parts;
    if (ipv4Source(bytes, at) !== table.address[slot]) {
      batch.drop(slot, SessionCounter["drop.spoofedSource"]);
      return;
    }
    const destination = ipv4Destination(bytes, at);
    const isOwn = destination === this.ownAddress;
    if (hasSourceRoute(bytes, at) || (!isOwn && !this.exposed.has(destination))) {
      batch.drop(slot, SessionCounter["drop.notExposed"]);
      return;
    }
    shared.countReceived(slot, length);
    if (this.answersEcho && answerEcho(bytes, at, length)) batch.enqueue(slot, at, 0, at, length);
    else if (isOwn) this.inbound.tun.write(at, length);
    else if (this.outbound.path?.isBound === true) this.#sendToClient(at, length);
    else batch.drop(slot, SessionCounter["drop.noClient"]);
  }

  maySendControl(slot: number): boolean {
    const { now } = this.parts.batch;
    if (now - this.#lastControlAt[slot] < CONTROL_INTERVAL) return false;
    this.#lastControlAt[slot] = now;
    return true;
  }

  #sendToClient(at: number, length: number): void {
    const list = this.#toClient;
    if (list.free === 0) this.#flushToClient();
    list.pushWhole(at, length);
    list.endpoints[list.count - 1] = PEER;
  }

  #flushToClient(): void {
    if (this.#toClient.count > 0 && this.outbound.path !== undefined) {
      this.outbound.tap?.take(this.#toClient);
      this.outbound.path.send(this.#toClient);
    }
    this.#toClient.clear();
  }

  flush(): void {
    this.#flushToClient();
    this.inbound.tun.flush();
    this.#segments.flush();
    this.parts.batch.flush();
  }

  /** Sends a datagram of the TUN interface to its session; false if it is for the client. */
  handleOutbound(list: TxQueue, index: number): boolean {
    const { bytes, table, batch } = this.parts;
    const header = list.headers[index];
    if (bytes[header] >>> 4 !== 4) return false;
    const destination = ipv4Destination(bytes, header);
    const slot = table.addresses.get(destination);
    if (slot < 0) return this.#dropForNobody(destination);
    // A session takes datagrams, whatever path leads to the client.
    if (this.outbound.mtu?.mayGo(list, index, false, this.parts.shared.counters) === false) return true;
    if (list.large[index] === 0) batch.enqueueFrom(slot, list, index);
    else this.#segments.cut(slot, header - LARGE_HEADER, LARGE_HEADER + list.lengths[index]);
    return true;
  }

  /**
   * Sends a whole IPv4 packet of the client to its session; false if it is for the server's system.
   *
   * @param counters of the path that it came by
   */
  handleInbound(counters: CounterTable, at: number, length: number): boolean {
    const slot = this.parts.table.addresses.get(ipv4Destination(this.parts.bytes, at));
    if (slot < 0) return this.#dropForNobody(ipv4Destination(this.parts.bytes, at));
    if (this.#mayReach(counters, slot, at, length)) this.parts.batch.enqueue(slot, at, 0, at, length);
    return true;
  }

  /** The same for a large packet: its 8 octets at `large`, then the packet; `length` is that of all. */
  handleLargeInbound(counters: CounterTable, large: number, length: number): boolean {
    const at = large + LARGE_HEADER;
    const slot = this.parts.table.addresses.get(ipv4Destination(this.parts.bytes, at));
    if (slot < 0) return this.#dropForNobody(ipv4Destination(this.parts.bytes, at));
    if (this.#mayReach(counters, slot, at, length - LARGE_HEADER)) this.#segments.cut(slot, large, length);
    return true;
  }

  /** Whether a packet of the client may reach a session; counts it either way. */
  #mayReach(counters: CounterTable, slot: number, at: number, length: number): boolean {
    const { bytes, batch } = this.parts;
    const source = ipv4Source(bytes, at);
    const mayReach = this.exposed.has(source) ||
      (source === this.clientAddress && isIcmpError(bytes, at, length));
    if (mayReach) {
      counters[Counter["inbound.packets"]]++;
      counters[Counter["inbound.bytes"]] += length;
    } else batch.drop(slot, SessionCounter["drop.sourceNotExposed"]);
    return mayReach;
  }

  /** Drops a packet for an unused virtual address; false if the address is in use. */
  #dropForNobody(destination: number): boolean {
    if (destination === this.ownAddress || destination === this.clientAddress) return false;
    if (!this.virtualNetwork.has(destination)) return false;
    this.parts.shared.counters[SessionCounter["drop.noSession"]]++;
    return true;
  }
}

/**
 * An accessor's two paths. Every packet of the TUN interface goes to its one session. A packet of the session
 * goes to the interface if it is for the accessor's own address and from a routed network: a server may not
 * spoof other sources.
 */
export class AccessorDelivery implements Delivery {
  /** Allowed sources: the routed networks and the server's own address. Empty at first. */
  readonly exposed = new Ipv4Set();
  /** All virtual addresses: the source of the client's ICMP errors. */
  readonly virtualNetwork = new Ipv4Set();

  /** @param interfaceSide has the port of the interface, which changes while packets are captured */
  constructor(readonly parts: ExposedDeps, readonly interfaceSide: { readonly tun: TunPort }) {}

  deliver(slot: number, at: number, length: number): void {
    const { bytes, table, batch, shared } = this.parts;
    const source = ipv4Source(bytes, at);
    if (ipv4Destination(bytes, at) !== table.address[slot] || hasSourceRoute(bytes, at)) {
      batch.drop(slot, SessionCounter["drop.notExposed"]);
    } else if (
      this.exposed.has(source) || (this.virtualNetwork.has(source) && isIcmpError(bytes, at, length))
    ) {
      shared.countReceived(slot, length);
      this.interfaceSide.tun.write(at, length);
    } else batch.drop(slot, SessionCounter["drop.sourceNotExposed"]);
  }

  /** The only session is the server's, and it may send several control messages in a row. */
  maySendControl(): boolean {
    return true;
  }

  /** Sends a datagram of the TUN interface to the session. */
  handleOutbound(list: TxQueue, index: number): true {
    const { bytes, table, batch, shared } = this.parts;
    if (bytes[list.headers[index]] >>> 4 !== 4) shared.counters[SessionCounter["drop.ipv6Off"]]++;
    else if (!table.has(ACCESSOR_SLOT)) shared.counters[SessionCounter["drop.noSessionKey"]]++;
    else batch.enqueueFrom(ACCESSOR_SLOT, list, index);
    return true;
  }

  flush(): void {
    this.interfaceSide.tun.flush();
    this.parts.batch.flush();
  }
}
