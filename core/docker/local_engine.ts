/**
 * Whether an Engine's containers are on this very machine, where they are reached without a tunnel.
 *
 * @module
 */
import { equalPrefix, maskPrefix } from "../net/prefix.ts";
import type { DockerNetwork } from "./networks.ts";
import type { ForeignPrefix } from "../routing/desired_routes.ts";

/** Digits of a network's id in the name of its bridge (moby's bridge driver). */
const ID_DIGITS = 12;

/**
 * Whether one of the Engine's bridges is an interface of this machine.
 *
 * @param networks the Engine's
 * @param foreign the machine's own
 */
export function hasBridgeOf(
  networks: readonly DockerNetwork[],
  foreign: readonly ForeignPrefix[],
): boolean {
  return networks.some(({ id, name, subnets }) => {
    const bridges = [`br-${id.slice(0, ID_DIGITS)}`, ...(name === "bridge" ? ["docker0"] : [])];
    return foreign.some(({ prefix, interfaceName }) =>
      interfaceName !== undefined && bridges.includes(interfaceName) &&
      subnets.some((subnet) => equalPrefix(subnet, maskPrefix(prefix)))
    );
  });
}
