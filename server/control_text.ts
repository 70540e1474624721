/**
 * The control text that tells a client what the configuration wants of it.
 *
 * @module
 */
import type { BridgePair } from "../core/config/config.ts";
import { formatAddress } from "../core/net/address.ts";
import { formatPrefix, type Prefix } from "../core/net/prefix.ts";
import { CONTROL_VERSION } from "../core/protocol/control.ts";

/** The text for a newly bound client: everything. */
export function fullControlText(pairs: readonly BridgePair[]): string {
  return [`version ${CONTROL_VERSION}`, ...pairs.map(pairCommand)].join(",");
}

/** The text for a client that knows the rest: these pairs only. */
export function changeControlText(pairs: readonly BridgePair[]): string {
  return pairs.map(pairCommand).join(",");
}

/** The text for a client that described itself: the virtual IPv6 network, or that there is none. */
export function ipv6ControlText(addr6: Prefix | undefined): string {
  return `addr6 ${addr6 === undefined ? "off" : formatPrefix(addr6)}`;
}

function pairCommand({ a, b, connect }: BridgePair): string {
  return `${connect ? "connect" : "disconnect"} ${formatAddress(a)} ${formatAddress(b)}`;
}
