/**
 * An exposed socket as the data plane's Worker has it, in memory, with the calls that the main thread makes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { COUNTER_BYTES } from "../../core/counters.ts";
import { addressToUint32 } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { isLargePacket } from "../../core/offload/large_packet.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { ipv4Ranges } from "../../core/sharing/prefix_set.ts";
import type { TransportKeys } from "../../core/wireguard/handshake.ts";
import { SESSION_LIMITS } from "../../core/wireguard/limits.ts";
import type { Traffic } from "../../core/wireguard/peer_timers.ts";
import { Inbound } from "../../dataplane/inbound.ts";
import { Outbound } from "../../dataplane/outbound.ts";
import { ProbeTimes } from "../../dataplane/path/probe_times.ts";
import { UdpPath } from "../../dataplane/path/udp_path.ts";
import { AccessorDelivery, ServerDelivery } from "../../dataplane/sessions/delivery.ts";
import { EncryptBatch } from "../../dataplane/sessions/encrypt_batch.ts";
import { type ExposedDeps, ExposedInbound } from "../../dataplane/sessions/exposed_inbound.ts";
import type { Session } from "../../dataplane/sessions/session_controller.ts";
import {
  monotonicNow,
  SESSION_STATS,
  SessionMemory,
  SessionStat,
} from "../../dataplane/sessions/session_memory.ts";
import { SessionSources } from "../../dataplane/sessions/session_sources.ts";
import { KEY_PAIRS, SessionTable } from "../../dataplane/sessions/session_table.ts";
import { MAX_TEXT, PEER, type SessionEvent } from "../../dataplane/worker_channel.ts";
import { loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { linuxSocketAddress } from "../../ffi/udp/socket_address.ts";
import { endpoint, prefix } from "../literals.ts";
import { MemoryTunPort, MemoryUdpPort } from "./fake_ports.ts";

/** Sessions: one more than there are tokens. */
export const SLOTS = 3;
const MEMORY = 12 << 20;
export const OWN_ADDRESS = "192.168.251.2";
export const CLIENT_ADDRESS = "192.168.251.1";
export const VIRTUAL_NETWORK = prefix("192.168.251.0/24");
export const EXPOSED_ROUTE = prefix("172.20.0.0/16");
const CLIENT_AT = endpoint("192.0.2.7:40000");

/** The socket and its sessions. Disposal forgets the keys. */
export class ExposedSocket implements Disposable {
  readonly udp: MemoryUdpPort;
  readonly table: SessionTable;
  readonly inbound: ExposedInbound;
  readonly tun: MemoryTunPort;
  /** Takes what the Worker would post to the main thread. */
  onEvent: (event: SessionEvent) => void = () => {};
  /** Milliseconds since the start, by a clock that each batch moves on. */
  now = 0;
  /** Milliseconds between two messages. */
  interval = 1;
  readonly #start = monotonicNow();
  readonly #parts: ExposedDeps;
  readonly #text: number;
  /** A server's path to its client, and what takes what comes by it; an accessor has none. */
  #client: { readonly port: MemoryUdpPort; readonly path: UdpPath; readonly inbound: Inbound } | undefined;

