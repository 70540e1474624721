/**
 * The TUN device: `openTun` on the main thread makes it, `attachTun` in the data plane's Worker moves packets.
 *
 * @module
 */
import type { CounterTable } from "../../core/counters.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { platform } from "../platform.ts";
import type { TunDevice, TunOffload, TunPort, TunRequest } from "./tun_port.ts";

export type { TunDevice, TunOffload, TunPort, TunRequest };
export { BATCH_FULL, DEVICE_ERROR, WOULD_BLOCK } from "./tun_port.ts";

/** Opens a device of the running system. */
export async function openTun(request: TunRequest): Promise<TunDevice> {
  if (platform.os === "darwin") return (await import("./tun_darwin.ts")).openDarwinTun(request);
  return (await import("./tun_linux.ts")).openLinuxTun(request);
}

/** Attaches an open device to the packet loop of this thread. */
export async function attachTun(
  memory: PacketMemory,
  descriptor: number,
  offload: TunOffload,
  counters: CounterTable,
): Promise<TunPort> {
  if (platform.os === "darwin") {
    return new (await import("./tun_port_darwin.ts")).DarwinTunPort(memory, descriptor, counters);
  }
  return new (await import("./tun_linux.ts")).LinuxTunPort(memory, descriptor, offload, counters);
}
