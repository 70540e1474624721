import * as v from "valibot";
import { hasBridgeOf } from "../../core/routing/local_engine.ts";
import { type DockerNetwork, NAME, parse } from "../../core/docker/engine_json.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { platform } from "../../ffi/platform.ts";
import { readSysctl } from "../../ffi/libc/proc_linux.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { parseReply } from "../../system/docker/engine_containers.ts";

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
