/**
 * An Engine whose networks a server follows, and whose client container that server keeps.
 *
 * @module
 */
import type { ServerStatus } from "./control_socket.ts";
import type { Daemon } from "./daemon.ts";
import { DockerMachine } from "./docker_machine.ts";
import type { EngineKind } from "./engines.ts";
import type { Network } from "./network.ts";
import { launchServer } from "./tunnel.ts";
import { waitUntil } from "./wait.ts";
import { fetchPage } from "./web.ts";

/** The tar beside the server's program is its image. */
const MANAGED = { config: "", serverEnv: { DOCKER_CONNECTOR_IMAGE: "" } };

/** The kept container's name. */
export const CLIENT_CONTAINER = "mac-connector";

/** Engine and server. Disposal stops both. */
export class EngineScene implements AsyncDisposable {
  /** What took how long, for the test's output. */
  readonly times: string[] = [];

  private constructor(
    readonly network: Network,
    readonly machine: DockerMachine,
    readonly server: Daemon<ServerStatus>,
    readonly configFile: string,
  ) {}

  /** Starts both; the server goes on from there by itself. */
  static async start(network: Network, kind: EngineKind): Promise<EngineScene> {
    await using starting = new AsyncDisposableStack();
    // A killed dockerd leaves the containers running, as where containerd is a service of its own.
    const machine = starting.use(await DockerMachine.start(network, "nft", { kind, hasOwnContainerd: true }));
    const engineSocket = machine.engine.socket;
    const { server, configFile } = await launchServer(network, { ...MANAGED, engineSocket });
    starting.move();
    return new EngineScene(network, machine, server, configFile);
  }

  /** Runs the docker command with words that are set apart by blanks. */
  async docker(line: string): Promise<string> {
    return (await this.machine.engine.docker(...line.split(" "))).trim();
  }

  /** Waits until a container's page comes to the desktop; the milliseconds since `from`. */
  async answers(address: string, name: string, from = performance.now(), deadline = 15_000): Promise<number> {
    await waitUntil(`${name} answers at ${address}`, async () => {
      return await fetchPage(this.network.mac, address).catch(() => "") === `page of ${name}`;
    }, deadline);
    return Math.round(performance.now() - from);
  }

  /** Waits until the server shows a route to the prefix, or none. */
  async routeIs(prefix: string, state: "active" | undefined, deadline?: number): Promise<void> {
    const isSo = ({ routes }: ServerStatus) =>
      routes.find((route) => route.prefix === prefix)?.state === state;
    await this.server.waitForStatus(`the route to ${prefix} is ${state ?? "gone"}`, isSo, deadline);
  }

  /** Waits until the client's log has a line that matches. */
  async clientSays(pattern: RegExp): Promise<void> {
    const { engine } = this.machine;
    await waitUntil(
      `the client says ${pattern}`,
      async () => pattern.test(await engine.logs(CLIENT_CONTAINER)),
    );
  }

  /** Whether an address answers a container within a second. */
  async reaches(container: string, address: string): Promise<boolean> {
    const ping = ["/busybox", "ping", "-c", "1", "-W", "1", address];
    return await this.machine.engine.docker("exec", container, ...ping).then(() => true, () => false);
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
    await this.server[Symbol.asyncDispose]();
    await this.machine[Symbol.asyncDispose]();
  }
}
