import { PROBE_IN_USE, PROBE_LENGTH, writeProbe } from "../../core/protocol/probe.ts";
import type { Arena } from "../../core/memory/arena.ts";
import { CARRIED_PATHS, type CarriedPath, type Path } from "./path.ts";

/** Receives the round trip of an answered probe, in milliseconds. */
export type OnRoundTrip = (path: CarriedPath, milliseconds: number) => void;

/** The last probe of each path, and when it was sent. */
export class ProbeTimes {
  readonly #at: number;
  readonly #tokens = new Int32Array(CARRIED_PATHS.length);
  /** Monotonic milliseconds; 0: there is none, or it is answered. */
  readonly #sentAt = new Float64Array(CARRIED_PATHS.length);

  constructor(readonly arena: Arena, readonly onRoundTrip: OnRoundTrip) {
    this.#at = arena.allocate(PROBE_LENGTH);
  }

  /**
   * Sends a probe; an answer to an earlier one of the path does not count any more.
   *
   * @param isInUse whether the server sends its packets by this path
   */
  send(path: Path, isInUse: boolean): void {
    const index = CARRIED_PATHS.indexOf(path.kind);
    const token = ++this.#tokens[index];
    writeProbe(this.arena.u8, this.#at, isInUse ? PROBE_IN_USE : 0, token);
    this.#sentAt[index] = performance.now();
    path.sendProbe(this.#at);
  }

  /** Takes an answer. */
  onAnswer(kind: CarriedPath, token: number): void {
    const index = CARRIED_PATHS.indexOf(kind);
    if (this.#sentAt[index] === 0 || token !== this.#tokens[index]) return;
    const milliseconds = performance.now() - this.#sentAt[index];
    this.#sentAt[index] = 0;
    this.onRoundTrip(kind, milliseconds);
  }
}
