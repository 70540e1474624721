import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { formatAddress, type IpAddress } from "../net/address.ts";
import { type FirewallRule, TAG_OPTIONS } from "./rule.ts";

/** The port of HTTPS (RFC 9110 section 4.2.2). */
export const HTTPS_PORT = 443;

/** A container whose HTTPS this machine answers. */
export interface HttpsRedirect {
  /** The container's address. */
  readonly address: IpAddress;
  /** Where this machine listens for it. */
  readonly listener: Endpoint;
}

/**
 * The rules that lead connections to port 443 of containers to listeners of this machine.
 *
 * @param origins matches for whom: what comes out of the tunnel, and desktops on links
 */
export function httpsRules(
  redirects: readonly HttpsRedirect[],
  origins: readonly string[],
  family: 4 | 6,
): FirewallRule[] {
  return redirects.filter(({ address }) => address.family === family).flatMap(({ address, listener }) =>
    origins.map((origin) => {
      // The order and the form of iptables-save: source, destination, interface, protocol, then the matches.
      const [, source = "", rest = origin] = /^(-s \S+ )(.*)$/.exec(origin) ?? [];
      const [, link = rest, match = ""] = /^(-i \S+)( .*)$/.exec(rest) ?? [];
      const host = `${formatAddress(address)}/${family === 4 ? 32 : 128}`;
      return {
        table: "nat" as const,
        chain: "PREROUTING",
        spec: `${source}-d ${host} ${link} -p tcp${match} -m tcp --dport ${HTTPS_PORT} ${TAG_OPTIONS} ` +
          `-j DNAT --to-destination ${formatEndpoint(listener)}`,
      };
    })
  );
}

/** Writes a redirection in words, to compare it. */
export function httpsText({ address, listener }: HttpsRedirect): string {
  return `${formatAddress(address)}>${formatEndpoint(listener)}`;
}
