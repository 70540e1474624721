import { ENDPOINTS } from "./udp_port.ts";

/** Milliseconds until segmentation of datagrams above the PMTU is tried again: paths change. */
const LIFETIME = 60_000;

/** Which datagrams the kernel may be asked to segment. No method throws or allocates. */
export class SegmentLimits {
  /** By endpoint: equal datagrams share one message up to this datagram size; 0: never. */
  readonly sizes = new Int32Array(ENDPOINTS);
  readonly #clock: () => number;
  readonly #most: number;
  /** When lowered limits end, by the clock; Infinity while there are none. */
  #end = Infinity;

  /**
   * @param most the limit of a path that is not known to have a lower one; 0 where the kernel segments nothing
   * @param clock monotonic milliseconds
   */
  constructor(most: number, clock: () => number) {
    this.#clock = clock;
    this.#most = most;
    this.sizes.fill(most);
  }

  /** Forgets a lowered limit. */
  restore(endpoint: number): void {
    if (this.sizes[endpoint] > 0) this.sizes[endpoint] = this.#most;
  }

  /** Forgets all lowered limits when their time is over. */
  renew(): void {
    if (this.#end === Infinity || this.#clock() < this.#end) return;
    this.sizes.fill(this.#most);
    this.#end = Infinity;
  }

  /** Lowers the limit of an endpoint for a while. */
  lower(endpoint: number, size: number): void {
    this.sizes[endpoint] = size;
    // One time for all: what is lowered later is tried again the sooner, and that costs three calls.
    if (this.#end === Infinity) this.#end = this.#clock() + LIFETIME;
  }

  /** Ends all segmentation. */
  forbid(): void {
    this.sizes.fill(0);
    this.#end = Infinity;
  }
}
