import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { Examination } from "../examination.ts";

/** The versions of both ends. */
export function checkVersion({ status }: Examination): CheckResult {
  if (status.value === undefined) return skipped("version", "no server was asked");
  const { version: own, client } = status.value;
  if (client === null) return skipped("version", "no client is known");
  const theirs = client.version;
  if (theirs === undefined) return sound("version", `server ${own}, a client of mac-docker-connector`);
  if (theirs === own) return sound("version", `both ends are of version ${own}`);
  return faulty("version", `server ${own}, client ${theirs}`, fault("client.version", { own, theirs }));
}
