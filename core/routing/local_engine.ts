import { equalPrefix, maskPrefix } from "../net/prefix.ts";
import type { DockerNetwork } from "../docker/engine_json.ts";
import type { OtherRoute } from "./desired_routes.ts";

/** Digits of a network's id in the name of its bridge (moby's bridge driver). */
const ID_DIGITS = 12;

/** Tells whether a bridge of the Engine's networks is an interface of this machine. Then the containers need no tunnel. */
export function hasBridgeOf(networks: readonly DockerNetwork[], foreign: readonly OtherRoute[]): boolean {
  return networks.some(({ id, name, subnets }) => {
    const bridges = [`br-${id.slice(0, ID_DIGITS)}`, ...(name === "bridge" ? ["docker0"] : [])];
    return foreign.some(({ prefix, interfaceName }) =>
      interfaceName !== undefined && bridges.includes(interfaceName) &&
      subnets.some((subnet) => equalPrefix(subnet, maskPrefix(prefix)))
    );
  });
}
