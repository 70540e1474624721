/**
 * An Engine whose networks a server follows, and whose client container that server keeps.
 *
 * @module
 */
import { type ClientStatus, readStatus, type ServerStatus } from "./control_socket.ts";
import type { Daemon } from "./daemon.ts";
import { DockerMachine } from "./docker_machine.ts";
import type { EngineKind } from "./engines.ts";
import type { Network } from "./network.ts";
import { mustRun } from "./process.ts";
import { launchServer, type TunnelOptions } from "./tunnel.ts";
import { waitUntil } from "./wait.ts";
import { fetchPage } from "./web.ts";

/** The tar beside the server's program is its image. */
const MANAGED = { config: "", serverEnv: { DOCKER_CONNECTOR_IMAGE: "" } };

/** The kept container's name. */
export const CLIENT_CONTAINER = "mac-connector";

/** Where the client in the image has its control socket. */
const CLIENT_SOCKET = "/run/docker-connector-client.sock";

/**
 * Milliseconds of the first attempt to get a page, and what each further one has more, for a machine that is busy. A lost SYN is
 * sent again after a second, which would hide what came before.
 */
const ATTEMPT_MS = 300;
const MORE_MS = 100;

/** Engine and server. Disposal stops both. */
export class EngineScene implements AsyncDisposable {
  /** What took how long, for the test's output. */
  readonly times: string[] = [];

  #launched: { readonly server: Daemon<ServerStatus>; readonly configFile: string } | undefined;

  private constructor(readonly network: Network, readonly machine: DockerMachine) {}

  /** Starts the Engine. */
  static async prepare(network: Network, kind: EngineKind): Promise<EngineScene> {
    // A killed dockerd leaves the containers running, as where containerd is a service of its own.
    return new EngineScene(
      network,
      await DockerMachine.start(network, "nft", { kind, hasOwnContainerd: true }),
    );
  }

  /**
   * Starts both; the server goes on from there by itself.
   *
   * @param config the text of its config file
   */
  static async start(network: Network, kind: EngineKind, config = ""): Promise<EngineScene> {
    const scene = await EngineScene.prepare(network, kind);
    await scene.startServer({ config });
    return scene;
  }

  /**
   * Starts the server.
   *
   * @param options how it differs from one with an empty config file
   */
  async startServer(
    options: Pick<
      TunnelOptions,
      "config" | "serverArgs" | "serverEnv" | "serverWrapper" | "programs" | "stateFolder"
    > = {},
  ): Promise<void> {
    this.#launched = await launchServer(this.network, {
      ...MANAGED,
      ...options,
      serverEnv: { ...MANAGED.serverEnv, ...options.serverEnv },
      engineSocket: this.machine.engine.socket,
    });
  }

  /** The server, once it was started. */
  get server(): Daemon<ServerStatus> {
    return this.#server.server;
  }

  /** Path of its config file. */
  get configFile(): string {
    return this.#server.configFile;
  }

  /** Runs the docker command with words that are set apart by blanks. */
  async docker(line: string): Promise<string> {
    return (await this.machine.engine.docker(...line.split(" "))).trim();
  }

  /** Waits until a container's page comes to the desktop; the milliseconds since `from`. */
  async answers(address: string, name: string, from = performance.now(), deadline = 15_000): Promise<number> {
    let attemptMs = ATTEMPT_MS;
    await waitUntil(`${name} answers at ${address}`, async () => {
      const page = await fetchPage(this.network.mac, address, undefined, attemptMs).catch(() => "");
      attemptMs += MORE_MS;
      return page === `page of ${name}`;
    }, deadline);
    return Math.round(performance.now() - from);
  }

  /** Waits until the server shows a route to the prefix, or none. */
  async routeIs(prefix: string, state: "active" | undefined, deadline?: number): Promise<void> {
    const isSo = ({ routes }: ServerStatus) =>
      routes.find((route) => route.prefix === prefix)?.state === state;
    await this.server.waitForStatus(`the route to ${prefix} is ${state ?? "gone"}`, isSo, deadline);
  }

  /** Waits until packets take this path; the milliseconds since `from`. */
  async uses(
    path: ServerStatus["paths"]["inUse"],
    from = performance.now(),
    deadline?: number,
  ): Promise<number> {
    await this.server.waitForStatus(`packets go by ${path}`, ({ paths }) => paths.inUse === path, deadline);
    return Math.round(performance.now() - from);
  }

  /** Waits until the client shows its only pair of networks in that state. */
  async pairIs(state: "connected" | "waiting"): Promise<void> {
    await waitUntil(`the pair is ${state}`, async () => {
      const status = await this.clientStatus();
      return status?.firewall.pairs.map((pair) => pair.state).join() === state;
    });
  }

  /** Whether an address answers a container within a second. */
  async reaches(container: string, address: string): Promise<boolean> {
    const ping = ["/busybox", "ping", "-c", "1", "-W", "1", address];
    const text = await this.machine.engine.docker("exec", container, ...ping).catch(String);
    const [, received] = /, ([01]) packets received/.exec(text) ?? [];
    if (received === undefined) throw new Error(`Cannot ping from container ${container}: ${text}`);
    return received === "1";
  }

  /** Adds the logs of both programs to the message of an error that the body throws. */
  async withTranscript(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      const logs = await this.machine.engine.logs(CLIENT_CONTAINER).catch(String);
      if (error instanceof Error) {
        error.message += `\n  server:\n${this.server.transcript()}\n  client:\n${logs}\n  ${
          this.times.join("\n  ")
        }`;
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launched?.server[Symbol.asyncDispose]();
    await this.machine[Symbol.asyncDispose]();
  }

  get #server() {
    if (this.#launched === undefined) throw new RangeError("The server of the scene is not started");
    return this.#launched;
  }

  /** The status of the client in its container; undefined while it does not answer. */
  async clientStatus(): Promise<ClientStatus | undefined> {
    return await readStatus<ClientStatus>(await this.#clientSocket());
  }

  /** Path of the client's control socket, in the container's root folder, whatever program the client is there. */
  async #clientSocket(): Promise<string> {
    const pids = await mustRun(["ip", "netns", "pids", this.network.vm.name]);
    for (const pid of pids.split("\n")) {
      const path = `/proc/${pid}/root${CLIENT_SOCKET}`;
      if (pid !== "" && await Deno.lstat(path).then(() => true, () => false)) return path;
    }
    throw new Error("Cannot find the client's process: it does not run");
  }
}
