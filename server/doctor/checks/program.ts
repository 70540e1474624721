import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { version } from "../../../program/build_info.ts";
import type { Examination } from "../examination.ts";

/** Whether a server runs and answers. */
export function checkProgram({ status, control }: Examination): CheckResult {
  if (status.value !== undefined) {
    const { pid, version: running } = status.value;
    const other = running === version ? "" : `; this command is of version ${version}`;
    return sound("program", `docker-connector ${running} runs (pid ${pid})${other}`);
  }
  const { code, message, remedy } = status.error;
  if (code === "not-running") {
    const args = { program: "docker-connector", control };
    return faulty("program", `nothing answers at ${control}`, fault("program.not-running", args));
  }
  if (code === "privilege") return skipped("program", `${message}; run it with sudo`);
  const instead = remedy === "" ? undefined : remedy;
  return faulty("program", message, fault("program.no-answer", { why: message }, instead));
}
