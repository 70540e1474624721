import { PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import { address } from "../../tests/literals.ts";
import type { LinuxRouter } from "./router_linux.ts";

export const settings = {
  name: "t0",
  mtu: 1400,
  address: address("192.168.251.2"),
  peer: address("192.168.251.1"),
  address6: address("fdc0:c0de:251::2"),
  peer6: address("fdc0:c0de:251::1"),
};

/** A namespace with the TUN interface t0, configured, and the interface lan0, up. */
export async function tunnelNetwork(router: LinuxRouter): Promise<PrivateNetwork> {
  const network = new PrivateNetwork();
  try {
    network.ip("tuntap add dev t0 mode tun");
    network.ip("tuntap add dev lan0 mode tun");
    network.ip("link set lan0 up");
    await router.configureInterface(settings);
    return network;
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
}
