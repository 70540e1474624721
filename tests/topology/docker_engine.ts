/**
 * A Docker Engine of a test's own in a network namespace: its bridges and firewall rules are that namespace's.
 *
 * @module
 */
import type { Backend } from "./docker_rules.ts";
import { Dockerd } from "./dockerd.ts";
import type { EngineDaemon } from "./engine_daemon.ts";
import { DEFAULT_ENGINE, type EngineKind, enginePath } from "./engines.ts";
import type { Network } from "./network.ts";
import { PodmanService } from "./podman_service.ts";
import { mustRun, run } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** How an Engine differs from the plain one. */
export interface EngineOptions {
  /** Which Engine it is; the newest where absent. */
  readonly kind?: EngineKind;
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

/** A Docker Engine in the namespace `vm` that is running or between two runs. */
export class DockerEngine implements AsyncDisposable {
  readonly kind: EngineKind;
  readonly #network: Network;
  readonly #client: Deno.HttpClient;
  readonly #daemon: EngineDaemon;
  #version = "";

  /** @param network in whose `vm` it runs and in whose folder its files are */
  constructor(network: Network, readonly options: EngineOptions = {}) {
    this.#network = network;
    this.kind = options.kind ?? DEFAULT_ENGINE;
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.socket } });
    const Daemon = this.kind.isPodman ? PodmanService : Dockerd;
    this.#daemon = new Daemon(network, this.socket, this.kind, options);
  }

  /** Path of its socket. */
  get socket(): string {
    return `${this.#network.folder}/docker.sock`;
  }

  /** Its version by its own word, once it has been started. */
  get version(): string {
    return this.#version;
  }

  /** The environment in which the docker command, its own where it has one, talks to it. */
  get environment(): Readonly<Record<string, string>> {
    return { DOCKER_HOST: `unix://${this.socket}`, PATH: enginePath(this.kind) };
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param data names its data; another name is an Engine that knows nothing of what was before
   */
  async start(data = "first"): Promise<void> {
    const child = await this.#daemon.start(data);
    const answer = await waitUntil(`${this.kind.title} answers`, async () => {
      if (!child.running) throw new Error(`${this.kind.title} ended:\n${child.stderr.tail()}`);
      return await this.request("GET", "/version").catch(() => undefined);
    }, 30_000);
    if (this.#version === "") {
      const { Version, ApiVersion } = JSON.parse(answer);
      this.#version = Version;
      console.log(`  ${this.kind.isPodman ? "Podman" : "Docker Engine"} ${Version}, API ${ApiVersion}`);
    }
  }

  /** SIGTERM, as a service manager stops it. */
  async stop(): Promise<void> {
    await this.#daemon.stop();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#daemon.kill();
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
    return await mustRun(["docker", ...args], { env: this.environment });
  }

  /** What a container has written to both of its outputs; one with a terminal has only the first. */
  async logs(name: string): Promise<string> {
    const argv = ["docker", "logs", name];
    const { stdout, stderr } = await run(argv, { env: this.environment });
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
    await this.#daemon[Symbol.asyncDispose]();
    this.#client.close();
  }
}
