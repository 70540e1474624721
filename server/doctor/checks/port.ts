import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatEndpoint } from "../../../core/net/endpoint.ts";
import { errno, SystemError } from "../../../ffi/libc/errno.ts";
import { openTunnelSocket } from "../../../system/interface/tunnel_device.ts";
import { platform } from "../../../ffi/platform.ts";
import type { Examination } from "../examination.ts";

/** The UDP port: the running server has it; where none runs, whether it is free. */
export async function checkPort({ status, config }: Examination): Promise<CheckResult> {
  if (status.value !== undefined) {
    return sound("port", `docker-connector listens on UDP ${status.value.listen}`);
  }
  if (status.error.code !== "not-running") return skipped("port", "the running server has it, or not");
  const { host: address, port } = config.config;
  const endpoint = formatEndpoint({ address, port });
  try {
    using _socket = await openTunnelSocket({ address, port });
    return sound("port", `UDP ${endpoint} is free`);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (error.cause instanceof SystemError && error.cause.errno === errno.EADDRINUSE) {
      const owner = await ownerOf(port);
      const remedy = owner && `Stop ${owner}, or set another port`;
      const text = owner === undefined ? error.message : `${error.message} by ${owner}`;
      return faulty("port", text, fault("port.taken", { endpoint }, remedy));
    }
    const told = fault("config.invalid", { file: config.file ?? "", faults: [error.message] }, error.remedy);
    return faulty("port", error.message, { ...told, text: error.message });
  }
}

/** The program that has a port, for people; macOS does not tell it without another program. */
async function ownerOf(port: number): Promise<string | undefined> {
  if (platform.os !== "linux") return undefined;
  const { udpPortOwner } = await import("../../../ffi/libc/port_owner_linux.ts");
  const owner = udpPortOwner(port);
  return owner && `${owner.name} (pid ${owner.pid})`;
}
