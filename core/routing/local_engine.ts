/**
 * Detection of an Engine on this machine, whose containers need no tunnel.
 *
 * @module
 */
import { equalPrefix, maskPrefix } from "../net/prefix.ts";
import type { DockerNetwork } from "../docker/networks.ts";
import type { OtherRoute } from "./desired_routes.ts";

/** Digits of a network's id in the name of its bridge (moby's bridge driver). */
const ID_DIGITS = 12;

/**
 * Tells whether one of the Engine's bridges is an interface of this machine.
 *
 * @param networks the Engine's
 * @param foreign the machine's own
 */
export function hasBridgeOf(
  networks: readonly DockerNetwork[],
  foreign: readonly OtherRoute[],
): boolean {
  return networks.some(({ id, name, subnets }) => {
    const bridges = [`br-${id.slice(0, ID_DIGITS)}`, ...(name === "bridge" ? ["docker0"] : [])];
    return foreign.some(({ prefix, interfaceName }) =>
      interfaceName !== undefined && bridges.includes(interfaceName) &&
      subnets.some((subnet) => equalPrefix(subnet, maskPrefix(prefix)))
    );
  });
}
