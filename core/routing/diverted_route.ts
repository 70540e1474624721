import { formatPrefix, type Prefix } from "../net/prefix.ts";
import { describeInterface } from "./interface_owner.ts";
import type { RouteProblem } from "./route_problem.ts";

/** A route whose packets a rule of policy routing sends to another table. */
export interface DivertedRoute {
  /** The network. */
  readonly prefix: Prefix;
  /** The interface that they leave by; undefined where they are refused. */
  readonly owner: string | undefined;
  /** The priority of a rule that would come before. */
  readonly free: number;
}

/** Words the problem of such a route. A rule of the user's own puts it right, which lies before those of others. */
export function divertedProblem({ prefix, owner, free }: DivertedRoute): RouteProblem {
  const text = formatPrefix(prefix);
  const goes = owner === undefined ? "are refused" : `leave by ${describeInterface(owner)}`;
  const family = prefix.address.family === 6 ? "-6 " : "";
  return {
    cause: "diverted",
    ...owner === undefined ? {} : { owner },
    message: `Packets for ${text} ${goes}: a routing rule of another program comes before the main table`,
    remedy:
      `Let that VPN leave out ${text}, or lay a rule before its own: sudo ip ${family}rule add to ${text} ` +
      `lookup main priority ${free}`,
  };
}
