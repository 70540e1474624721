import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { type FaultCode, FAULTS } from "../../../core/faults/fault_table.ts";
import type { Examination } from "../examination.ts";

/** Areas of codes that no other check of this command looks at. */
const AREAS = ["hosts", "proxy", "web"];
const CODES: readonly string[] = ["config.not-applied"];

/** What the running server itself says of its other services, such as its page. */
export function checkService({ status }: Examination): CheckResult {
  if (status.value === undefined) return skipped("service", "no server was asked");
  const { faults, web } = status.value;
  const found = faults.flatMap(({ code, severity, title, text, remedy }) => {
    const isMeant = CODES.includes(code) || AREAS.includes(code.split(".", 1)[0] ?? "");
    return isMeant && isKnown(code) ? [{ code, severity, title, text, remedy, subject: "" }] : [];
  });
  const text = web === null ? "no page is served" : `the page is at ${web.listen}`;
  return found.length === 0 ? sound("service", text) : faulty("service", text, ...found);
}

function isKnown(code: string): code is FaultCode {
  return code in FAULTS;
}
