/**
 * A virtual machine behind a network that is a program, as that of Docker Desktop is: gvproxy, which is gVisor's TCP/IP in
 * user space and the network of Podman's machines. It has no address that the desktop reaches; what it sends, gvproxy
 * sends again from sockets of the desktop.
 *
 *     mac 127.0.0.1 -- gvproxy 192.168.127.254 -- frames over a unix socket -- TAP eth0 192.168.127.2/24 vm
 *
 * @module
 */
import { absenceOf, fetchedPackages } from "../../tools/debian/fetched_packages.ts";
import { compiledProgram } from "./compiled_program.ts";
import { COMPILER_NEEDS, type Needs } from "./gate.ts";
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** What the machine calls the loopback address of the desktop. */
export const DESKTOP_ADDRESS = "192.168.127.254";
/** The machine's own address. */
export const MACHINE_ADDRESS = "192.168.127.2";
/** Where the machine's datagrams seem to come from. */
export const SEEN_ADDRESS = "127.0.0.1";

const GATEWAY = "192.168.127.1";

/** Names what is fetched. */
const GVPROXY = "gvproxy-forky";

const files = fetchedPackages(GVPROXY);

/** What tests behind it need besides. */
export const USER_SPACE_NEEDS: Needs = {
  ...COMPILER_NEEDS,
  ...files === undefined ? { absence: absenceOf(GVPROXY) } : {},
};

/** The running network. It ends with the namespaces of its two ends. */
export class UserSpaceNetwork {
  private constructor(
    /** The program that is the network. */
    readonly gvproxy: Process,
    /** The machine's network card, programs/frame_carrier.c. */
    readonly carrier: Process,
  ) {}

  /**
   * Starts it and gives the machine its address.
   *
   * @param folder for its socket
   * @param mtu of the machine's interface in bytes
   */
  static async start(mac: Namespace, vm: Namespace, folder: string, mtu: number): Promise<UserSpaceNetwork> {
    const socket = `${folder}/frames.sock`;
    // Its own ports are none of the tests' business, but one for ssh is always taken: it lies on the loopback of `mac`.
    const program = `${files?.root ?? ""}/usr/bin/gvproxy`;
    const gvproxy = mac.spawn([program, "-mtu", String(mtu), "-listen-bess", `unixpacket://${socket}`]);
    await waitUntil("gvproxy offers its socket", async () => {
      if (!gvproxy.running) throw new Error(`gvproxy ended:\n${gvproxy.stderr.tail()}`);
      return await Deno.stat(socket).then(() => true, () => false);
    });
    const carrier = vm.spawn([await compiledProgram("frame_carrier"), "eth0", socket]);
    await carrier.stdout.waitFor(/^carrying$/);
    await vm.ip("addr", "add", `${MACHINE_ADDRESS}/24`, "dev", "eth0");
    await vm.ip("link", "set", "eth0", "mtu", String(mtu), "up");
    await vm.ip("route", "add", "default", "via", GATEWAY);
    return new UserSpaceNetwork(gvproxy, carrier);
  }

  /** Lets no UDP pass, or all again. */
  async dropUdp(drops: boolean): Promise<void> {
    await this.#command(drops ? "udp drop" : "udp pass");
  }

  /** From now on a UDP port of the machine that is silent for so long is dead for good; 0 ends that. */
  async killIdlePorts(seconds: number): Promise<void> {
    await this.#command(`udp idle ${seconds}`);
  }

  async #command(line: string): Promise<void> {
    const from = this.carrier.stdout.lines.length;
    await this.carrier.send(line);
    const answer = await this.carrier.stdout.waitFor(/./, { from });
    if (answer !== "done") throw new Error(`Cannot ${line}: ${answer}`);
  }
}
