/**
 * The rules that let the tunnel's packets reach containers, and containers of two networks each other.
 *
 * Docker's own rules drop both: since Engine 28.2 each container has a drop in raw PREROUTING for whatever does not come in by its
 * own bridge, and the bridges' chains in the filter table drop the same. Docker calls DOCKER-USER before those chains and leaves the rules in it
 * alone, so an accept there ends the matter for that table.
 *
 * @module
 */

import { formatPrefix, maskPrefix, type Prefix } from "../net/prefix.ts";
import { type FirewallRule, TAG_OPTIONS } from "./rule.ts";

/** A bridge of a container network. */
export interface ContainerBridge {
  /** The interface's name, such as `docker0`. */
  readonly name: string;
  /** The networks that the kernel routes to it, of both families. */
  readonly subnets: readonly Prefix[];
}

/** What the rules are to allow. */
export interface FirewallSpec {
  /** The tunnel's interface. */
  readonly interfaceName: string;
  /** The chain of the filter table that gets the accepts, `DOCKER-USER` unless the user named another. */
  readonly chain: string;
  /** The virtual networks, at most one of each family. Rules are kept for the families that occur. */
  readonly sources: readonly Prefix[];
  /** Container networks that shall reach each other. */
  readonly pairs: readonly (readonly [ContainerBridge, ContainerBridge])[];
}

/**
 * The rules for one family, of each chain the first one topmost.
 *
 * @param desired what is to be allowed
 * @param family 4 or 6
 * @returns none when the desired has no virtual network of that family
 */
export function desiredRules(desired: FirewallSpec, family: 4 | 6): FirewallRule[] {
  const { interfaceName, chain, sources, pairs } = desired;
  const own = sources.filter(({ address }) => address.family === family);
  if (own.length === 0) return [];
  const directions = pairs.flatMap(([a, b]) => [[a, b], [b, a]] as const);
  const rules = [
    raw(`-i ${interfaceName}`),
    ...directions.flatMap(([from, to]) =>
      to.subnets.filter(({ address }) => address.family === family)
        .map((subnet) => raw(`-d ${formatPrefix(maskPrefix(subnet))} -i ${from.name}`))
    ),
    filter(chain, `-i ${interfaceName}`),
    filter(chain, `-o ${interfaceName}`),
    ...directions.map(([from, to]) => filter(chain, `-i ${from.name} -o ${to.name}`)),
    // Containers of internal networks, and those whose default route is in another network, can answer an address of their
    // own network only: that of the bridge.
    ...own.map((source): FirewallRule => ({
      table: "nat",
      chain: "POSTROUTING",
      spec: `-s ${formatPrefix(maskPrefix(source))} ! -o ${interfaceName} ${TAG_OPTIONS} -j MASQUERADE`,
    })),
  ];
  return [...new Map(rules.map((rule) => [`${rule.table} ${rule.chain} ${rule.spec}`, rule])).values()];
}

function raw(match: string): FirewallRule {
  return { table: "raw", chain: "PREROUTING", spec: `${match} ${TAG_OPTIONS} -j ACCEPT` };
}

function filter(chain: string, match: string): FirewallRule {
  return { table: "filter", chain, spec: `${match} ${TAG_OPTIONS} -j ACCEPT` };
}
