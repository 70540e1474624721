/**
 * The control text that tells a client what the configuration wants of it.
 *
 * @module
 */
import type { NetworkPair } from "../../core/config/config.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { CONTROL_VERSION } from "../../core/protocol/control.ts";

/** The text for a newly bound client: everything. */
export function fullControlText(pairs: readonly NetworkPair[]): string {
  return [`version ${CONTROL_VERSION}`, ...pairs.map(pairCommand)].join(",");
}

/** The text for a client that knows the rest: these pairs only. */
export function changeControlText(pairs: readonly NetworkPair[]): string {
  return pairs.map(pairCommand).join(",");
}

/**
 * The text for a client that described itself: everything, with the virtual IPv6 network or that there is none.
 *
 * @param revision the client names it when it has taken the text
 */
export function revisionText(
  revision: number,
  addr6: Prefix | undefined,
  pairs: readonly NetworkPair[],
): string {
  const ipv6 = `addr6 ${addr6 === undefined ? "off" : formatPrefix(addr6)}`;
  return [`version ${CONTROL_VERSION}`, `revision ${revision}`, ipv6, ...pairs.map(pairCommand)].join(",");
}

function pairCommand({ a, b, connect }: NetworkPair): string {
  return `${connect ? "connect" : "disconnect"} ${formatAddress(a)} ${formatAddress(b)}`;
}
