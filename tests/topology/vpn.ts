/**
 * What the client programs of VPNs do to a machine: a tunnel interface, the routes that the VPN's side has pushed, rules of policy
 * routing, and a watch that deletes the routes of others. Nobody is at the other end, so what is sent there is lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ServerStatus } from "./control_socket.ts";
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { isDarwinServer } from "./server_side.ts";
import { snapshot } from "./snapshot.ts";
import { waitUntil } from "./wait.ts";

/** The interface of a VPN, by the names that its kind has on either system. */
export const VPN_INTERFACE = isDarwinServer ? "utun9" : "tun9";

/** The machine's address in the VPN (RFC 6598). */
const VPN_ADDRESS = "100.64.9.2/32";

/** The default route in two halves, as OpenVPN (`redirect-gateway def1`) and others take it: both are narrower than 0.0.0.0/0. */
export const DEFAULT_HALVES = ["0.0.0.0/1", "128.0.0.0/1"] as const;

/** The private networks of RFC 1918, which companies push. */
export const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;

/** $1 is the interface whose routes are deleted, $2 seconds. A line is printed for each that was. */
const WATCH = `
while :; do
  ip route show proto static dev "$1" | while read -r prefix rest; do
    ip route del "$prefix" dev "$1" && echo "deleted $prefix"
  done
  sleep "$2"
done
`;

/** A VPN that is up. Disposal ends it, if it is not over. */
export class Vpn implements AsyncDisposable {
  readonly #undo: string[][] = [];
  #watch: Process | undefined;
  #isUp = true;

  private constructor(readonly machine: Namespace, readonly interfaceName: string) {}

  /**
   * Brings the VPN up.
   *
   * @param pushed prefixes that it routes to itself, in the place of whose they were
   */
  static async connect(
    machine: Namespace,
    pushed: readonly string[] = [],
    interfaceName: string = VPN_INTERFACE,
  ): Promise<Vpn> {
    await machine.ip("tuntap", "add", "dev", interfaceName, "mode", "tun");
    await machine.ip("addr", "add", VPN_ADDRESS, "dev", interfaceName);
    await machine.ip("link", "set", interfaceName, "up");
    const vpn = new Vpn(machine, interfaceName);
    for (const prefix of pushed) await machine.ip("route", "replace", prefix, "dev", interfaceName);
    return vpn;
  }

  /** A full tunnel of wg-quick(8): a table of its own for what has not its mark, behind what is narrower than a default route. */
  static async wireGuardFullTunnel(machine: Namespace): Promise<Vpn> {
    const vpn = await Vpn.connect(machine, [], "wg9");
    await machine.ip("route", "add", "default", "dev", "wg9", "table", "51820");
    await vpn.#rule("not", "fwmark", "51820", "table", "51820");
    await vpn.#rule("table", "main", "suppress_prefixlength", "0");
    return vpn;
  }

  /**
   * An exit node of Tailscale: its table 52 comes before the main one, but for packets with its mark.
   *
   * @param local networks that the user lets out of it (--exit-node-allow-lan-access)
   */
  static async tailscaleExitNode(machine: Namespace, local: readonly string[] = []): Promise<Vpn> {
    const vpn = await Vpn.connect(machine, [], "tailscale0");
    await machine.ip("route", "add", "default", "dev", "tailscale0", "table", "52");
    for (const prefix of local) {
      await machine.ip("route", "add", "throw", prefix, "table", "52");
      vpn.#undo.unshift(["route", "del", "throw", prefix, "table", "52"]);
    }
    await vpn.#rule("priority", "5210", "fwmark", "0x80000/0xff0000", "lookup", "main");
    await vpn.#rule("priority", "5250", "fwmark", "0x80000/0xff0000", "type", "unreachable");
    await vpn.#rule("priority", "5270", "lookup", "52");
    return vpn;
  }

  /**
   * From now on deletes the routes of another interface every half second, as Cisco AnyConnect does with routes that it does not
   * allow.
   */
  deleteRoutesOf(interfaceName: string): void {
    this.#watch = this.machine.spawn(["sh", "-c", WATCH, "watch", interfaceName, "0.5"]);
  }

  /** How many it has deleted. */
  get deleted(): number {
    return this.#watch?.stdout.lines.filter((line) => line.startsWith("deleted")).length ?? 0;
  }

  /** Ends it: its interface goes, and its routes with that. */
  async end(): Promise<void> {
    if (!this.#isUp) return;
    this.#isUp = false;
    await this.#watch?.stop();
    for (const words of this.#undo) await this.machine.ip(...words);
    await this.machine.ip("link", "del", this.interfaceName);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #rule(...words: string[]): Promise<void> {
    await this.machine.ip("rule", "add", ...words);
    this.#undo.unshift(["rule", "del", ...words]);
  }
}

/** The route to a prefix, as the server's status shows it. */
export function routeTo({ routes }: ServerStatus, prefix: string): ServerStatus["routes"][number] {
  return routes.find((route) => route.prefix === prefix) ?? assert.fail(`the status has no route ${prefix}`);
}

/** Waits until interfaces, addresses, routes and rules of a machine are as a snapshot shows them. */
export async function isAsBefore(machine: Namespace, before: string, deadline?: number): Promise<void> {
  await waitUntil("all is as before", async () => await snapshot(machine) === before, deadline)
    .catch(async (error) => {
      assert.equal(await snapshot(machine), before);
      throw error;
    });
}
