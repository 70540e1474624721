/**
 * wireguard-go between two namespaces of a topology, routed like the tunnel under test: the yardstick.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import type { Network } from "../tests/topology/network.ts";
import { WireguardGo, type WireguardGoOptions } from "../tests/topology/wireguard_go.ts";

/** The desktop's address in the WireGuard tunnel. */
export const WIREGUARD_MAC_ADDRESS = "10.88.0.2";
/** The other end's: the virtual machine's, or another machine's of the local network. */
export const WIREGUARD_VM_ADDRESS = "10.88.0.1";
const PORT = 51820;
/** Packets in the queue of each interface: that of docker-connector's. A TUN interface has 500 by itself. */
const QUEUE_LENGTH = 1000;

/** What may differ between two of them. */
export interface WireguardOptions {
  readonly mtu: number;
  /** Path of the program; the first in PATH where absent. */
  readonly program?: string;
  /** Whom it joins the desktop with: `vm`, unless the topology's local network is asked for. */
  readonly peer?: "vm" | "lan";
}

/** One end before it is joined to the other. */
interface TunnelEnd {
  readonly device: WireguardGo;
  readonly underlay: string;
  readonly allowed: string;
}

let devices = 0;

/** A WireGuard tunnel whose two ends are separate wireguard-go processes. Disposal ends them. */
export class WireguardTunnel implements AsyncDisposable {
  readonly #devices: WireguardGo[] = [];

  private constructor() {}

  /** Process ids: the desktop's end, then the other one. */
  get pids(): readonly number[] {
    return this.#devices.map(({ process }) => process.pid);
  }

  /** Joins `mac` and the peer, and routes the containers' subnets of a network where the peer is `vm`. */
  static async start(
    network: Network,
    { mtu, program, peer = "vm" }: WireguardOptions,
  ): Promise<WireguardTunnel> {
    const tunnel = new WireguardTunnel();
    const { mac } = network;
    const other = peer === "vm"
      ? { namespace: network.vm, address: network.vmAddress, macAddress: network.macAddress }
      : { ...network.lan(), macAddress: network.macLanAddress };
    const subnets = peer === "vm" ? [network.container().subnet] : [];
    const device = async (namespace: Namespace, address: string) => {
      // Their sockets lie in one folder for all namespaces.
      const name = `wg${Deno.pid}n${devices++}`.slice(0, 15);
      const started = await WireguardGo.start({
        ...{ namespace, name, address: `${address}/24`, mtu, queueLength: QUEUE_LENGTH },
        ...program === undefined ? {} : { program },
      });
      tunnel.#devices.push(started);
      return started;
    };
    try {
      const ends: readonly [TunnelEnd, TunnelEnd] = [
        {
          device: await device(mac, WIREGUARD_MAC_ADDRESS),
          underlay: other.macAddress,
          allowed: `${WIREGUARD_MAC_ADDRESS}/32`,
        },
        {
          device: await device(other.namespace, WIREGUARD_VM_ADDRESS),
          underlay: other.address,
          allowed: [`${WIREGUARD_VM_ADDRESS}/32`, ...subnets].join(","),
        },
      ];
      const keys = await Promise.all(ends.map((end) => makeKey(network, end.device.options)));
      for (const [index, end] of ends.entries()) {
        const far = ends[1 - index] ?? end;
        const [own, theirs] = [keys[index], keys[1 - index]];
        await end.device.set(
          ...["listen-port", String(PORT), "private-key", own?.file ?? ""],
          ...["peer", theirs?.publicKey ?? "", "endpoint", `${far.underlay}:${PORT}`],
          ...["allowed-ips", far.allowed],
        );
      }
      for (const subnet of subnets) await mac.ip("route", "add", subnet, "dev", ends[0].device.options.name);
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
