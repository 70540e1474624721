/**
 * wireguard-go between `mac` and `vm` of a topology, routed like the tunnel under test: the yardstick.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import type { Network } from "../tests/topology/network.ts";
import type { Process } from "../tests/topology/process.ts";
import { waitUntil } from "../tests/topology/wait.ts";

/** The desktop's address in the WireGuard tunnel. */
export const WIREGUARD_MAC_ADDRESS = "10.88.0.2";
const VM_ADDRESS = "10.88.0.1";
const PORT = 51820;

/** One end before it is joined to the other. */
interface TunnelEnd {
  readonly namespace: Namespace;
  /** Names the UAPI socket in /var/run/wireguard, which all namespaces share: different for each process and end. */
  readonly name: string;
  readonly address: string;
  readonly underlay: string;
  readonly allowed: string;
}

async function startEnd(end: TunnelEnd, mtu: number): Promise<Process> {
  const child = end.namespace.spawn(["wireguard-go", "-f", end.name], {
    env: { WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error" },
  });
  const socket = `/var/run/wireguard/${end.name}.sock`;
  await waitUntil(`wireguard-go offers ${socket}`, async () => {
    if (!child.running) throw new Error(`wireguard-go ended:\n${child.stderr.tail()}`);
    return await Deno.stat(socket).then(() => true, () => false);
  });
  await end.namespace.ip("addr", "add", `${end.address}/24`, "dev", end.name);
  await end.namespace.ip("link", "set", end.name, "mtu", String(mtu), "up");
  return child;
}

/** A WireGuard tunnel whose two ends are separate wireguard-go processes. Disposal ends them. */
export class WireguardTunnel implements AsyncDisposable {
  readonly #processes: Process[] = [];

  private constructor() {}

  /** Process ids: the desktop's end, then the virtual machine's. */
  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  /** Joins `mac` and `vm` and routes the containers' subnets of a network. */
  static async start(network: Network, mtu: number): Promise<WireguardTunnel> {
    const tunnel = new WireguardTunnel();
    const { mac, vm, macAddress, vmAddress } = network;
    const { subnet } = network.container();
    const ends: readonly [TunnelEnd, TunnelEnd] = [
      {
        namespace: mac,
        name: `wgm${Deno.pid}`,
        address: WIREGUARD_MAC_ADDRESS,
        underlay: macAddress,
        allowed: `${WIREGUARD_MAC_ADDRESS}/32`,
      },
      {
        namespace: vm,
        name: `wgv${Deno.pid}`,
        address: VM_ADDRESS,
        underlay: vmAddress,
        allowed: `${VM_ADDRESS}/32,${subnet}`,
      },
    ];
    try {
      for (const end of ends) tunnel.#processes.push(await startEnd(end, mtu));
      const keys = await Promise.all(ends.map((end) => makeKey(network, end)));
      for (const [index, end] of ends.entries()) {
        const peer = ends[1 - index] ?? end;
        const [own, other] = [keys[index], keys[1 - index]];
        await end.namespace.exec([
          ...["wg", "set", end.name, "listen-port", String(PORT), "private-key", own?.file ?? ""],
          ...["peer", other?.publicKey ?? "", "endpoint", `${peer.underlay}:${PORT}`],
          ...["allowed-ips", peer.allowed],
        ]);
      }
      await mac.ip("route", "add", subnet, "dev", ends[0].name);
      return tunnel;
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) await child.stop();
  }
}

/** A fresh key pair; the private key lies in a file that only its owner reads. */
async function makeKey(network: Network, end: TunnelEnd): Promise<{ file: string; publicKey: string }> {
  const file = `${network.folder}/${end.name}.key`;
  await end.namespace.exec(["sh", "-c", 'umask 077; wg genkey > "$1"', "sh", file]);
  return { file, publicKey: await end.namespace.exec(["sh", "-c", 'wg pubkey < "$1"', "sh", file]) };
}
