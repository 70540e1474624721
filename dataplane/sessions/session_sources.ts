/**
 * Endpoints of sessions, in three places: the socket's port, the shared memory for the main thread, and a
 * table that finds the session of a source.
 *
 * @module
 */
import type { SocketAddressCodec, UdpPort } from "../../ffi/udp/udp_socket.ts";
import type { EncryptBatch } from "./encrypt_batch.ts";
import type { SessionMemory } from "./session_memory.ts";
import { SourceTable } from "./source_table.ts";

/** The endpoints of the sessions of one socket. */
export class SessionSources {
  readonly #udp: UdpPort;
  readonly #shared: SessionMemory;
  readonly #batch: EncryptBatch;
  readonly #trim: SocketAddressCodec["trim"];
  /** A connected socket has one endpoint, and no addresses are looked at. */
  readonly #isConnected: boolean;
  readonly #table: SourceTable;
  /** Secret, so that a sender cannot choose an address with the hash of another. */
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;

  constructor(
    udp: UdpPort,
    shared: SessionMemory,
    batch: EncryptBatch,
    trim: SocketAddressCodec["trim"],
    isConnected: boolean,
  ) {
    this.#udp = udp;
    this.#shared = shared;
    this.#batch = batch;
    this.#trim = trim;
    this.#isConnected = isConnected;
    this.#table = new SourceTable(shared.slots);
  }

  /** Sets the socket address of a session; empty for none. */
  set(slot: number, socketAddress: Uint8Array): void {
    // The kernel's form has zeros behind it.
    const trimmed = this.#trim(socketAddress);
    this.#udp.setEndpoint(slot, trimmed);
    this.#shared.setEndpoint(slot, trimmed);
    const { now } = this.#batch;
    if (trimmed.length === 0) this.#table.delete(slot, now);
    else this.#table.set(slot, this.#udp.endpointHash(slot, this.#seed), now);
  }

  /** An authentic message from elsewhere moves the session's endpoint. */
  follow(slot: number, message: number): void {
    if (!this.#udp.messageIsFrom(message, slot)) this.set(slot, this.#udp.messageSource(message));
  }

  /** A session that is where the message came from, or has the same hash as if it were; -1: none. */
  find(message: number): number {
    return this.#isConnected ? -1 : this.#table.find(this.#udp.messageSourceHash(message, this.#seed));
  }

  /** Whether a session is where the message came from, or was lately. */
  knows(message: number): boolean {
    return this.#isConnected ||
      this.#table.knows(this.#udp.messageSourceHash(message, this.#seed), this.#batch.now);
  }
}
