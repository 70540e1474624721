import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { ownAddresses } from "../../system/routing/own_addresses.ts";

/**
 * The address by which others reach a socket of this machine: its own; where that is every one, the first of this machine.
 *
 * @param tunnel name of the tunnel's interface, whose addresses do not count
 * @returns undefined for the loopback, or where this machine's addresses are not known (macOS)
 */
export async function reachableAddress(listen: IpAddress, tunnel: string): Promise<IpAddress | undefined> {
  const isAny = listen.bytes.every((octet) => octet === 0);
  if (!isAny) return /^(?:127\.|::1$)/.test(formatAddress(listen)) ? undefined : listen;
  return (await ownAddresses(tunnel)).find(({ family }) => family === 4 || family === listen.family);
}
