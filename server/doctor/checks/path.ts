import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { pathFaults } from "../../faults/path_faults.ts";
import type { ServerStatus } from "../../status/status_document.ts";
import type { Examination } from "../examination.ts";
import { isUdpAlone } from "./client.ts";
import { clientCandidate } from "./container.ts";

type PathStatus = ServerStatus["paths"]["list"][number];

/** States of a path that works; one that was lost has to hold for a while before packets take it again. */
const UP: readonly PathStatus["state"][] = ["in-use", "standby", "recovering"];

/** The paths, with the round trip of each. */
export function checkPaths(examination: Examination): CheckResult {
  const { status: { value: status } } = examination;
  if (status === undefined) return skipped("path", "no server was asked");
  if (status.docker.container?.state === "not-required") {
    return sound("path", "not required: Docker runs on this machine");
  }
  const { list, inUse } = status.paths;
  const text = list.map((path) => describe(path)).join("; ") || "no path is known";
  const container = clientCandidate(examination)?.container;
  if (inUse === null && isUdpAlone(status) && container?.state === "running") {
    const why = "the client's container runs, but nothing comes from it";
    return faulty("path", text, fault("path.udp-blocked", { why }));
  }
  return faulty("path", text, ...pathFaults(status));
}

function describe({ kind, state, roundTripMs, address, interface: name, reason }: PathStatus): string {
  const trip = roundTripMs === null ? "" : `, round trip ${roundTripMs.toFixed(2)} ms`;
  const by = address === undefined ? "" : `, ${address}${name === undefined ? "" : ` by ${name}`}`;
  const why = UP.includes(state) || reason === undefined ? "" : ` (${reason})`;
  return `${kind} ${state}${trip}${by}${why}`;
}
