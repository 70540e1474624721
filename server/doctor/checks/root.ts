import { type CheckResult, skipped, sound } from "../../../core/doctor/check_result.ts";
import type { Examination } from "../examination.ts";

/** Whether this command may see everything. It is no fault where it may not. */
export function checkRoot({ isRoot }: Examination): CheckResult {
  if (isRoot) return sound("root", "runs as root");
  return skipped(
    "root",
    "not root: may not see the Engine, send echoes or try the TUN device; run it with sudo to see all",
  );
}
