/**
 * A Docker Engine of a test's own in a network namespace: its bridges and firewall rules are that namespace's.
 *
 * @module
 */
import { adminPath } from "../../tools/packages.ts";
import type { Backend } from "./docker_rules.ts";
import type { Network } from "./network.ts";
import { mustRun, type Process, run } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** Binds files over others, then becomes the program: pairs of paths, `--`, argv. */
const BIND = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"';

/** Runs a program in a mount namespace of its own, so that no mount of it outlives it. */
const OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"];

/** How an Engine differs from the plain one. */
export interface EngineOptions {
  /**
   * Texts of files that it sees instead of the machine's own, by path. It gives /etc/resolv.conf and /etc/hosts on to
   * containers of the host's network.
   */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * Whether its containerd is a service of its own, as distributions have it, and outlives a killed dockerd with all
   * containers.
   */
  readonly hasOwnContainerd?: boolean;
  /** The iptables that it uses; the machine's own choice where absent. */
  readonly backend?: Backend;
}

/** A dockerd in the namespace `vm` that is running or between two runs. */
export class DockerEngine implements AsyncDisposable {
  readonly #network: Network;
  readonly #client: Deno.HttpClient;
  #process: Process | undefined;
  #containerd: Process | undefined;
  #runs = 0;

  /** @param network in whose `vm` it runs and in whose folder its files are */
  constructor(network: Network, readonly options: EngineOptions = {}) {
    this.#network = network;
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.socket } });
  }

  /** Path of its socket. */
  get socket(): string {
    return `${this.#network.folder}/docker.sock`;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param data names its data; another name is an Engine that knows nothing of what was before
   */
  async start(data = "first"): Promise<void> {
    const { folder, vm } = this.#network;
    // A killed dockerd takes its containerd along; while that one's process id is still there, as a zombie or another
    // process, the next dockerd would wait for it in vain. So each run has its own folder for what runs.
    const run = this.options.hasOwnContainerd === true ? `${folder}/run` : `${folder}/run${++this.#runs}`;
    const files = ["--data-root", `${folder}/${data}`, "--exec-root", run, "--pidfile", `${run}.pid`];
    if (this.options.hasOwnContainerd === true) files.push("--containerd", await this.#startContainerd());
    const child = vm.spawn([
      // In containerd's mount namespace, where runc finds what dockerd mounts.
      ...this.#containerd === undefined
        ? OWN_MOUNTS
        : ["nsenter", `--mount=/proc/${this.#containerd.pid}/ns/mnt`],
      ...["sh", "-c", BIND, "bind", ...await this.#writeFiles(), "--"],
      // It finds by itself which storage driver works here; the one that always does copies each image for each container.
      ...["dockerd", "--host", `unix://${this.socket}`, ...files],
    ], { env: { PATH: await this.#searchPath() } });
    this.#process = child;
    await waitUntil("dockerd answers", async () => {
      if (!child.running) throw new Error(`dockerd ended:\n${child.stderr.tail()}`);
      return await this.request("GET", "/_ping").then(() => true, () => false);
    }, 30_000);
  }

  /** SIGTERM, as a service manager stops it. */
  async stop(): Promise<void> {
    await this.#process?.stop(20_000);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Makes a bridge network. */
  async createNetwork(name: string, ...subnets: string[]): Promise<void> {
    await this.request("POST", "/networks/create", {
      Name: name,
      CheckDuplicate: true,
      EnableIPv6: subnets.some((subnet) => subnet.includes(":")),
      IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) },
    });
  }

  /** Removes a network. */
  async removeNetwork(name: string): Promise<void> {
    await this.request("DELETE", `/networks/${name}`);
  }

  /** Runs the docker command against it; its output, or an Error when that fails. */
  async docker(...args: string[]): Promise<string> {
    return await mustRun(["docker", ...args], { env: { DOCKER_HOST: `unix://${this.socket}` } });
  }

  /** What a container has written to both of its outputs; one with a terminal has only the first. */
  async logs(name: string): Promise<string> {
    const argv = ["docker", "logs", name];
    const { stdout, stderr } = await run(argv, { env: { DOCKER_HOST: `unix://${this.socket}` } });
    return `${stdout}\n${stderr}`;
  }

  /** One request of its API; an Error when it is refused. */
  async request(method: string, path: string, body?: unknown): Promise<string> {
    const response = await fetch(`http://docker${path}`, {
      method,
      client: this.#client,
      ...body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#containerd?.stop();
    this.#client.close();
  }

  /** Path of containerd's socket. */
  async #startContainerd(): Promise<string> {
    const { folder, vm } = this.#network;
    const address = `${folder}/containerd.sock`;
    if (this.#containerd === undefined) {
      const files = ["--address", address, "--root", `${folder}/containerd`, "--state", `${folder}/tasks`];
      this.#containerd = vm.spawn([...OWN_MOUNTS, "containerd", "--config", "/dev/null", ...files]);
      await waitUntil(
        "containerd listens",
        async () => (await Deno.stat(address).catch(() => null)) !== null,
      );
    }
    return address;
  }

  /** dockerd runs `iptables`, whichever comes first. */
  async #searchPath(): Promise<string> {
    const { backend } = this.options;
    if (backend === undefined) return adminPath();
    const folder = `${this.#network.folder}/${backend}`;
    await Deno.mkdir(folder, { recursive: true });
    for (const name of ["iptables", "ip6tables"]) {
      await Deno.remove(`${folder}/${name}`).catch(() => {});
      await Deno.symlink(`/usr/sbin/xtables-${backend}-multi`, `${folder}/${name}`);
    }
    return `${folder}:${adminPath()}`;
  }

  /** Pairs of paths: where each text is, and what it is seen as. */
  async #writeFiles(): Promise<string[]> {
    const pairs: string[] = [];
    for (const [path, text] of Object.entries(this.options.files ?? {})) {
      const file = `${this.#network.folder}/${path.replaceAll("/", "_")}`;
      await Deno.writeTextFile(file, text);
      pairs.push(file, path);
    }
    return pairs;
  }
}
