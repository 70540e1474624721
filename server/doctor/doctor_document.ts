/**
 * What `docker-connector doctor --json` prints. docs/guide/doctor.schema.json is made from it. Fields are added, never renamed:
 * scripts read them.
 *
 * @module
 */
import * as v from "valibot";
import { type Area, AREAS, CHECK_STATES, type CheckResult, stateOf } from "../../core/doctor/check_result.ts";
import type { FaultCode } from "../../core/faults/fault_table.ts";
import * as f from "../../program/status_document.ts";

const fault = v.object({
  code: f.text("What it is, from the list in docs/guide/troubleshooting.md, for example route.taken."),
  severity: f.oneOf(
    ["error", "warning"],
    "error: something does not work; warning: it may not, or not well.",
  ),
  title: f.text("A heading."),
  text: f.text("What happened."),
  remedy: f.text("What to do, with a command where one exists."),
});

const check = v.object({
  area: f.oneOf(AREAS, "What was looked at."),
  state: f.oneOf(CHECK_STATES, "How it is; skip: nothing could be seen."),
  text: f.text("What was seen."),
  faults: f.list(fault, "What is wrong; a consequence of a problem of an earlier area is left out."),
});

/** The form of the document. */
export const DOCTOR_DOCUMENT = v.object({
  ok: f.flag("Whether nothing is wrong: the exit status is 0 then, else 1."),
  checks: f.list(check, "The areas, in the order in which a packet depends on them."),
  fixed: f.list(v.string(), "What --fix has done, in words; empty without it."),
});

export interface DoctorFault {
  readonly code: FaultCode;
  readonly severity: "error" | "warning";
  readonly title: string;
  readonly text: string;
  readonly remedy: string;
}

export interface DoctorDocument {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly area: Area;
    readonly state: typeof CHECK_STATES[number];
    readonly text: string;
    readonly faults: readonly DoctorFault[];
  }[];
  readonly fixed: readonly string[];
}

/** Makes the document of what was seen. */
export function doctorDocument(results: readonly CheckResult[], fixed: readonly string[]): DoctorDocument {
  return {
    ok: results.every(({ faults }) => faults.length === 0),
    checks: results.map((result) => ({
      area: result.area,
      state: stateOf(result),
      text: result.text,
      faults: result.faults.map(({ code, severity, title, text, remedy }) => ({
        code,
        severity,
        title,
        text,
        remedy,
      })),
    })),
    fixed,
  };
}
