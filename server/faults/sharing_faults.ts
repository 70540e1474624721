import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { SharingStatus } from "../status/status_document.ts";

/** Faults of the sharing with accessors; null while there is none. */
export function sharingFaults(sharing: SharingStatus | null): Fault[] {
  if (sharing === null) return [];
  const { fault: why, remedy, weak } = sharing;
  return [
    ...why === undefined ? [] : [fault("sharing.closed", { why }, remedy)],
    ...weak === 0 ? [] : [fault("sharing.weak-token", { count: weak })],
  ];
}
