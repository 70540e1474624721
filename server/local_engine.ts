/**
 * Finds out whether an Engine runs on this very machine, as is usual on Linux.
 *
 * @module
 */
import { fieldsOf } from "../core/engine/fields.ts";
import { hasBridgeOf } from "../core/engine/local_engine.ts";
import type { DockerNetwork } from "../core/engine/networks.ts";
import type { ForeignPrefix } from "../core/engine/wanted_routes.ts";
import { backEnd } from "../ffi/back_end.ts";
import { readSysctl } from "../ffi/sysctl_linux.ts";
import type { EngineClient } from "../system/engine/engine_client.ts";
import { parseReply } from "../system/engine/engine_containers.ts";

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
  if (backEnd.os !== "linux") return false;
  if (!hasBridgeOf(networks, await listForeign())) return false;
  const { Name: name } = fieldsOf(parseReply(engine, await engine.send("GET", "/info")));
  return name !== undefined && name === readSysctl(HOST_NAME);
}
