import { type Prefix, prefixContains } from "../net/prefix.ts";
import type { SubnetDecision } from "../routing/desired_routes.ts";
import type { RoutedSubnet } from "./probed_network.ts";

/**
 * Chooses the subnets of Docker's networks whose packets an active route leads to the client, be it a network's own or a line's
 * of the configuration. What is switched off, or reached by another way, says nothing of the tunnel.
 *
 * @param active the prefixes of the active routes
 */
export function routedSubnets(subnets: readonly SubnetDecision[], active: readonly Prefix[]): RoutedSubnet[] {
  return subnets.filter(({ prefix, use }) =>
    (use === "route" || use === "config") &&
    active.some((route) => route.length <= prefix.length && prefixContains(route, prefix.address))
  );
}
