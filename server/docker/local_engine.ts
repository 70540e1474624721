/**
 * Detection of an Engine that runs on this machine, as is usual on Linux.
 *
 * @module
 */
import * as v from "valibot";
import { hasBridgeOf } from "../../core/routing/local_engine.ts";
import type { DockerNetwork } from "../../core/docker/networks.ts";
import { NAME, parse } from "../../core/docker/schema.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { platform } from "../../ffi/platform.ts";
import { readSysctl } from "../../ffi/libc/sysctl_linux.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { parseReply } from "../../system/docker/engine_containers.ts";

/** This machine's name, which its Engine reports too (proc_sys_kernel(5)). */
const HOST_NAME = "kernel/hostname";

/**
 * Tells whether the Engine's bridges are this machine's. A bridge of the same name and subnet is no proof: a machine
 * with its own Engine may use one in a virtual machine too, and both have a docker0.
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
  return info !== undefined && info.Name === readSysctl(HOST_NAME);
}
