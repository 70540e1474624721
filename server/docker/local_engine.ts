import * as v from "valibot";
import { equalPrefix, maskPrefix } from "../../core/net/prefix.ts";
import { type DockerNetwork, NAME, parse } from "../../core/docker/engine_json.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { platform } from "../../ffi/platform.ts";
import { readSysctl } from "../../ffi/libc/proc_linux.ts";
import { type EngineClient, parseReply } from "../../system/docker/engine_client.ts";

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

/**
 * Tells whether the Engine's bridges are this machine's, as is usual on Linux. A bridge of the same name and subnet is
 * no proof: a machine with its own Engine may use one in a virtual machine too, and both have a docker0.
 *
 * @param networks the Engine's
 * @param listForeign lists the machine's own networks
 * @throws {OperationError} "unavailable"
 */
export async function isLocalEngine(
  engine: EngineClient,
  networks: readonly DockerNetwork[],
  listForeign: () => Promise<readonly OtherRoute[]>,
): Promise<boolean> {
  // On macOS an Engine is always in a virtual machine.
  if (platform.os !== "linux") return false;
  if (!hasBridgeOf(networks, await listForeign())) return false;
  const info = parse(v.object({ Name: NAME }), parseReply(engine, await engine.send("GET", "/info")));
  // The machine's name, which its Engine reports too (proc_sys_kernel(5)).
  return info !== undefined && info.Name === readSysctl("kernel/hostname");
}
