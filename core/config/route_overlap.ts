/**
 * Finds the routes that overlap, without comparing each with each.
 *
 * @module
 */
import { type Prefix, prefixContains } from "../net/prefix.ts";
import type { Route } from "./config.ts";
import type { Located } from "./line_reader.ts";

/** Two route lines that share addresses. */
export interface Overlap {
  /** The line that comes first in the file. */
  readonly earlier: Located<Route>;
  /** The line that comes later. */
  readonly later: Located<Route>;
}

/**
 * For every route that lies within another, or is the same, the pair of it and the narrowest such other.
 * Networks are nested or apart, never crossed, so in the order of their first addresses a stack of the networks that
 * hold the current one is enough.
 */
export function findOverlaps(routes: readonly Located<Route>[]): Overlap[] {
  const overlaps: Overlap[] = [];
  const holders: Located<Route>[] = [];
  for (const route of routes.toSorted(compareRoutes)) {
    const { address } = route.value.prefix;
    let holder = holders.at(-1);
    while (holder !== undefined && !prefixContains(holder.value.prefix, address)) {
      holders.pop();
      holder = holders.at(-1);
    }
    if (holder !== undefined) {
      const [earlier, later] = holder.line <= route.line ? [holder, route] : [route, holder];
      overlaps.push({ earlier, later });
    }
    holders.push(route);
  }
  return overlaps;
}

function compareRoutes(a: Located<Route>, b: Located<Route>): number {
  return comparePrefixes(a.value.prefix, b.value.prefix) || a.line - b.line;
}

function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  const differing = a.address.bytes.findIndex((byte, index) => byte !== b.address.bytes[index]);
  const difference = (a.address.bytes[differing] ?? 0) - (b.address.bytes[differing] ?? 0);
  return difference || a.length - b.length;
}
