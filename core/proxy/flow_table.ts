/**
 * Milliseconds without a datagram from the container after which a UDP flow ends: RFC 4787 section 4.3 (REQ-5) forbids less than
 * two minutes.
 */
export const FLOW_IDLE_MS = 120_000;

/** UDP flows by their source. Each ends when it was idle for long enough, or when a newer one needs its room. */
export class FlowTable<T> {
  /** The flow that was idle for longest comes first. */
  readonly #flows = new Map<string, { readonly flow: T; usedAt: number }>();

  /**
   * Makes an empty table.
   *
   * @param maximum how many flows there may be
   */
  constructor(readonly maximum: number) {}

  /** How many there are. */
  get size(): number {
    return this.#flows.size;
  }

  /** The flow of a source, which is in use now; `now` is milliseconds of a monotonic clock. */
  use(source: string, now: number): T | undefined {
    const entry = this.#flows.get(source);
    if (entry === undefined) return undefined;
    entry.usedAt = now;
    this.#flows.delete(source);
    this.#flows.set(source, entry);
    return entry.flow;
  }

  /** Adds a flow; returns the one that had to go for it. */
  add(source: string, flow: T, now: number): T | undefined {
    const [first] = this.#flows.size >= this.maximum ? this.#flows.keys() : [];
    const ended = first === undefined ? undefined : this.remove(first);
    this.#flows.set(source, { flow, usedAt: now });
    return ended;
  }

  /** Takes a flow out. */
  remove(source: string): T | undefined {
    const entry = this.#flows.get(source);
    this.#flows.delete(source);
    return entry?.flow;
  }

  /** Takes out those that were idle for too long. */
  expire(now: number): T[] {
    const ended: T[] = [];
    for (const [source, { flow, usedAt }] of this.#flows) {
      if (now - usedAt < FLOW_IDLE_MS) break;
      this.#flows.delete(source);
      ended.push(flow);
    }
    return ended;
  }

  /** Takes all out. */
  clear(): T[] {
    const ended = [...this.#flows.values()].map(({ flow }) => flow);
    this.#flows.clear();
    return ended;
  }
}
