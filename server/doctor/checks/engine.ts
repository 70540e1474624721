import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { Examination } from "../examination.ts";

/** Whether the Docker Engine answers. */
export function checkEngine({ engine, isRoot }: Examination): CheckResult {
  if (engine === undefined) return skipped("engine", "switched off by the configuration (docker off)");
  if (engine.value !== undefined) {
    const { version, path, api } = engine.value.client;
    return sound("engine", `Engine ${version} at ${path}, API ${api}`);
  }
  const { message, remedy } = engine.error;
  if (!isRoot && message.includes("permission denied")) return skipped("engine", message);
  const instead = remedy === "" ? undefined : remedy;
  return faulty("engine", message, fault("docker.engine-down", { why: message }, instead));
}
