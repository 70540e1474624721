/**
 * Finds the routes that overlap, without comparing each with each.
 *
 * @module
 */
import { type Prefix, prefixContains } from "../net/prefix.ts";
import type { Positioned } from "./diagnostic.ts";
import type { ConfiguredRoute } from "./keys/networks.ts";

/** Two route lines that share addresses. */
export interface Overlap {
  /** The line that comes first in the file. */
  readonly earlier: Positioned<ConfiguredRoute>;
  /** The line that comes later. */
  readonly later: Positioned<ConfiguredRoute>;
}

/**
 * Returns each route that lies within another, or is the same, together with the narrowest such other.
 * Networks are nested or apart, never crossed, so in the order of their first addresses a stack of the networks that
 * hold the current one is enough.
 */
export function findOverlaps(routes: readonly Positioned<ConfiguredRoute>[]): Overlap[] {
  const overlaps: Overlap[] = [];
  const outer: Positioned<ConfiguredRoute>[] = [];
  for (const route of routes.toSorted(compareRoutes)) {
    const { address } = route.value.prefix;
    let enclosing = outer.at(-1);
    while (enclosing !== undefined && !prefixContains(enclosing.value.prefix, address)) {
      outer.pop();
      enclosing = outer.at(-1);
    }
    if (enclosing !== undefined) {
      const [earlier, later] = enclosing.line <= route.line ? [enclosing, route] : [route, enclosing];
      overlaps.push({ earlier, later });
    }
    outer.push(route);
  }
  return overlaps;
}

function compareRoutes(a: Positioned<ConfiguredRoute>, b: Positioned<ConfiguredRoute>): number {
  return comparePrefixes(a.value.prefix, b.value.prefix) || a.line - b.line;
}

function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  const differing = a.address.bytes.findIndex((byte, index) => byte !== b.address.bytes[index]);
  const difference = (a.address.bytes[differing] ?? 0) - (b.address.bytes[differing] ?? 0);
  return difference || a.length - b.length;
}
