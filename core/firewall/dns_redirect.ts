import { redirectPattern } from "../hosts/redirect_pattern.ts";
import { type Endpoint, formatHostPort } from "../net/endpoint.ts";
import { formatAddress } from "../net/address.ts";
import { type FirewallRule, TAG_OPTIONS } from "./rule.ts";

/** The port that queries go to (RFC 1035 section 4.2). */
const DNS_PORT = 53;

/** Queries that this machine's own name server takes over. */
export interface DnsRedirect {
  /** Endings of the names, such as ".test". */
  readonly domains: readonly string[];
  /** Where the name server is, at most one address of each family. */
  readonly servers: readonly Endpoint[];
}

/**
 * The rules that lead queries for names of some domains to a name server of this machine, whatever server they are meant for. A
 * query is known by its bytes, so only UDP can be redirected: the first packet of a TCP connection has none.
 *
 * Containers of Docker's default network ask the machine's name servers themselves. Those of other networks ask the Engine, which
 * asks from this machine itself (Engine 26 and later), so its own queries are redirected too, but for those of the name server:
 * it sends from its own address.
 *
 * @param interfaceName the tunnel's: what comes out of it stays as it is
 */
export function redirectRules(
  { domains, servers }: DnsRedirect,
  interfaceName: string,
  family: 4 | 6,
): FirewallRule[] {
  const server = servers.find(({ address }) => address.family === family);
  if (server === undefined) return [];
  const host = formatAddress(server.address);
  const target = server.port === DNS_PORT ? host : formatHostPort({ host, port: server.port });
  const froms = [
    { chain: "PREROUTING", from: `! -i ${interfaceName}` },
    { chain: "OUTPUT", from: `! -s ${host}/${family === 4 ? 32 : 128}` },
  ];
  const patterns = [...new Set(domains.map(redirectPattern))];
  return froms.flatMap(({ chain, from }) =>
    patterns.map((pattern) => ({
      table: "nat" as const,
      chain,
      // In the order and the form of iptables-save.
      spec:
        `${from} -p udp -m udp --dport ${DNS_PORT} -m string --hex-string "|${pattern}|" --algo bm --icase ` +
        `${TAG_OPTIONS} -j DNAT --to-destination ${target}`,
    }))
  );
}
