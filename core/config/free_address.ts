/**
 * An address for one more accessor.
 *
 * @module
 */
import { equalAddress, type IpAddress, nextAddress } from "../net/address.ts";
import { maskPrefix, prefixContains } from "../net/prefix.ts";
import type { Config } from "./config.ts";
import { isHostAddress, rolesOf } from "./virtual_network.ts";

/** The lowest address of the virtual IPv4 network that nobody has; undefined if it is full. */
export function freeAddress({ addr, tokens }: Pick<Config, "addr" | "tokens">): IpAddress | undefined {
  const { client, server } = rolesOf(addr);
  const taken = [client, server, ...tokens.map(({ address }) => address)];
  let address = maskPrefix(addr).address;
  while (prefixContains(addr, address)) {
    const candidate = address;
    if (isHostAddress(addr, candidate) && !taken.some((one) => equalAddress(one, candidate))) {
      return candidate;
    }
    address = nextAddress(address);
  }
  return undefined;
}
