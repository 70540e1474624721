import { SystemError } from "../../ffi/libc/errno.ts";
import type { LargePeer } from "../../dataplane/worker_channel.ts";

/** Bytes of the shortest MTU that counts: an IPv4 host takes that much (RFC 791 section 3.1). */
const MIN_MTU = 576;

export interface PacketLengthsDeps {
  /** MTU of the client's interface, in bytes. */
  readonly mtu: number;
  /** Whether the interface has offload for TCP, so that the kernel cuts what is written to it. */
  readonly cutsTcp: boolean;
  /** The least MTU of the bridges behind it, in bytes. Throws a SystemError when it cannot be told. */
  readonly leastBridgeMtu: () => number;
  /** Takes what has changed. */
  readonly onChange: (peer: LargePeer | undefined) => void;
}

/** How long packets may be at the server, and behind this client. */
export class PacketLengths {
  #server: number | undefined;
  #known: string | undefined;

  constructor(readonly deps: PacketLengthsDeps) {}

  /** The server's interface takes packets of so many bytes on the engine path; undefined: it cuts them itself. */
  follow(server: number | undefined): void {
    this.#server = server;
    this.refresh();
  }

  /** Looks at the bridges again. */
  refresh(): void {
    const peer = this.#server === undefined ? undefined : this.#lengths(this.#server);
    const text = JSON.stringify(peer);
    if (text === this.#known) return;
    this.#known = text;
    this.deps.onChange(peer);
  }

  #lengths(length: number): LargePeer {
    const { mtu: own, cutsTcp } = this.deps;
    const behind = this.#behind();
    return { length, behind: behind ?? length, own, mayRaise: cutsTcp && behind !== undefined };
  }

  /** Undefined where the bridges cannot be looked at: then packets stay as they are. */
  #behind(): number | undefined {
    try {
      return Math.max(this.deps.leastBridgeMtu(), MIN_MTU);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }
}
