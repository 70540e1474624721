import { formatAddress, type IpAddress } from "../net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../net/prefix.ts";
import { type DnsRedirect, redirectRules } from "./dns_redirect.ts";
import { type HttpsRedirect, httpsRules } from "./https_redirect.ts";
import { type FirewallRule, TAG_OPTIONS } from "./rule.ts";

/** A bridge of a container network. */
export interface ContainerBridge {
  /** The interface's name, such as `docker0`. */
  readonly name: string;
  /** The networks that the kernel routes to it, of both families. */
  readonly subnets: readonly Prefix[];
}

/** The desktop on a link of the machine, whose packets come there without the tunnel. */
export interface DirectPeer {
  /** The link's interface. */
  readonly interfaceName: string;
  /** The source that its packets have: the server's virtual address. */
  readonly source: IpAddress;
  /** Its Ethernet address there, such as "02:00:5e:10:00:01". */
  readonly mac: string;
}

/** What the rules are to allow. */
export interface FirewallSpec {
  /** The tunnel's interface. */
  readonly interfaceName: string;
  /** The chain of the filter table that gets the accepts, `DOCKER-USER` unless the user named another. */
  readonly chain: string;
  /** The virtual networks, at most one of each family. A family without one gets no rules. */
  readonly sources: readonly Prefix[];
  /** Container networks that shall reach each other. */
  readonly pairs: readonly (readonly [ContainerBridge, ContainerBridge])[];
  /** Desktops on links; none where absent. */
  readonly direct?: readonly DirectPeer[];
  /**
   * The source that the desktop sees, at its virtual address, of what containers send there; undefined: what Docker makes it. A
   * connection that Docker masquerades ends when its packets leave by another interface, one with a fixed source goes on.
   */
  readonly fixedSource?: { readonly desktop: IpAddress; readonly source: IpAddress };
  /** Queries that this machine's name server takes over; none where absent. */
  readonly redirect?: DnsRedirect;
  /** Containers whose HTTPS this machine answers; none where absent. */
  readonly https?: readonly HttpsRedirect[];
}

/**
 * Lists the rules that let the tunnel's packets reach containers, and containers of two networks each other, for one family of
 * addresses; of each chain the first one topmost.
 *
 * Docker's own rules drop both: since Engine 28.2 each container has a drop in raw PREROUTING for whatever does not come in
 * by its own bridge, and the bridges' chains in the filter table drop the same. Docker calls DOCKER-USER before those chains
 * and leaves the rules in it alone, so an accept there ends the matter for that table.
 */
export function desiredRules(desired: FirewallSpec, family: 4 | 6): FirewallRule[] {
  const { interfaceName, chain, sources, pairs, direct = [], fixedSource, redirect, https = [] } = desired;
  const ofFamily = (prefixes: readonly Prefix[]) =>
    prefixes.filter(({ address }) => address.family === family).map((one) => formatPrefix(maskPrefix(one)));
  const own = ofFamily(sources);
  if (own.length === 0) return [];
  const directions = pairs.flatMap(([a, b]) => [[a, b], [b, a]] as const);
  const raw = (match: string) => tagged("raw", "PREROUTING", match, "ACCEPT");
  const filter = (match: string) => tagged("filter", chain, match, "ACCEPT");
  const peers = direct.filter(({ source }) => source.family === family)
    .map(({ source, interfaceName, mac }) => ({
      host: `${formatAddress(source)}/${HOST_LENGTH[family]}`,
      interfaceName,
      mac,
    }));
  const isFrom = ({ host, interfaceName, mac }: typeof peers[number]) =>
    `-s ${host} -i ${interfaceName} -m mac --mac-source ${mac}`;
  const rules = [
    raw(`-i ${interfaceName}`),
    ...peers.map((peer) => raw(isFrom(peer))),
    ...directions.flatMap(([from, to]) =>
      ofFamily(to.subnets).map((net) => raw(`-d ${net} -i ${from.name}`))
    ),
    filter(`-i ${interfaceName}`),
    filter(`-o ${interfaceName}`),
    ...peers.map((peer) => filter(isFrom(peer))),
    ...peers.map(({ host, interfaceName }) => filter(`-d ${host} -o ${interfaceName}`)),
    ...fixedSource?.source.family === family ? [fixedSourceRule(fixedSource)] : [],
    ...directions.map(([from, to]) => filter(`-i ${from.name} -o ${to.name}`)),
    // Containers of internal networks, and those whose default route is in another network, can answer an address of
    // their own network only: that of the bridge.
    ...own.map((net) => tagged("nat", "POSTROUTING", `-s ${net} ! -o ${interfaceName}`, "MASQUERADE")),
    ...redirect === undefined ? [] : redirectRules(redirect, interfaceName, family),
    ...httpsRules(https, [`-i ${interfaceName}`, ...peers.map(isFrom)], family),
  ];
  return [...new Map(rules.map((rule) => [Object.values(rule).join(" "), rule])).values()];
}

function fixedSourceRule({ desktop, source }: NonNullable<FirewallSpec["fixedSource"]>): FirewallRule {
  const host = `${formatAddress(desktop)}/${HOST_LENGTH[desktop.family]}`;
  return tagged("nat", "POSTROUTING", `-d ${host}`, `SNAT --to-source ${formatAddress(source)}`);
}

/** Bits of the prefix that is one address. */
const HOST_LENGTH = { 4: 32, 6: 128 } as const;

function tagged(table: FirewallRule["table"], chain: string, match: string, target: string): FirewallRule {
  return { table, chain, spec: `${match} ${TAG_OPTIONS} -j ${target}` };
}
