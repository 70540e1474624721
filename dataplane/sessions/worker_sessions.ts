/**
 * The Worker's side of sessions: takes an exposed socket in and lets it go, and carries out what the main thread says about
 * its sessions. Loaded with the first socket.
 *
 * @module
 */
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { type CipherChoice, loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import type { TunPort } from "../../ffi/tun/tun.ts";
import { attachUdpSocket, socketAddressCodec, type UdpPort } from "../../ffi/udp/udp_socket.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import { AccessorDelivery } from "./accessor_delivery.ts";
import { type ExposedDeps, ExposedInbound } from "./exposed_inbound.ts";
import { EncryptBatch } from "./encrypt_batch.ts";
import { ServerDelivery } from "./server_delivery.ts";
import type { Attach, SessionCommand, SessionEvent } from "./session_channel.ts";
import { monotonicNow, SessionMemory } from "./session_memory.ts";
import { SessionSources } from "./session_sources.ts";
import { KEY_PAIRS, SessionTable } from "./session_table.ts";

/** The rest of the data plane; `client` is undefined in an accessor. */
export interface WorkerSessionsDeps {
  readonly memory: PacketMemory;
  readonly tun: TunPort;
  readonly list: TxQueue;
  readonly counters: Float64Array;
  readonly client:
    | { readonly udp: UdpPort; readonly outbound: Outbound; readonly inbound: Inbound }
    | undefined;
  readonly post: (event: SessionEvent) => void;
}

/** The parts that exist while a socket is attached. */
interface Attached {
  readonly parts: ExposedDeps;
  readonly inbound: ExposedInbound;
  readonly delivery: ServerDelivery | AccessorDelivery;
  /** Used bytes of the arena before. */
  readonly arenaUsed: number;
  /** Room for a text that the main thread sends. */
  readonly text: number;
}

/** Bytes of the longest text that the main thread sends. */
const TEXT_CAPACITY = 65_536;

/** The sessions of the Worker. */
export class WorkerSessions {
  readonly #host: WorkerSessionsDeps;
  #cipher: PacketCipher | undefined;
  /** Notices about the loaded cipher. */
  readonly #cipherNotices: string[] = [];
  #cipherFor: { readonly choice: CipherChoice; readonly slots: number } | undefined;
  #attached: Attached | undefined;
  #reported = 0;

  constructor(host: WorkerSessionsDeps) {
    this.#host = host;
  }

  /** The descriptor to poll; -1 for none. */
  get descriptor(): number {
    return this.#attached?.parts.udp.descriptor ?? -1;
  }

  /** Whether the interface may have more packets than poll(2) reports. */
  get isBehind(): boolean {
    const delivery = this.#attached?.delivery;
    return delivery instanceof AccessorDelivery && delivery.isBehind;
  }

  /** Notes the time, before each batch of any path. */
  tick(): void {
    if (this.#attached !== undefined) this.#attached.parts.batch.now = monotonicNow();
  }

  /** Handles one batch of the exposed socket. False when it is gone and detached. */
  drainSocket(): boolean {
    const attached = this.#attached;
    if (attached === undefined) return true;
    const { udp } = attached.parts;
    if (udp.unsupported !== this.#reported) {
      this.#host.post({ kind: "unsupported", unsupported: udp.unsupported & ~this.#reported });
      this.#reported = udp.unsupported;
    }
    if (attached.inbound.drain()) return true;
    this.#host.post({ kind: "failed", errno: udp.failure });
    this.#detach();
    return false;
  }

  /** Accessor: handles one batch of the interface. False when it is gone. */
  drainInterface(): boolean {
    const delivery = this.#attached?.delivery;
    return delivery instanceof AccessorDelivery ? delivery.drain() : true;
  }

  /** Runs a command. */
  handle(command: Exclude<SessionCommand, Attach>): void {
    if (command.kind === "detach") {
      this.#detach();
      return this.#host.post({ kind: "detached" });
    }
    const attached = this.#attached;
    // The socket died, and the main thread does not know yet.
    if (attached === undefined) return;
    this.tick();
    this.#change(attached, command);
  }

  #change({ parts, inbound, delivery, text }: Attached, command: Exclude<SessionCommand, Attach>): void {
    const { table, batch, sources } = parts;
    switch (command.kind) {
      case "set":
        table.set(command.slot, command.session);
        return sources.set(command.slot, command.session?.endpoint ?? new Uint8Array());
      case "address":
        return table.readdress(command.slot, command.address);
      case "endpoint":
        if (table.has(command.slot)) sources.set(command.slot, command.endpoint);
        return;
      case "keys":
        if (table.install(command.slot, command.keys, command.sendLimit, command.lifetime)) {
          if (command.endpoint !== undefined) sources.set(command.slot, command.endpoint);
        }
        // The cipher has its own copy.
        command.keys.send.fill(0);
        command.keys.receive.fill(0);
        return;
      case "want-again":
        table.isWanted[command.slot] = 0;
        return;
      case "expire":
        return table.expire(command.slot, command.localIndex);
      case "routes":
        return delivery.exposed.replace(command.ranges);
      case "virtual-network":
        return delivery.virtualNetwork.replace(command.ranges);
      case "local-responder":
        inbound.legacyIsOn = command.legacy;
        if (!(delivery instanceof ServerDelivery)) return;
        delivery.ownAddress = command.ownAddress;
        delivery.clientAddress = command.clientAddress;
        delivery.virtualNetwork.replace(command.virtualNetwork);
        delivery.answersEcho = command.answerEcho;
        return;
      case "text":
        if (!table.has(command.slot)) return;
        parts.bytes.set(command.text, text);
        batch.enqueueControl(command.slot, text, command.text.length);
        return batch.flush();
    }
  }

  /** Attaches a socket, in place of a former one. */
  async attach(command: Attach): Promise<void> {
    this.#detach();
    try {
      const cipher = await this.#loadCipher(command.cipher, command.slots);
      this.#attached = await this.#build(command, cipher);
      this.#host.post({ kind: "attached", backend: cipher.backend, notices: this.#cipherNotices.splice(0) });
    } catch (error) {
      this.#host.post({
        kind: "attach-failed",
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** The cipher outlives the socket, since loading it takes some milliseconds. */
  async #loadCipher(choice: CipherChoice, slots: number): Promise<PacketCipher> {
    const loaded = this.#cipherFor;
    if (this.#cipher !== undefined && loaded?.choice === choice && loaded.slots === slots) {
      return this.#cipher;
    }
    this.#cipher?.[Symbol.dispose]();
    this.#cipher = undefined;
    this.#cipher = await loadPacketCipher(this.#host.memory, slots * KEY_PAIRS * 2, choice, (reason) => {
      this.#cipherNotices.push(`WebAssembly encrypts, which is slower than libcrypto: ${reason}`);
    });
    this.#cipherFor = { choice, slots };
    return this.#cipher;
  }

  async #build(command: Attach, cipher: PacketCipher): Promise<Attached> {
    const { arena } = this.#host.memory;
    const arenaUsed = arena.used;
    try {
      return await this.#buildFrom(arenaUsed, command, cipher);
    } catch (error) {
      arena.release(arenaUsed);
      throw error;
    }
  }

  async #buildFrom(arenaUsed: number, command: Attach, cipher: PacketCipher): Promise<Attached> {
    const { memory, tun, list, counters, client, post } = this.#host;
    const shared = new SessionMemory(command.shared, command.slots);
    const udp = await attachUdpSocket(memory, command.udp, shared.counters);
    const table = new SessionTable(command.slots, cipher, shared);
    const batch = new EncryptBatch(memory, udp, table, cipher, shared, post);
    // Only trimmed by it, which is the same for either family.
    const { trim } = await socketAddressCodec(4);
    const sources = new SessionSources(udp, shared, batch, trim, command.udp.connected);
    const parts = { bytes: memory.arena.u8, udp, table, cipher, shared, batch, post, sources };
    const delivery = client === undefined
      ? new AccessorDelivery(parts, tun, list)
      : new ServerDelivery(parts, { arena: memory.arena, tun, counters, ...client });
    const text = memory.arena.allocate(TEXT_CAPACITY, 64);
    if (client !== undefined && delivery instanceof ServerDelivery) {
      client.outbound.sessions = delivery;
      client.inbound.sessions = delivery;
    }
    this.#reported = 0;
    return { parts, inbound: new ExposedInbound(parts, delivery), delivery, arenaUsed, text };
  }

  #detach(): void {
    if (this.#attached === undefined) return;
    this.#attached.parts.table.clear();
    this.#host.memory.arena.release(this.#attached.arenaUsed);
    this.#attached = undefined;
    const { client } = this.#host;
    if (client === undefined) return;
    client.outbound.sessions = undefined;
    client.inbound.sessions = undefined;
  }
}
