import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { clockFault } from "../../faults/docker_faults.ts";
import type { Examination } from "../examination.ts";

/** The clock of Docker's machine beside this one's. */
export function checkClock({ engine }: Examination): CheckResult {
  const ahead = engine?.value?.client.clock.aheadMs;
  if (ahead === undefined) return skipped("clock", "the Engine does not tell its time");
  const seconds = Math.round(ahead / 1000);
  const text = `the clock of Docker's machine differs by ${Math.abs(seconds)} s`;
  const skew = clockFault(seconds);
  return skew === undefined ? sound("clock", text) : faulty("clock", text, skew);
}
