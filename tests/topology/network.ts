/**
 * The topology of the tests: a desktop, a virtual machine, containers, and other machines of the desktop's local network,
 * each a network namespace.
 *
 *     mac 10.77.0.1 ----veth--- 10.77.0.2/30 vm br0 172.20.0.1/16 --veth-- 172.20.0.2 container
 *                                               br1 172.21.0.1/16 --veth-- 172.21.0.2 container
 *     mac lan 10.78.0.1/24 --veth-- 10.78.0.11/24 lan1
 *                          --veth-- 10.78.0.12/24 lan2
 *
 * `mac` has no route to the bridges' subnets: only a tunnel leads there. Nor have the others of the local network, and `mac`
 * forwards nothing for them.
 *
 * The desktop's address for the first link is one without a network, so nothing there is on a link of the desktop: only a tunnel
 * leads to containers. With `direct` there is a second link, a network that a third machine is on as well:
 *
 *     mac eth1 10.79.0.1/24 --veth-- br0 switch br0 --veth-- 10.79.0.2/24 eth1 vm
 *                                           br0 --veth-- 10.79.0.3/24 eth1 stranger
 *
 * Between `mac` and `vm` there may be a network in user space instead: see user_space_network.ts.
 *
 * @module
 */
import { adminPath } from "../../tools/packages.ts";
import { Namespace } from "./namespace.ts";
import { Reaper } from "./reaper.ts";
import { DESKTOP_ADDRESS, MACHINE_ADDRESS, SEEN_ADDRESS, UserSpaceNetwork } from "./user_space_network.ts";
import { waitUntil } from "./wait.ts";

/** Names the link of topologies whose test does not: `user-space`; a veth pair where it is not set. */
export const LINK_VARIABLE = "DOCKER_CONNECTOR_TEST_LINK";

/** What joins the desktop and the virtual machine. */
export type Link = "veth" | "user-space";

/** The link of topologies that name none. */
export function defaultLink(): Link {
  return Deno.env.get(LINK_VARIABLE) === "user-space" ? "user-space" : "veth";
}

/** What may differ between topologies. */
export interface NetworkOptions {
  readonly link?: Link;
  /** MTU in bytes of the link between `mac` and `vm`; 1500 where absent. */
  readonly underlayMtu?: number;
  /** MTU in bytes of bridges and containers; 1500 where absent. */
  readonly containerMtu?: number;
  /** How many containers each bridge has; one bridge with one container where absent. */
  readonly containers?: readonly number[];
  /** How many other machines the local network has; none where absent. */
  readonly lans?: number;
  /** Whether there is a second link, on which desktop and virtual machine reach each other; no where absent. */
  readonly direct?: boolean;
}

/** The second link: a switch with the desktop, the virtual machine, and a machine that is neither. */
export interface DirectLink {
  /** The switch; its ports are called mac, vm and stranger. */
  readonly fabric: Namespace;
  readonly stranger: Namespace;
  /** The addresses on the link. */
  readonly macAddress: string;
  readonly vmAddress: string;
  readonly strangerAddress: string;
}

/** Another machine of the desktop's local network, such as a colleague's. */
export interface Lan {
  readonly namespace: Namespace;
  readonly address: string;
}

/** A container: a namespace on one of the bridges, with its default route by way of the bridge. */
export interface Container {
  readonly namespace: Namespace;
  readonly address: string;
  /** Subnet of its bridge, as a `route` line of the config takes it. */
  readonly subnet: string;
}

/** The whole topology. Disposal ends every process in it and removes it. */
export class Network implements AsyncDisposable {
  /** The desktop's address for the virtual machine. */
  readonly macAddress: string;
  /** The virtual machine's own address. */
  readonly vmAddress: string;
  /** Where datagrams of the virtual machine come from, as the desktop sees it. */
  readonly vmSeenAddress: string;
  /** The desktop's address in the local network, if that has other machines. */
  readonly macLanAddress = "10.78.0.1";
  readonly containers: Container[] = [];
  readonly lans: Lan[] = [];
  #userSpace: UserSpaceNetwork | undefined;
  #direct: DirectLink | undefined;