  private constructor(role: "server" | "accessor", memory: PacketMemory, readonly cipher: PacketCipher) {
    const shared = SessionMemory.allocate(SLOTS);
    const post = (event: SessionEvent) => {
      if (event.kind === "datagram" || event.kind === "text") shared.noteMessageTaken();
      this.onEvent(event);
    };
    this.udp = new MemoryUdpPort(memory, false);
    this.table = new SessionTable(SLOTS, cipher, shared);
    const batch = new EncryptBatch(memory, this.udp, this.table, cipher, shared, post);
    const sources = new SessionSources(this.udp, shared, batch, linuxSocketAddress.trim);
    const bytes = memory.arena.u8;
    this.#parts = { bytes, udp: this.udp, table: this.table, cipher, shared, batch, post, sources };
    this.tun = new MemoryTunPort(memory);
    this.inbound = new ExposedInbound(this.#parts, this.#deliveryOf(role, memory));
    this.#text = memory.arena.allocate(MAX_TEXT, 64);
    this.#tick();
  }

  static async open(role: "server" | "accessor"): Promise<ExposedSocket> {
    const memory = new PacketMemory(MEMORY);
    return new ExposedSocket(role, memory, await loadPacketCipher(memory, SLOTS * KEY_PAIRS * 2));
  }

  #deliveryOf(role: "server" | "accessor", memory: PacketMemory): ServerDelivery | AccessorDelivery {
    const routes = ipv4Ranges([EXPOSED_ROUTE]);
    const network = ipv4Ranges([VIRTUAL_NETWORK]);
    if (role === "accessor") {
      const delivery = new AccessorDelivery(this.#parts, this);
      delivery.exposed.replace(routes);
      delivery.virtualNetwork.replace(network);
      return delivery;
    }
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const port = new MemoryUdpPort(memory, false);
    port.setEndpoint(PEER, linuxSocketAddress.encode(CLIENT_AT));
    const path = new UdpPath(memory.arena, port, counters);
    path.isBound = true;
    const outbound = new Outbound(this.tun, path, new TxQueue(memory.arena, 64), counters);
    const probes = new ProbeTimes(memory.arena, () => {});
    const inbound = new Inbound("server", this.tun, memory.arena.u8, outbound, probes, () => {});
    const delivery = new ServerDelivery(this.#parts, memory, outbound, inbound);
    delivery.exposed.replace(routes);
    delivery.virtualNetwork.replace(network);
    delivery.ownAddress = addressToUint32(endpoint(`${OWN_ADDRESS}:1`).address);
    delivery.clientAddress = addressToUint32(endpoint(`${CLIENT_ADDRESS}:1`).address);
    delivery.answersEcho = true;
    inbound.sessions = delivery;
    this.#client = { port, path, inbound };
    return delivery;
  }

  #tick(): void {
    this.#parts.batch.now = this.#start + this.now;
  }

  /** Receives one message, some time after the last one. */
  deliver(bytes: Uint8Array, from: Endpoint, stride = Math.max(1, bytes.length)): void {
    this.now += this.interval;
    this.#tick();
    this.udp.lay(bytes, stride, linuxSocketAddress.encode(from));
    assert.ok(this.inbound.drain());
    this.udp.checkGuards();
  }

  /** Datagrams that went to the client since the last call. */
  takeSentToClient(): Uint8Array[] {
    return this.#client?.port.sent.splice(0).map(({ bytes }) => bytes) ?? [];
  }

  /** Receives a datagram of the client, or a large packet with its 8 octets as a stream brings it. */
  deliverFromClient(bytes: Uint8Array): void {
    const { port, path, inbound } = this.#client ?? assert.fail("an accessor has no client");
    this.now += this.interval;
    this.#tick();
    port.lay(bytes, Math.max(1, bytes.length), linuxSocketAddress.encode(CLIENT_AT));
    const at = port.messageOffset();
    if (isLargePacket(this.#parts.bytes, at, bytes.length)) {
      inbound.takeLarge(path, at, bytes.length, true);
      inbound.flush();
    } else assert.ok(path.drain(inbound));
    port.checkGuards();
  }

  setSession(slot: number, { address, endpoint: at, legacy = false }: Session): void {
    this.table.set(slot, { address: addressToUint32(address), endpoint: at, legacy });
    this.#parts.sources.set(slot, at ?? new Uint8Array());
  }

  removeSession(slot: number): void {
    this.table.set(slot, undefined);
    this.#parts.sources.set(slot, new Uint8Array());
  }

  installKeys(
    slot: number,
    keys: TransportKeys,
    at?: Uint8Array,
    limits: { readonly rejectAfterMessages: number; readonly rejectAfterTime: number } = SESSION_LIMITS,
  ): void {
    const isIn = this.table.install(slot, keys, limits.rejectAfterMessages, limits.rejectAfterTime);
    if (isIn && at !== undefined) this.#parts.sources.set(slot, at);
  }

  expireKeys(slot: number, localIndex: number): void {
    this.table.expire(slot, localIndex);
  }

  wantAgain(slot: number): void {
    this.table.isWanted[slot] = 0;
  }

  sealAndSend(slot: number, text: Uint8Array): void {
    if (!this.table.has(slot)) return;
    this.#parts.bytes.set(text, this.#text);
    this.#parts.batch.enqueueControl(slot, this.#text, text.length);
    this.#parts.batch.flush();
  }

  decode(socketAddress: Uint8Array): Endpoint | undefined {
    return linuxSocketAddress.decode(socketAddress);
  }

  endpoint(slot: number): Endpoint | undefined {
    const at = this.#parts.shared.endpoint(slot);
    return at && linuxSocketAddress.decode(at);
  }

  traffic(slot: number): Traffic {
    const number = (index: number) => this.#parts.shared.stats[slot * SESSION_STATS + index];
    const time = (index: number) => number(index) === 0 ? -Infinity : number(index) - this.#start;
    return {
      dataSentAt: time(SessionStat.dataSentAt),
      dataReceivedAt: time(SessionStat.dataReceivedAt),
      sentAt: time(SessionStat.sentAt),
      receivedAt: time(SessionStat.receivedAt),
      counter: number(SessionStat.counter),
    };
  }

  [Symbol.dispose](): void {
    this.table.clear();
    this.cipher[Symbol.dispose]();
  }
}
