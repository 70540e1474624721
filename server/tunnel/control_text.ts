/**
 * The control texts that bring the configuration to a client.
 *
 * @module
 */
import type { NetworkPair } from "../../core/config/config.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { CONTROL_VERSION, MAX_CONTROL_LENGTH } from "../../core/protocol/control.ts";

/**
 * Makes the full text for a newly bound client.
 *
 * @param names the `dns` and `host` commands
 */
export function fullControlText(pairs: readonly NetworkPair[], names: readonly string[] = []): string {
  return [`version ${CONTROL_VERSION}`, ...pairs.map(pairCommand), ...names].join(",");
}

/**
 * Makes the text of a change for a client that has the rest: these pairs only.
 *
 * @param names the `dns` and `host` commands: mac-docker-connector's client drops the names that a text does not have
 */
export function changeControlText(pairs: readonly NetworkPair[], names: readonly string[] = []): string {
  return [...pairs.map(pairCommand), ...names].join(",");
}

/**
 * Makes the full text for a client that described itself, which names the virtual IPv6 network or "off".
 *
 * @param revision the client names it once it has applied the text
 * @param engineMtu bytes of the longest packet that the server's interface takes on the engine path; undefined where it takes
 *   large ones whole
 * @param direct what it says of the direct path; undefined for a client that does not know it
 * @param names the `dns` and `host` commands
 * @param https the `https`, `certificate` and `web` commands; those that find no room are left out
 */
export function revisionText(
  revision: number,
  addr6: Prefix | undefined,
  pairs: readonly NetworkPair[],
  engineMtu?: number,
  direct?: string,
  names: readonly string[] = [],
  https: readonly string[] = [],
): string {
  const ipv6 = `addr6 ${addr6 === undefined ? "off" : formatPrefix(addr6)}`;
  const mtu = engineMtu === undefined ? [] : [`engine-mtu ${engineMtu}`];
  const path = direct === undefined ? [] : [direct];
  const head = [`version ${CONTROL_VERSION}`, `revision ${revision}`, ipv6, ...mtu, ...path];
  let text = [...head, ...pairs.map(pairCommand), ...names].join(",");
  for (const command of https) {
    if (text.length + command.length >= MAX_CONTROL_LENGTH) break;
    text += `,${command}`;
  }
  return text;
}

function pairCommand({ a, b, connect }: NetworkPair): string {
  return `${connect ? "connect" : "disconnect"} ${formatAddress(a)} ${formatAddress(b)}`;
}
