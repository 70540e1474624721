import { describeInterface } from "../routing/interface_owner.ts";
import type { RouteCause } from "../routing/route_problem.ts";
import { type Fault, fault } from "./fault_table.ts";

/** A route as a status document shows it. */
export interface ShownRoute {
  /** The network. */
  readonly prefix: string;
  /** Why it is not as it should be; absent when it is. */
  readonly fault?: string;
  /** What to do about that. */
  readonly remedy?: string;
  /** The kind of the fault. */
  readonly cause?: RouteCause;
  /** The interface that has the addresses. */
  readonly owner?: string;
  /** The other network. */
  readonly other?: string;
}

/** The fault of a route; undefined where it is as it should be. */
export function routeFault(route: ShownRoute): Fault | undefined {
  const { prefix, fault: why, remedy, cause, other = prefix } = route;
  if (why === undefined) return undefined;
  const owner = route.owner === undefined ? "another interface" : describeInterface(route.owner);
  switch (cause) {
    case "overlap":
      return fault("route.overlap", { prefix, other, owner }, remedy);
    case "taken":
      return fault("route.taken", { prefix, interfaceName: owner });
    case "removed":
      return fault("route.removed", { prefix, why }, remedy);
    case "diverted":
      return fault("route.diverted", { prefix, why }, remedy);
    case "partial":
      return fault("route.partial", { prefix, other, owner }, remedy);
    case "hides":
      return fault("route.hides", { prefix, other, owner }, remedy);
    default:
      return fault("route.failed", { prefix, why }, remedy);
  }
}
