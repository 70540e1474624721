import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { openTunnelDevice } from "../../../system/interface/tunnel_device.ts";
import type { Examination } from "../examination.ts";

/** The interface that is made for a moment on Linux, where no server runs; macOS numbers its own. */
const TRIED_NAME = "connectordoc0";

/** The server's interface; where none runs, whether one can be made. */
export async function checkDevice({ status, isRoot }: Examination): Promise<CheckResult> {
  if (status.value !== undefined) {
    const { name, mtu, address, fault: why } = status.value.interface;
    const text = `${name} has ${address}, MTU ${mtu}`;
    if (why === undefined) return sound("device", text);
    return faulty("device", text, fault("interface.changed", { name, why }));
  }
  if (!isRoot) return skipped("device", "only root can try whether a TUN interface can be made");
  try {
    using _device = await openTunnelDevice({ name: TRIED_NAME, offload: false });
    return sound("device", "a TUN interface can be made");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const remedy = error.remedy === "" ? undefined : error.remedy;
    return faulty("device", error.message, fault("device.missing", { why: error.message }, remedy));
  }
}
