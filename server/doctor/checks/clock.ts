import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { Examination } from "../examination.ts";

/** Seconds that the clocks may differ: heartbeats are refused beyond 60 s, certificates and logs suffer before. */
const MAX_SKEW = 30;

/** The clock of Docker's machine beside this one's. */
export function checkClock({ engine }: Examination): CheckResult {
  const ahead = engine?.value?.clockAheadMs;
  if (ahead === undefined) return skipped("clock", "the Engine does not tell its time");
  const seconds = ahead / 1000;
  const text = `the clock of Docker's machine differs by ${Math.abs(seconds).toFixed(1)} s`;
  if (Math.abs(seconds) <= MAX_SKEW) return sound("clock", text);
  return faulty("clock", text, fault("clock.skew", { seconds }));
}