  private constructor(
    readonly mac: Namespace,
    readonly vm: Namespace,
    /** A scratch folder, removed at disposal. */
    readonly folder: string,
    readonly prefix: string,
    readonly options: NetworkOptions,
    readonly reaper: Reaper,
    readonly link: Link,
  ) {
    const isUserSpace = link === "user-space";
    this.macAddress = isUserSpace ? DESKTOP_ADDRESS : "10.77.0.1";
    this.vmAddress = isUserSpace ? MACHINE_ADDRESS : "10.77.0.2";
    this.vmSeenAddress = isUserSpace ? SEEN_ADDRESS : this.vmAddress;
  }

  /** Lays the topology out. What a failure leaves half done is removed. */
  static async create(options: NetworkOptions = {}): Promise<Network> {
    // Test files run in isolates of one process, each with its own counters, hence a random part.
    const prefix = `dc${Deno.pid}x${crypto.randomUUID().slice(0, 4)}`;
    const folder = await Deno.makeTempDir({ prefix: "docker-connector-" });
    const reaper = new Reaper(prefix, folder, adminPath());
    try {
      await Deno.chmod(folder, 0o755);
      const mac = await Namespace.create(`${prefix}-mac`);
      const vm = await Namespace.create(`${prefix}-vm`);
      const link = options.link ?? defaultLink();
      const network = new Network(mac, vm, folder, prefix, options, reaper, link);
      await network.#link();
      if (options.direct === true) await network.#addDirectLink();
      for (const [bridge, count] of (options.containers ?? [1]).entries()) {
        await network.#addBridge(bridge, count);
      }
      if (options.lans !== undefined) await network.#addLocalNetwork(options.lans);
      await network.#settle();
      return network;
    } catch (error) {
      await reaper[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The container on the first bridge unless another index is given; counted over all bridges. */
  container(index = 0): Container {
    const container = this.containers[index];
    if (container === undefined) throw new RangeError(`Cannot find container ${index} in ${this.prefix}`);
    return container;
  }

  /** The first of the other machines in the local network unless another index is given. */
  lan(index = 0): Lan {
    const lan = this.lans[index];
    if (lan === undefined) throw new RangeError(`Cannot find machine ${index} of the LAN of ${this.prefix}`);
    return lan;
  }

  /** The second link; a RangeError where there is none. */
  get direct(): DirectLink {
    if (this.#direct === undefined) throw new RangeError(`There is no second link in ${this.prefix}`);
    return this.#direct;
  }

  /** The network in user space between desktop and virtual machine; a RangeError where that is a veth pair. */
  get userSpace(): UserSpaceNetwork {
    if (this.#userSpace === undefined) throw new RangeError(`The link of ${this.prefix} is a veth pair`);
    return this.#userSpace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reaper[Symbol.asyncDispose]();
  }

  async #link(): Promise<void> {
    const mtu = this.options.underlayMtu ?? 1500;
    await this.vm.sysctl("net/ipv4/ip_forward", "1");
    if (this.link === "user-space") {
      this.#userSpace = await UserSpaceNetwork.start(this.mac, this.vm, this.folder, mtu);
      return;
    }
    await connect(this.mac, "eth0", this.vm, "eth0", String(mtu));
    await this.mac.ip("addr", "add", this.macAddress, "peer", `${this.vmAddress}/32`, "dev", "eth0");
    await this.vm.ip("addr", "add", `${this.vmAddress}/30`, "dev", "eth0");
  }

  async #addDirectLink(): Promise<void> {
    const fabric = await Namespace.create(`${this.prefix}-fab`);
    const stranger = await Namespace.create(`${this.prefix}-str`);
    await fabric.ip("link", "add", "br0", "type", "bridge");
    await fabric.ip("link", "set", "br0", "up");
    const ends = { mac: this.mac, vm: this.vm, stranger };
    const addresses = { mac: "10.79.0.1", vm: "10.79.0.2", stranger: "10.79.0.3" };
    for (const name of ["mac", "vm", "stranger"] as const) {
      await connect(ends[name], "eth1", fabric, name, "1500");
      await fabric.ip("link", "set", name, "master", "br0");
      await ends[name].ip("addr", "add", `${addresses[name]}/24`, "dev", "eth1");
    }
    const { mac: macAddress, vm: vmAddress, stranger: strangerAddress } = addresses;
    this.#direct = { fabric, stranger, macAddress, vmAddress, strangerAddress };
  }

  /** A link's state follows its carrier a moment later, which a comparison of before and after would see. */
  async #settle(): Promise<void> {
    const others = [...this.containers, ...this.lans].map(({ namespace }) => namespace);
    const direct = this.#direct === undefined ? [] : [this.#direct.fabric, this.#direct.stranger];
    const namespaces = [this.mac, this.vm, ...direct, ...others];
    await waitUntil("every link is up", async () => {
      const links = await Promise.all(namespaces.map((namespace) => namespace.ip("-o", "link")));
      // A TAP interface never has another state than this.
      const states = this.link === "user-space"
        ? / lo: | eth0: .* state UNKNOWN | state UP /
        : / lo: | state UP /;
      return links.join("\n").split("\n").every((link) => states.test(link));
    });
  }

  async #addBridge(index: number, count: number): Promise<void> {
    const mtu = String(this.options.containerMtu ?? 1500);
    const bridge = `br${index}`;
    const base = `172.${20 + index}.0`;
    await this.vm.ip("link", "add", bridge, "mtu", mtu, "type", "bridge");
    await this.vm.ip("addr", "add", `${base}.1/16`, "dev", bridge);
    await this.vm.ip("link", "set", bridge, "up");
    for (let number = 0; number < count; number++) {
      const address = `${base}.${2 + number}`;
      const port = `port${index}-${number}`;
      const namespace = await Namespace.create(`${this.prefix}-ctr${this.containers.length}`);
      await connect(namespace, "eth0", this.vm, port, mtu);
      await this.vm.ip("link", "set", port, "master", bridge);
      await namespace.ip("addr", "add", `${address}/16`, "dev", "eth0");
      await namespace.ip("route", "add", "default", "via", `${base}.1`);
      this.containers.push({ namespace, address, subnet: `${base}.0/16` });
    }
  }

  async #addLocalNetwork(count: number): Promise<void> {
    await this.mac.sysctl("net/ipv4/ip_forward", "0");
    await this.mac.ip("link", "add", "lan", "type", "bridge");
    await this.mac.ip("addr", "add", `${this.macLanAddress}/24`, "dev", "lan");
    await this.mac.ip("link", "set", "lan", "up");
    for (let number = 1; number <= count; number++) {
      const address = `10.78.0.${10 + number}`;
      const port = `lan${number}`;
      const namespace = await Namespace.create(`${this.prefix}-lan${number}`);
      await connect(namespace, "eth0", this.mac, port, "1500");
      await this.mac.ip("link", "set", port, "master", "lan");
      await namespace.ip("addr", "add", `${address}/24`, "dev", "eth0");
      this.lans.push({ namespace, address });
    }
  }
}

/** Joins two namespaces by a veth pair, both ends up. */
async function connect(
  a: Namespace,
  nameA: string,
  b: Namespace,
  nameB: string,
  mtu: string,
): Promise<void> {
  const peer = ["peer", "name", nameB, "netns", b.name, "mtu", mtu];
  await a.ip("link", "add", nameA, "mtu", mtu, "type", "veth", ...peer);
  await a.ip("link", "set", nameA, "up");
  await b.ip("link", "set", nameB, "up");
}
