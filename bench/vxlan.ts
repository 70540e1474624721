/**
 * The kernel's own VXLAN between `mac` and `vm` of a topology, routed like the tunnel under test: what a tunnel costs
 * that never leaves the kernel.
 *
 * @module
 */
import type { Network } from "../tests/topology/network.ts";

/** The desktop's address in the VXLAN. */
export const VXLAN_MAC_ADDRESS = "10.89.0.2";
const VM_ADDRESS = "10.89.0.1";
/** The port IANA assigned (RFC 7348 section 8); the kernel's default is an older one. */
const PORT = "4789";
const LINK = "vx0";

/** Joins `mac` and `vm` by a VXLAN and routes the containers' subnet through it; it goes with its namespaces. */
export async function addVxlan(network: Network, mtu: number): Promise<void> {
  const { mac, vm, macAddress, vmAddress } = network;
  const ends = [
    { namespace: mac, address: VXLAN_MAC_ADDRESS, local: macAddress, remote: vmAddress },
    { namespace: vm, address: VM_ADDRESS, local: vmAddress, remote: macAddress },
  ];
  for (const { namespace, address, local, remote } of ends) {
    const type = ["type", "vxlan", "id", "1", "dstport", PORT, "local", local, "remote", remote];
    await namespace.ip("link", "add", LINK, "mtu", String(mtu), ...type);
    await namespace.ip("addr", "add", `${address}/24`, "dev", LINK);
    await namespace.ip("link", "set", LINK, "up");
  }
  await mac.ip("route", "add", network.container().subnet, "via", VM_ADDRESS);
}
