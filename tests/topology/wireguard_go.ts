/**
 * A wireguard-go of Debian's inside a namespace.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** What one device is made of. */
export interface WireguardGoOptions {
  readonly namespace: Namespace;
  /** Names the UAPI socket in /var/run/wireguard, which all namespaces share: different for each process and end. */
  readonly name: string;
  /** Address and length of the network, as `ip addr add` takes them. */
  readonly address: string;
  readonly mtu: number;
  /** Path of the program; the first in PATH where absent. */
  readonly program?: string;
  /** Packets that wait in its queue at most; the kernel's default for a TUN interface where absent. */
  readonly queueLength?: number;
}

/** What the tests need besides to run it. */
export const WIREGUARD_NEEDS = {
  programs: ["wireguard-go", "wg", "wg-quick"],
  packages: ["wireguard-go", "wireguard-tools"],
} as const;

/** A device, up and with its address, without keys. Disposal ends it. */
export class WireguardGo implements AsyncDisposable {
  private constructor(readonly options: WireguardGoOptions, readonly process: Process) {}

  /** Starts a device. */
  static async start(options: WireguardGoOptions): Promise<WireguardGo> {
    const { namespace, name, address, mtu, program = "wireguard-go", queueLength } = options;
    const child = namespace.spawn([program, "-f", name], {
      env: { WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error" },
    });
    const device = new WireguardGo(options, child);
    const socket = `/var/run/wireguard/${name}.sock`;
    try {
      await waitUntil(`wireguard-go offers ${socket}`, async () => {
        if (!child.running) throw new Error(`wireguard-go ended:\n${child.stderr.tail()}`);
        return await Deno.stat(socket).then(() => true, () => false);
      });
      await namespace.ip("addr", "add", address, "dev", name);
      const queue = queueLength === undefined ? [] : ["txqueuelen", String(queueLength)];
      await namespace.ip("link", "set", name, "mtu", String(mtu), ...queue, "up");
    } catch (error) {
      await child.stop();
      throw error;
    }
    return device;
  }

  /** Runs `wg set` on the device. */
  async set(...args: readonly string[]): Promise<void> {
    await this.options.namespace.exec(["wg", "set", this.options.name, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}
