import { type Fault, FAULTS } from "./fault_table.ts";

/** A problem that is there now. */
export interface ActiveFault extends Fault {
  /** When it was first seen: milliseconds since 1970. */
  readonly since: number;
}

/** Keeps which problems are there, and since when. A problem shows after it has lasted as long as its row says. */
export class FaultWatch {
  #seen = new Map<string, ActiveFault>();
  #now = 0;

  /** Milliseconds after the last update until a problem that lasts is to be shown; undefined: none waits. */
  get nextShow(): number | undefined {
    const waits = [...this.#seen.values()]
      .map(({ code, since }) => since + FAULTS[code].after * 1000 - this.#now)
      .filter((wait) => wait > 0);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /**
   * Takes note of everything that is wrong at this moment; what is absent is over.
   *
   * @param now milliseconds since 1970; a clock that was set back delays nothing for longer than the row says
   * @param faults the ones that matter most first
   * @returns the problems to show, errors first, else in the same order
   */
  update(faults: readonly Fault[], now: number): ActiveFault[] {
    const seen = new Map<string, ActiveFault>();
    for (const fault of faults) {
      const key = `${fault.code} ${fault.subject}`;
      const { since = now } = this.#seen.get(key) ?? {};
      seen.set(key, { ...fault, since: Math.min(since, now) });
    }
    this.#seen = seen;
    this.#now = now;
    const rank = ({ severity }: Fault) => severity === "error" ? 0 : 1;
    return [...seen.values()]
      .filter(({ code, since }) => now - since >= FAULTS[code].after * 1000)
      .sort((a, b) => rank(a) - rank(b));
  }
}
