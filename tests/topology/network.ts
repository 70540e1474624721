/**
 * The topology of the tests: a desktop, a virtual machine and containers, each a network namespace.
 *
 *     mac 10.77.0.1/30 --veth-- 10.77.0.2/30 vm br0 172.20.0.1/16 --veth-- 172.20.0.2 container
 *                                               br1 172.21.0.1/16 --veth-- 172.21.0.2 container
 *
 * `mac` has no route to the bridges' subnets: only a tunnel leads there.
 *
 * @module
 */
import { adminPath } from "../../tools/packages.ts";
import { Namespace } from "./namespace.ts";
import { Reaper } from "./reaper.ts";
import { waitUntil } from "./wait.ts";

/** What may differ between topologies. */
export interface NetworkOptions {
  /** MTU in bytes of the link between `mac` and `vm`; 1500 where absent. */
  readonly underlayMtu?: number;
  /** MTU in bytes of bridges and containers; 1500 where absent. */
  readonly containerMtu?: number;
  /** How many containers each bridge has; one bridge with one container where absent. */
  readonly containers?: readonly number[];
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
  readonly macAddress = "10.77.0.1";
  readonly vmAddress = "10.77.0.2";
  readonly containers: Container[] = [];

  private constructor(
    readonly mac: Namespace,
    readonly vm: Namespace,
    /** A scratch folder, removed at disposal. */
    readonly folder: string,
    readonly prefix: string,
    readonly options: NetworkOptions,
    readonly reaper: Reaper,
  ) {}

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
      const network = new Network(mac, vm, folder, prefix, options, reaper);
      await network.#link();
      for (const [bridge, count] of (options.containers ?? [1]).entries()) {
        await network.#addBridge(bridge, count);
      }
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reaper[Symbol.asyncDispose]();
  }

  async #link(): Promise<void> {
    const mtu = String(this.options.underlayMtu ?? 1500);
    await connect(this.mac, "eth0", this.vm, "eth0", mtu);
    await this.mac.ip("addr", "add", `${this.macAddress}/30`, "dev", "eth0");
    await this.vm.ip("addr", "add", `${this.vmAddress}/30`, "dev", "eth0");
    await this.vm.sysctl("net/ipv4/ip_forward", "1");
  }

  /** A link's state follows its carrier a moment later, which a comparison of before and after would see. */
  async #settle(): Promise<void> {
    const namespaces = [this.mac, this.vm, ...this.containers.map(({ namespace }) => namespace)];
    await waitUntil("every link is up", async () => {
      const links = await Promise.all(namespaces.map((namespace) => namespace.ip("-o", "link")));
      return links.join("\n").split("\n").every((link) => / lo: | state UP /.test(link));
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
