/**
 * Finds out whether an Engine runs on this very machine, as is usual on Linux.
 *
 * @module
 */
import { fieldsOf } from "../../core/docker/fields.ts";
import { hasBridgeOf } from "../../core/docker/local_engine.ts";
import type { DockerNetwork } from "../../core/docker/networks.ts";
import type { ForeignPrefix } from "../../core/routing/desired_routes.ts";
import { platform } from "../../ffi/platform.ts";
import { readSysctl } from "../../ffi/libc/sysctl_linux.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { parseReply } from "../../system/docker/engine_containers.ts";

/** This machine's name, which its Engine calls its own too (proc_sys_kernel(5)). */
const HOST_NAME = "kernel/hostname";

/**
 * Whether the Engine's bridges are this machine's. A bridge of the same name and subnet alone would not tell: a machine
 * with an Engine of its own may use one in a virtual machine besides, and both have a docker0.
 *
 * @param networks the Engine's
 * @param listForeign lists the machine's own networks
 * @throws {OperationError} "unavailable"
 */
export async function isLocalEngine(
  engine: EngineClient,
  networks: readonly DockerNetwork[],
  listForeign: () => Promise<readonly ForeignPrefix[]>,
): Promise<boolean> {
  // On macOS an Engine is always in a virtual machine.
  if (platform.os !== "linux") return false;
  if (!hasBridgeOf(networks, await listForeign())) return false;
  const { Name: name } = fieldsOf(parseReply(engine, await engine.send("GET", "/info")));
  return name !== undefined && name === readSysctl(HOST_NAME);
}
