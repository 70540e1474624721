/**
 * A running tunnel: the server in `mac`, the client in `vm`, and the server's config file.
 *
 * @module
 */
import type { ClientStatus, ServerStatus } from "./control_socket.ts";
import { Daemon } from "./daemon.ts";
import type { Network } from "./network.ts";
import { reachable } from "./ping.ts";
import { waitUntil } from "./wait.ts";

/** How a tunnel differs from the plain one. */
export interface TunnelOptions {
  /** The config file's text; one `route` line for each container subnet where absent. */
  readonly config?: string;
  /** The folder with the programs; that of all tests where absent. */
  readonly programs?: string;
  /** The folder of the server's config file and control socket; the network's scratch folder where absent. */
  readonly stateFolder?: string;
  /** Bytes; 1400 where absent. */
  readonly mtu?: number;
  readonly serverArgs?: readonly string[];
  /** Path of the Docker Engine's socket; one that does not exist where absent, whatever the machine has. */
  readonly engineSocket?: string;
  readonly serverEnv?: Readonly<Record<string, string>>;
  readonly clientArgs?: readonly string[];
  /** Milliseconds between the client's heartbeats; 500 where absent. */
  readonly heartbeat?: number;
  /** Whom the client talks to: `HOST:PORT`; the server itself where absent. "search": nobody is named. */
  readonly clientTarget?: string;
  readonly clientEnv?: Readonly<Record<string, string>>;
  /** Put before the server's program, such as `unshare`. */
  readonly serverWrapper?: readonly string[];
  /** Put before the client's program, such as `unshare`. */
  readonly clientWrapper?: readonly string[];
}

const DEFAULT_MTU = 1400;

/** UDP port of the server, the original's default. */
export const SERVER_PORT = 2511;
/** The server's address in the tunnel, by default: the one after `addr`. */
export const SERVER_VIRTUAL_ADDRESS = "192.168.251.2";
/** The server's IPv6 address in the tunnel, by default: the one after `addr6`. */
export const SERVER_VIRTUAL_ADDRESS_6 = "fdc0:c0de:251::2";
/** The client's address in the tunnel, by default. */
export const CLIENT_VIRTUAL_ADDRESS = "192.168.251.1";

/** The config text of a tunnel to every container subnet of a network. */
export function defaultConfig(network: Network): string {
  const subnets = new Set(network.containers.map((container) => container.subnet));
  return [...subnets].map((subnet) => `route ${subnet}\n`).join("");
}

/** Starts a server in `mac` without waiting; its config file is the tunnel's own. */
export async function launchServer(
  network: Network,
  options: TunnelOptions = {},
): Promise<{ readonly configFile: string; readonly server: Daemon<ServerStatus> }> {
  const folder = options.stateFolder ?? network.folder;
  const id = crypto.randomUUID().slice(0, 4);
  const configFile = `${folder}/connector-${id}.conf`;
  await Deno.writeTextFile(configFile, options.config ?? defaultConfig(network));
  const mtu = ["--mtu", String(options.mtu ?? DEFAULT_MTU)];
  const server = new Daemon<ServerStatus>({
    namespace: network.mac,
    program: "docker-connector",
    ...options.programs === undefined ? {} : { programs: options.programs },
    args: ["run", "--config", configFile, "--host", "0.0.0.0", ...mtu, ...options.serverArgs ?? []],
    control: `${folder}/server-${id}.sock`,
    env: {
      DOCKER_HOST: `unix://${options.engineSocket ?? `${network.folder}/no-docker.sock`}`,
      ...options.serverEnv,
    },
    ...options.serverWrapper === undefined ? {} : { wrapper: options.serverWrapper },
  });
  return { configFile, server };
}

/** Server and client in their namespaces. Disposal stops both. */
export class Tunnel implements AsyncDisposable {
  private constructor(
    readonly network: Network,
    readonly configFile: string,
    readonly server: Daemon<ServerStatus>,
    readonly client: Daemon<ClientStatus>,
  ) {}

  /** Starts both programs, and waits until each has heard of the other. */
  static async start(network: Network, options: TunnelOptions = {}): Promise<Tunnel> {
    const tunnel = await Tunnel.launch(network, options);
    try {
      await tunnel.waitUp();
      return tunnel;
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      throw new Error(`The tunnel did not come up: ${error}\n${tunnel.transcript()}`);
    }
  }

  /** Starts both programs without waiting. */
  static async launch(network: Network, options: TunnelOptions = {}): Promise<Tunnel> {
    const { configFile, server } = await launchServer(network, options);
    const mtu = ["--mtu", String(options.mtu ?? DEFAULT_MTU)];
    const target = options.clientTarget ?? `${network.macAddress}:${SERVER_PORT}`;
    const [host = "", port = ""] = target.split(":");
    const named = target === "search" ? [] : ["--host", host, "--port", port];
    const heartbeat = ["--heartbeat", String(options.heartbeat ?? 500)];
    const client = new Daemon<ClientStatus>({
      namespace: network.vm,
      program: "docker-connector-client",
      ...options.programs === undefined ? {} : { programs: options.programs },
      args: ["run", ...named, ...mtu, ...heartbeat, ...options.clientArgs ?? []],
      control: `${network.folder}/client-${crypto.randomUUID().slice(0, 4)}.sock`,
      ...options.clientEnv === undefined ? {} : { env: options.clientEnv },
      ...options.clientWrapper === undefined ? {} : { wrapper: options.clientWrapper },
    });
    return new Tunnel(network, configFile, server, client);
  }

  /** Waits until the server has a client, the client hears the server, and an echo comes back. */
  async waitUp(deadline = 15_000): Promise<void> {
    await this.server.waitForStatus("the server has a client", (status) => status.client !== null, deadline);
    const heard = (status: ClientStatus) => typeof status.server.lastHeardSeconds === "number";
    await this.client.waitForStatus("the client hears the server", heard, deadline);
    await this.waitForEcho(deadline);
  }

  /** Waits until `mac` reaches the client's address through the tunnel. */
  async waitForEcho(deadline = 15_000): Promise<void> {
    const { mac } = this.network;
    await waitUntil("an echo comes through", () => reachable(mac, CLIENT_VIRTUAL_ADDRESS, 1), deadline);
  }

  /** Whether the other side's address answers, from both sides, within 2 s. */
  async works(): Promise<boolean> {
    const { mac, vm } = this.network;
    const answers = [reachable(mac, CLIENT_VIRTUAL_ADDRESS), reachable(vm, SERVER_VIRTUAL_ADDRESS)];
    return (await Promise.all(answers)).every((answered) => answered);
  }

  /** The last lines of both logs. */
  transcript(): string {
    return `  server:\n${this.server.transcript()}\n  client:\n${this.client.transcript()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.client[Symbol.asyncDispose](), this.server[Symbol.asyncDispose]()]);
  }
}
