/**
 * How long causes last, in milliseconds unless said otherwise, and what a lab has to have.
 *
 * @module
 */
import type { Cell } from "../cell.ts";

/** Seconds of a day. */
export const DAY = 86_400;
/** A sleep: longer than an accepted heartbeat may be old (60 s), and than a NAT remembers a UDP port. */
export const SLEEP = { long: 90_000, short: 6_000 } as const;
/** Seconds by which a clock is behind after a sleep, however long the test's is. */
export const BEHIND = 90;
/** A state that lasts: longer than the period of heartbeats, 5 s. */
export const HOLD = { long: 8_000, short: 3_000 } as const;
/** For cells that set clocks or fill file systems. */
export const CONTROLLED = { hasClocksAndDisks: true } as const;

/** What all jumps of a clock have in common; a recovery counts from the jump on. */
export function clockJump(sign: 1 | -1) {
  return {
    fault: sign > 0 ? "clock +1 day" : "clock -1 day",
    how: `its clock is set ${sign > 0 ? "forward" : "back"} by a day, and stays so`,
    traits: CONTROLLED,
    shows: "clock.skew",
    holdMs: HOLD,
    end: (lab) => Promise.resolve(lab.causes.jumpedAt),
  } as const satisfies Partial<Cell>;
}
