/**
 * The Worker's side of sessions: takes an exposed socket in and lets it go, and carries out what the main thread says about
 * its sessions. Loaded with the first socket.
 *
 * @module
 */
import { type CipherChoice, loadPacketCipher } from "../../ffi/aead/load_cipher.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { attachUdpSocket, socketAddressCodec } from "../../ffi/udp/udp_socket.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import { AccessorDelivery, ServerDelivery } from "./delivery.ts";
import { type ExposedDeps, ExposedInbound } from "./exposed_inbound.ts";
import { EncryptBatch } from "./encrypt_batch.ts";
import { type Attach, MAX_TEXT, type SessionCommand, type SessionEvent } from "../worker_channel.ts";
import { monotonicNow, SessionMemory } from "./session_memory.ts";
import { SessionSources } from "./session_sources.ts";
import { KEY_PAIRS, SessionTable } from "./session_table.ts";

export interface WorkerSessionsDeps {
  readonly memory: PacketMemory;
  /** Made by {@linkcode SessionMemory.allocate}. */
  readonly shared: SharedArrayBuffer;
  readonly outbound: Outbound;
  /** The path from the client; an accessor has none. */
  readonly inbound: Inbound | undefined;
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

export class WorkerSessions {
  #cipher: { readonly code: PacketCipher; readonly choice: CipherChoice; readonly slots: number } | undefined;
  /** Notices about a cipher that was just loaded. */
  readonly #cipherNotices: string[] = [];
  #attached: Attached | undefined;
  #reported = 0;

  constructor(readonly host: WorkerSessionsDeps) {}

  /** The descriptor to poll; -1 for none. */
  get descriptor(): number {
    return this.#attached?.parts.udp.descriptor ?? -1;
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
      this.host.post({ kind: "unsupported", unsupported: udp.unsupported & ~this.#reported });
      this.#reported = udp.unsupported;
    }
    if (attached.inbound.drain()) return true;
    this.host.post({ kind: "failed", errno: udp.failure });
    this.#detach();
    return false;
  }

  handle(command: Exclude<SessionCommand, Attach>): void {
    if (command.kind === "detach") {
      this.#detach();
      return this.host.post({ kind: "detached" });
    }
    // The socket died, and the main thread does not know yet.
    if (this.#attached === undefined) return;
    const { parts, inbound, delivery, text } = this.#attached;
    const { table, batch, sources } = parts;
    this.tick();
    switch (command.kind) {
      case "set":
        table.set(command.slot, command.session);
        return sources.set(command.slot, command.session?.endpoint ?? new Uint8Array());
      case "address":
        return table.readdress(command.slot, command.address);
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
      this.host.post({ kind: "attached", backend: cipher.backend, notices: this.#cipherNotices.splice(0) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.host.post({ kind: "attach-failed", message });
    }
  }

  /** The cipher outlives the socket, since loading it takes some milliseconds. */
  async #loadCipher(choice: CipherChoice, slots: number): Promise<PacketCipher> {
    const loaded = this.#cipher;
    if (loaded?.choice === choice && loaded.slots === slots) return loaded.code;
    loaded?.code[Symbol.dispose]();
    this.#cipher = undefined;
    const code = await loadPacketCipher(this.host.memory, slots * KEY_PAIRS * 2, choice, (reason) => {
      this.#cipherNotices.push(`WebAssembly encrypts, which is slower than libcrypto: ${reason}`);
    });
    this.#cipher = { code, choice, slots };
    return code;
  }

  /** Builds the parts in memory of the arena, which is given back if that fails. */
  async #build(command: Attach, cipher: PacketCipher): Promise<Attached> {
    const { memory, outbound, inbound, post } = this.host;
    const { arena } = memory;
    const arenaUsed = arena.used;
    try {
      const shared = new SessionMemory(this.host.shared, command.slots);
      const udp = await attachUdpSocket(memory, command.udp, shared.counters);
      const table = new SessionTable(command.slots, cipher, shared);
      const batch = new EncryptBatch(memory, udp, table, cipher, shared, post);
      // Only trimmed by it, which is the same for either family.
      const { trim } = socketAddressCodec(4);
      const sources = new SessionSources(udp, shared, batch, trim);
      const parts = { bytes: arena.u8, udp, table, cipher, shared, batch, post, sources };
      const delivery = inbound === undefined
        ? new AccessorDelivery(parts, outbound)
        : new ServerDelivery(parts, memory, outbound, inbound);
      const text = arena.allocate(MAX_TEXT, 64);
      outbound.sessions = delivery;
      if (delivery instanceof ServerDelivery && inbound !== undefined) inbound.sessions = delivery;
      this.#reported = 0;
      return { parts, inbound: new ExposedInbound(parts, delivery), delivery, arenaUsed, text };
    } catch (error) {
      arena.release(arenaUsed);
      throw error;
    }
  }

  #detach(): void {
    if (this.#attached === undefined) return;
    const { memory, outbound, inbound } = this.host;
    outbound.sessions = undefined;
    if (inbound !== undefined) inbound.sessions = undefined;
    this.#attached.parts.table.clear();
    memory.arena.release(this.#attached.arenaUsed);
    this.#attached = undefined;
  }
}
