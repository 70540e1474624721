import { parseEndpoint } from "../../core/net/endpoint.ts";
import type { DirectTerms } from "../../core/protocol/direct_command.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { loadHeartbeatProof } from "../../program/heartbeat_key.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { type DirectWay, findDirectWay, sentPackets } from "../../system/routing/direct_way_linux.ts";
import { DatagramSockets } from "../../system/udp/datagram_sockets.ts";
import { DirectProber, type DirectProberDeps } from "./direct_prober.ts";

/** Bytes of the secret of a run without a key. */
const SECRET_LENGTH = 32;

/** Collaborators. */
export interface DirectPathDeps extends Pick<DirectProberDeps, "onUp" | "onDown" | "onRoundTrip"> {
  /** The tunnel's interface. */
  readonly interfaceName: string;
  /** The key that clients must prove; undefined: none. */
  readonly proof: HeartbeatMac | undefined;
  /** Whether {@linkcode DirectPath.requireKey} is still to be called. */
  readonly keyPending: boolean;
  /** What the client is told has changed. */
  readonly onTerms: () => void;
}

/** The server's side of the direct path: its key, the client's addresses, and whether packets go there. Linux only. */
export class DirectPath implements AsyncDisposable {
  readonly #prober: DirectProber;
  readonly #secret = Array.from(
    crypto.getRandomValues(new Uint8Array(SECRET_LENGTH)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  #proof: HeartbeatMac | undefined;
  /** The proof of the secret. */
  #ownProof: HeartbeatMac | undefined;
  #keyPending: boolean;
  #isWanted = false;
  #addresses: readonly string[] = [];
  #used: DirectWay | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(readonly deps: DirectPathDeps) {
    const { proof, keyPending, interfaceName } = deps;
    this.#proof = proof;
    this.#keyPending = keyPending;
    this.#prober = new DirectProber({
      ...deps,
      clock: SYSTEM_CLOCK,
      sentPackets,
      find: (machine) => findDirectWay(machine, interfaceName),
      openSockets: (onDatagram, maximum) => new DatagramSockets({ onDatagram, maximum, clock: SYSTEM_CLOCK }),
    });
  }

  /** What the client is told. */
  get terms(): DirectTerms | undefined {
    if (!this.#isWanted || this.#keyPending) return undefined;
    const secret = this.#proof === undefined ? this.#secret : undefined;
    return { secret, via: this.#used?.own };
  }

  /** The way that packets can go; undefined: none is known. */
  get way(): DirectWay | undefined {
    return this.#prober.way;
  }

  /** Whether the configuration allows it. */
  set isWanted(isWanted: boolean) {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.deps.onTerms();
    this.#follow();
  }

  /** The client's machine has these addresses. */
  setAddresses(addresses: readonly string[]): void {
    this.#addresses = addresses;
    this.#follow();
  }

  requireKey(proof: HeartbeatMac | undefined): void {
    this.#proof = proof;
    this.#keyPending = false;
    this.deps.onTerms();
    this.#follow();
  }

  /** The networks of this machine may have changed. */
  refresh(): void {
    this.#prober.refresh();
  }

  probe(): void {
    this.#prober.probe();
  }

  /** Packets go there from now on, or no longer. Returns the way. */
  use(isUsed: boolean): DirectWay | undefined {
    this.#used = isUsed ? this.#prober.way : undefined;
    this.#prober.isUsed = isUsed;
    this.deps.onTerms();
    return this.#used;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#prober[Symbol.asyncDispose]();
  }

  #follow(): void {
    this.#work = this.#work.then(async () => {
      const isOffered = this.terms !== undefined;
      if (isOffered && this.#proof === undefined) this.#ownProof ??= await loadHeartbeatProof(this.#secret);
      const endpoints = this.#addresses.map(parseEndpoint).filter((endpoint) => endpoint !== undefined);
      this.#prober.setClient(endpoints, isOffered ? this.#proof ?? this.#ownProof : undefined);
    });
  }
}
