import { type Area, AREAS, type CheckResult, skipped, stateOf } from "./check_result.ts";

/**
 * Which areas can be the cause of a problem in an area. One that is listed hides the problem: a packet cannot come from a client
 * whose container does not run, so to report both would send people to two places.
 */
const CAUSES: Readonly<Record<Area, readonly Area[]>> = {
  root: [],
  device: ["root"],
  config: ["root"],
  port: ["root", "config"],
  program: ["root", "device", "config", "port"],
  engine: [],
  container: ["program", "engine"],
  client: ["program", "engine", "container"],
  path: ["program", "engine", "container", "client"],
  firewall: ["program", "engine", "container", "client", "path", "route"],
  route: ["program", "engine"],
  mtu: ["program", "engine", "container", "client", "path", "firewall", "route"],
  network: ["program", "engine", "container", "client", "path", "firewall", "route"],
  names: ["program"],
  https: ["program", "engine", "container", "client", "path", "route", "firewall", "network"],
  sharing: ["program"],
  service: ["program"],
  clock: ["engine"],
  version: ["client"],
};

/** All areas that can be the cause of a problem in this one, directly or through others. */
export function causesOf(area: Area): ReadonlySet<Area> {
  const found = new Set<Area>();
  const visit = (next: Area) => {
    for (const cause of CAUSES[next]) {
      if (found.has(cause)) continue;
      found.add(cause);
      visit(cause);
    }
  };
  visit(area);
  return found;
}

/**
 * Leaves the causes and takes their consequences away: a problem is dropped where an area that can be its cause has an error.
 * Such an area is `skip`, and its text names the cause.
 *
 * @param results one for each area, in any order
 * @returns one for each area, in the order of {@linkcode AREAS}
 */
export function nameCauses(results: readonly CheckResult[]): CheckResult[] {
  const byArea = new Map(results.map((result) => [result.area, result]));
  const failed = new Map<Area, CheckResult>();
  const named: CheckResult[] = [];
  for (const area of AREAS) {
    const result = byArea.get(area);
    if (result === undefined) continue;
    const causes = causesOf(area);
    const cause = [...failed.values()].find((earlier) => causes.has(earlier.area));
    if (cause !== undefined && stateOf(result) !== "ok") {
      named.push(skipped(area, `not known before "${cause.area}" is solved`));
      continue;
    }
    if (stateOf(result) === "fail") failed.set(area, result);
    named.push(result);
  }
  return named;
}
