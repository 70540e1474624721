/**
 * IPv6 for the first bridge of a topology and the container on it.
 *
 * @module
 */
import type { Network } from "./network.ts";

/** The bridge's network, as a `route` line takes it. */
export const IPV6_SUBNET = "fd00:172:20::/64";
const GATEWAY = "fd00:172:20::1";
const CONTAINER = "fd00:172:20::2";

/**
 * Gives both their addresses, as a Docker network with IPv6 has them.
 *
 * @returns the container's address
 */
export async function addIpv6(network: Network): Promise<string> {
  const { vm } = network;
  const { namespace } = network.container();
  await vm.sysctl("net/ipv6/conf/all/forwarding", "1");
  await vm.ip("addr", "add", `${GATEWAY}/64`, "dev", "br0", "nodad");
  await namespace.ip("addr", "add", `${CONTAINER}/64`, "dev", "eth0", "nodad");
  await namespace.ip("-6", "route", "add", "default", "via", GATEWAY);
  return CONTAINER;
}
