import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatEndpoint } from "../../../core/net/endpoint.ts";
import { errno, SystemError } from "../../../ffi/libc/errno.ts";
import { openTunnelSocket } from "../../../system/interface/tunnel_device.ts";
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
      return faulty("port", error.message, fault("port.taken", { endpoint }));
    }
    const file = config.file ?? "the configuration";
    return faulty("port", error.message, fault("config.invalid", { file, faults: [error.report] }));
  }
}
