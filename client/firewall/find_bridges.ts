/**
 * Finds the bridges of container networks by their network addresses. Docker makes a new bridge when a network is created
 * again, so a bridge holds until the next look only.
 *
 * @module
 */

import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import { maskPrefix } from "../../core/net/prefix.ts";
import type { NetworkPair } from "./bridge_pairs.ts";

/** A wanted pair and its bridges, if both are there. */
export interface FoundPair {
  readonly pair: NetworkPair;
  readonly bridges: readonly [ContainerBridge, ContainerBridge] | undefined;
}

/** The pairs in their order, each with its bridges. */
export function findBridges(
  pairs: readonly NetworkPair[],
  bridges: readonly ContainerBridge[],
): FoundPair[] {
  const bridgeOf = (address: IpAddress) =>
    bridges.find(({ subnets }) =>
      subnets.some((subnet) => equalAddress(maskPrefix(subnet).address, address))
    );
  return pairs.map((pair) => {
    const a = bridgeOf(pair.a);
    const b = bridgeOf(pair.b);
    return { pair, bridges: a === undefined || b === undefined || a === b ? undefined : [a, b] };
  });
}
