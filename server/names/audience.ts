import type { Config } from "../../core/config/config.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { type Prefix, prefixContains } from "../../core/net/prefix.ts";
import type { SubnetDecision } from "../../core/routing/desired_routes.ts";

/** Who asks: this desktop and its containers, which are told all names, or an accessor, which is told of exposed containers. */
export type Audience = "all" | "exposed";

/** What the decision depends on. */
export interface AudienceDeps {
  readonly config: () => Config;
  /** The addresses of this machine and of the client in the virtual networks. */
  readonly ownAddresses: readonly IpAddress[];
  /** The subnets of the containers. */
  readonly subnets: () => readonly Pick<SubnetDecision, "prefix" | "use">[];
}

/** Tells who asks from an address; undefined for others, such as machines of the local network, which are not answered. */
export function audienceOf(address: IpAddress, deps: AudienceDeps): Audience | undefined {
  const text = formatAddress(address);
  if (text.startsWith("127.") || text === "::1") return "all";
  if (deps.ownAddresses.some((own) => equalAddress(own, address))) return "all";
  const { addr, addr6, routes } = deps.config();
  const isWithin = (prefix: Prefix) => prefixContains(prefix, address);
  // The rest of the virtual network is accessors.
  if (isWithin(addr) || (addr6 !== undefined && isWithin(addr6))) return "exposed";
  const isContainer = deps.subnets().some(({ prefix }) => isWithin(prefix)) ||
    routes.some(({ prefix }) => isWithin(prefix));
  return isContainer ? "all" : undefined;
}

/** Whether an audience reaches an address of a container. */
export function isReached(address: IpAddress, audience: Audience, deps: AudienceDeps): boolean {
  if (audience === "exposed") {
    return deps.config().routes.some(({ prefix, expose }) => expose && prefixContains(prefix, address));
  }
  // That of a network without a route for another reason, such as a clash, is answered: status tells of that.
  return !deps.subnets().some(({ prefix, use }) => use === "off" && prefixContains(prefix, address));
}
