import { platform } from "../../ffi/platform.ts";

/** Whether there is an interface of this name. Linux only: macOS numbers its own, and a killed program leaves none there. */
export async function hasInterface(name: string): Promise<boolean> {
  if (platform.os !== "linux") return false;
  const { listLinks } = await import("../../ffi/netlink/link.ts");
  const { netlinkOperation } = await import("../routing/netlink_operation.ts");
  return await netlinkOperation(
    "list the interfaces",
    (socket) => listLinks(socket).some((link) => link.name === name),
  );
}
