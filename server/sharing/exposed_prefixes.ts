/**
 * Which networks accessors reach.
 *
 * @module
 */
import type { Config } from "../../core/config/config.ts";
import type { Prefix } from "../../core/net/prefix.ts";

/** The networks of `route CIDR expose` lines. An accessor has an IPv4 address only, so IPv6 is left out. */
export function exposedPrefixes({ routes }: Pick<Config, "routes">): Prefix[] {
  return routes.filter(({ expose, prefix }) => expose && prefix.address.family === 4).map(({ prefix }) =>
    prefix
  );
}
