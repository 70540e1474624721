import { type CheckResult, skipped, sound } from "../../../core/doctor/check_result.ts";
import type { Examination } from "../examination.ts";

/** Whether this command may see everything. It is no fault where it may not. */
export function checkRoot({ isRoot }: Examination): CheckResult {
  if (isRoot) return sound("root", "runs as root");
  return skipped(
    "root",
    "not root: cannot ask the server or try the TUN device, and may not send echoes; run it with sudo to see all",
  );
}
