import type { Problem } from "../error.ts";

/**
 * Why a route is not as it should be, or what it does to others.
 *
 * - `overlap`: the machine is on a network with some of its addresses, or reaches a narrower one by another interface.
 * - `taken`: the same network is routed to another interface.
 * - `removed`: another program removes the route again and again.
 * - `diverted`: the route is there, and a rule of policy routing sends the packets elsewhere.
 * - `hides`: the route is active, and takes addresses out of the same or a wider network that the machine reaches by another
 *   interface.
 * - `partial`: the route is active, and a VPN has a narrower route to a part of it.
 * - `failed`: anything else.
 */
export const ROUTE_CAUSES = [
  "overlap",
  "taken",
  "removed",
  "diverted",
  "hides",
  "partial",
  "failed",
] as const;

/** One of {@linkcode ROUTE_CAUSES}. */
export type RouteCause = typeof ROUTE_CAUSES[number];

/** What is wrong with a route. */
export interface RouteProblem extends Problem {
  /** The kind of it. */
  readonly cause: RouteCause;
  /** The interface that has the addresses now, or the virtual network; absent where that is not known. */
  readonly owner?: string;
  /** The other network, such as "10.0.0.0/8". */
  readonly other?: string;
}
