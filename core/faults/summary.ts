import type { Fault } from "./fault_table.ts";

/**
 * Says in one sentence how a program is.
 *
 * @param faults what is wrong, errors first
 * @param sound how it is where nothing is wrong, such as "up: 4 networks reachable"
 */
export function summarize(faults: readonly Fault[], sound: string): string {
  const [first] = faults;
  if (first?.severity !== "error") {
    return faults.length === 0 ? sound : `${sound}; ${counted(faults.length, "warning")}`;
  }
  const more = faults.length === 1 ? "" : ` (and ${counted(faults.length - 1, "more fault")})`;
  return `${first.title}: ${first.text}${more}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
