import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { Examination } from "../examination.ts";

/** The config file as it is on disk now. */
export function checkConfigFile({ config, status }: Examination): CheckResult {
  const { file, isHidden } = config;
  if (file === undefined) return sound("config", "there is no config file; the defaults are active");
  if (isHidden) return skipped("config", `${file} is not readable for this user`);
  const faults = config.faults.length > 0 ? config.faults : status.value?.config.faults ?? [];
  if (faults.length === 0) return sound("config", `${file} has no mistakes`);
  const told = fault("config.invalid", { file, faults });
  if (status.value !== undefined) return faulty("config", `${file} has mistakes`, told);
  const text = `No server starts with ${file}: ${faults.join("; ")}`;
  const remedy = `Correct it, then see "docker-connector check --config ${file}"`;
  return faulty("config", `${file} has mistakes`, { ...told, text, remedy });
}
