import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { NamesStatus } from "../status/status_document.ts";

/** Faults of the names of containers; null while there are none. */
export function namesFaults(names: NamesStatus | null): Fault[] {
  if (names === null) return [];
  const { domain, fault: why, resolver } = names;
  return [
    ...why === undefined ? [] : [fault("names.port-taken", { why })],
    ...resolver.fault === undefined
      ? []
      : [fault("names.resolver-missing", { domain, why: resolver.fault }, resolver.remedy)],
  ];
}
