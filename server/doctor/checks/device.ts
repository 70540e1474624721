import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { openTunnelDevice } from "../../../system/interface/tunnel_device.ts";
import { hasInterface } from "../../../system/interface/interface_presence.ts";
import { INTERFACE_NAME } from "../../commands.ts";
import type { Examination } from "../examination.ts";

/** The interface that is made for a moment on Linux, where no server runs; macOS numbers its own. */
const TRIED_NAME = "connectordoc0";

const LEFT =
  'Remove what a killed run has left: "sudo docker-connector cleanup", or "sudo docker-connector doctor --fix"; or ' +
  "stop the program that has the interface";

/** The server's interface; where none runs, whether one can be made. */
export async function checkDevice({ status, isRoot }: Examination): Promise<CheckResult> {
  if (status.value !== undefined) {
    const { name, mtu, address, fault: why } = status.value.interface;
    const text = `${name} has ${address}, MTU ${mtu}`;
    if (why === undefined) return sound("device", text);
    return faulty("device", text, fault("interface.changed", { name, why }));
  }
  if (status.error.code !== "not-running") return skipped("device", "the running server has it, or not");
  if (await hasInterface(INTERFACE_NAME)) {
    const why = `an interface ${INTERFACE_NAME} is there, and no server that answers`;
    return faulty("device", why, fault("device.missing", { why }, LEFT));
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
