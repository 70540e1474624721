import { specialPurposePrefix } from "../config/virtual_network.ts";
import {
  conflictOf,
  findConflict,
  formatConflict,
  MIN_PREFIX_LENGTH,
  type OtherRoute,
} from "../routing/desired_routes.ts";
import type { RouteProblem } from "../routing/route_problem.ts";
import type { IpAddress } from "../net/address.ts";
import { equalPrefix, formatPrefix, type Prefix, prefixContains } from "../net/prefix.ts";

/** What decides which of the networks that a server exposes an accessor routes into the tunnel. */
export interface AccessorRouteInputs {
  /** The exposed networks, host bits clear. */
  readonly exposed: readonly Prefix[];
  /** What the accessor's user leaves out, host bits clear. */
  readonly excluded: readonly Prefix[];
  /** The machine's own networks. */
  readonly foreign: readonly OtherRoute[];
  /** Where the server is reached; undefined while that is unknown. */
  readonly server: IpAddress | undefined;
}

/** An exposed network and what is to become of it. */
export interface AccessorRoute {
  /** The network. */
  readonly prefix: Prefix;
  /** Whether the user leaves it out. */
  readonly isExcluded: boolean;
  /** Why it must not be routed. */
  readonly fault?: RouteProblem;
}

/** Decides on each exposed network, in their order; none is there twice. */
export function decideAccessorRoutes(needs: AccessorRouteInputs): AccessorRoute[] {
  const routes = new Map<string, AccessorRoute>();
  for (const prefix of needs.exposed) {
    const isExcluded = needs.excluded.some((other) => holds(other, prefix));
    const fault = isExcluded ? undefined : obstacle(prefix, needs);
    routes.set(formatPrefix(prefix), { prefix, isExcluded, ...fault === undefined ? {} : { fault } });
  }
  return [...routes.values()];
}

/** The excluded networks that lie inside an exposed one, so that excluding them has no effect. */
export function idleExclusions(exposed: readonly Prefix[], excluded: readonly Prefix[]): Prefix[] {
  return excluded.filter((prefix) =>
    exposed.some((other) => holds(other, prefix) && !equalPrefix(other, prefix))
  );
}

function holds(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, inner.address);
}

function obstacle(prefix: Prefix, { foreign, server }: AccessorRouteInputs): RouteProblem | undefined {
  const cannot = `Cannot route ${formatPrefix(prefix)}`;
  const failed = (state: string): RouteProblem => ({
    cause: "failed",
    message: `${cannot}: ${state}`,
    remedy: "Exclude it here, or take it out of what the server exposes",
  });
  if (prefix.address.family !== 4) return failed("accessors are given IPv4 only");
  if (prefix.length < MIN_PREFIX_LENGTH) return failed(`it is wider than /${MIN_PREFIX_LENGTH}`);
  const special = specialPurposePrefix(prefix);
  if (special !== undefined) return failed(`it overlaps ${special}, which never leaves this host`);
  if (server !== undefined && prefixContains(prefix, server)) {
    return failed("the server itself is in it, so the tunnel would swallow its own datagrams");
  }
  const clash = findConflict(prefix, foreign);
  if (clash === undefined) return undefined;
  return {
    ...conflictOf(prefix, clash),
    message: `${cannot}: ${formatConflict(clash)}`,
    remedy: "Ask for another subnet on the server's side, or exclude it here",
  };
}
