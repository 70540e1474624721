/**
 * wireguard-go between `mac` and `vm` of a topology, routed like the tunnel under test: the yardstick.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import type { Network } from "../tests/topology/network.ts";
import { WireguardGo, type WireguardGoOptions } from "../tests/topology/wireguard_go.ts";

/** The desktop's address in the WireGuard tunnel. */
export const WIREGUARD_MAC_ADDRESS = "10.88.0.2";
/** The virtual machine's. */
export const WIREGUARD_VM_ADDRESS = "10.88.0.1";
const PORT = 51820;

/** One end before it is joined to the other. */
interface TunnelEnd {
  readonly device: WireguardGo;
  readonly underlay: string;
  readonly allowed: string;
}

/** A WireGuard tunnel whose two ends are separate wireguard-go processes. Disposal ends them. */
export class WireguardTunnel implements AsyncDisposable {
  readonly #devices: WireguardGo[] = [];

  private constructor() {}

  /** Process ids: the desktop's end, then the virtual machine's. */
  get pids(): readonly number[] {
    return this.#devices.map(({ process }) => process.pid);
  }

  /** Joins `mac` and `vm` and routes the containers' subnets of a network. */
  static async start(network: Network, mtu: number): Promise<WireguardTunnel> {
    const tunnel = new WireguardTunnel();
    const { mac, vm, macAddress, vmAddress } = network;
    const { subnet } = network.container();
    const device = async (namespace: Namespace, name: string, address: string) => {
      const started = await WireguardGo.start({ namespace, name, address: `${address}/24`, mtu });
      tunnel.#devices.push(started);
      return started;
    };
    try {
      const ends: readonly [TunnelEnd, TunnelEnd] = [
        {
          device: await device(mac, `wgm${Deno.pid}`, WIREGUARD_MAC_ADDRESS),
          underlay: macAddress,
          allowed: `${WIREGUARD_MAC_ADDRESS}/32`,
        },
        {
          device: await device(vm, `wgv${Deno.pid}`, WIREGUARD_VM_ADDRESS),
          underlay: vmAddress,
          allowed: `${WIREGUARD_VM_ADDRESS}/32,${subnet}`,
        },
      ];
      const keys = await Promise.all(ends.map((end) => makeKey(network, end.device.options)));
      for (const [index, end] of ends.entries()) {
        const peer = ends[1 - index] ?? end;
        const [own, other] = [keys[index], keys[1 - index]];
        await end.device.set(
          ...["listen-port", String(PORT), "private-key", own?.file ?? ""],
          ...["peer", other?.publicKey ?? "", "endpoint", `${peer.underlay}:${PORT}`],
          ...["allowed-ips", peer.allowed],
        );
      }
      await mac.ip("route", "add", subnet, "dev", ends[0].device.options.name);
      return tunnel;
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#devices) await device[Symbol.asyncDispose]();
  }
}

/** A fresh key pair; the private key lies in a file that only its owner reads. */
async function makeKey(
  network: Network,
  { namespace, name }: WireguardGoOptions,
): Promise<{ file: string; publicKey: string }> {
  const file = `${network.folder}/${name}.key`;
  await namespace.exec(["sh", "-c", 'umask 077; wg genkey > "$1"', "sh", file]);
  return { file, publicKey: await namespace.exec(["sh", "-c", 'wg pubkey < "$1"', "sh", file]) };
}
