/**
 * A server that keeps the client container on a machine with a container that serves a page.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ServerStatus } from "./control_socket.ts";
import type { Daemon } from "./daemon.ts";
import { DockerMachine } from "./docker_machine.ts";
import type { Backend } from "./docker_rules.ts";
import { ENGINE_NEEDS } from "./gate.ts";
import type { Network } from "./network.ts";
import { launchServer } from "./tunnel.ts";
import { networkTest } from "./tunnel_test_case.ts";
import { waitUntil } from "./wait.ts";
import { fetchPage } from "./web.ts";

/** The client container's name. */
export const CLIENT_CONTAINER = "mac-connector";
/** From a loss to the next page, in milliseconds. */
export const REPAIR_LIMIT = 5_000;
/** The tar beside the server's program is its image. */
export const MANAGED = { config: "", serverEnv: { DOCKER_CONNECTOR_IMAGE: "" } };

/** A machine with a container that serves a page, and a server that keeps the client there. */
export class ClientScene {
  /** What took how long, for the test's output. */
  readonly times: string[] = [];

  constructor(
    readonly network: Network,
    readonly machine: DockerMachine,
    readonly page: string,
    readonly server: Daemon<ServerStatus>,
    readonly configFile: string,
  ) {}

  /** Runs the docker command with words that are set apart by blanks. */
  async docker(line: string): Promise<string> {
    return (await this.machine.engine.docker(...line.split(" "))).trim();
  }

  /** The kept container's id. */
  async id(): Promise<string> {
    return await this.docker(`container inspect --format {{.Id}} ${CLIENT_CONTAINER}`);
  }

  /** When the Engine had loaded the last image, by its own word, in milliseconds since 1970. */
  async loadedAt(): Promise<number> {
    const times = await this.docker(
      `events --since 0 --until ${Date.now() / 1000} --filter event=load --format {{.TimeNano}}`,
    );
    const last = times.split("\n").at(-1) ?? "";
    assert.match(last, /^\d+$/, "an image was loaded");
    return Number(last) / 1e6;
  }

  /** A value of the kept container's environment. */
  async environment(name: string): Promise<string | undefined> {
    const [{ Config: { Env: values } }] = JSON.parse(
      await this.docker(`container inspect ${CLIENT_CONTAINER}`),
    );
    const lines: readonly string[] = values;
    return lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** Waits until the page comes from the container's own address; the milliseconds since `from`. */
  async pageComes(what: string, from = performance.now()): Promise<number> {
    await waitUntil(`${what}: the page comes`, async () => {
      const text = await fetchPage(this.network.mac, this.page).catch(() => "");
      return text === "page of page";
    }, 12_000);
    const took = Math.round(performance.now() - from);
    this.times.push(`${what}: ${took} ms`);
    return took;
  }

  /** Waits until the kept container runs, and is another than before where that is given. */
  async containerIs(state: string, before?: string): Promise<void> {
    await waitUntil(`the client container is ${state}`, async () => {
      const [status, id] = (await this.docker(
        `container inspect --format {{.State.Status}}|{{.Id}} ${CLIENT_CONTAINER}`,
      ).catch(() => "|")).split("|");
      return status === state && id !== before;
    });
  }

  /** What a failure shows. */
  async transcript(): Promise<string> {
    const logs = await this.docker(`logs --tail 30 ${CLIENT_CONTAINER}`).catch(String);
    return `  server:\n${this.server.transcript()}\n  client:\n${logs}\n  ${this.times.join("\n  ")}`;
  }
}

/** How a scene differs from the plain one. */
interface SceneOptions {
  /** Whether the Engine has the client's image beforehand. */
  readonly hasImage: boolean;
  /** Arguments of the server. */
  readonly serverArgs?: readonly string[];
  /** The config file's text. */
  readonly config?: string;
  /** Files that the Engine sees instead of its machine's own. */
  readonly files?: Readonly<Record<string, string>>;
  /** The iptables of the Engine. */
  readonly backend?: Backend;
  /** Runs before the server starts. */
  readonly prepare?: (docker: (line: string) => Promise<string>) => Promise<unknown>;
}

/** Registers a test with a scene; both logs are in a failure's message. */
export function clientSceneTest(
  name: string,
  options: SceneOptions,
  body: (
    scene: ClientScene,
    step: (name: string, run: () => Promise<void>) => Promise<void>,
  ) => Promise<void>,
): void {
  networkTest(name, { containers: [] }, async (network, t) => {
    await using machine = await DockerMachine.start(network, options.backend, {
      hasOwnContainerd: true,
      ...options.files === undefined ? {} : { files: options.files },
    });
    const page = await machine.runPage("page");
    if (!options.hasImage) await machine.engine.docker("system", "prune", "--all", "--force");
    await options.prepare?.((line) => machine.engine.docker(...line.split(" ")));
    const engineSocket = machine.engine.socket;
    const { server, configFile } = await launchServer(network, { ...MANAGED, ...options, engineSocket });
    await using scene = new AsyncDisposableStack();
    const made = new ClientScene(network, machine, page, server, configFile);
    scene.defer(async () => void await made.server.stop());
    const step = async (title: string, run: () => Promise<void>) => {
      await t.step(title, async () => {
        try {
          await run();
        } catch (error) {
          if (error instanceof Error) error.message += `\n${await made.transcript()}`;
          throw error;
        }
      });
    };
    await body(made, step);
    console.log(made.times.map((line) => `  ${line}`).join("\n"));
  }, ENGINE_NEEDS);
}

/** The lines of the server's log that match. */
export function logged({ server }: ClientScene, pattern: RegExp): string[] {
  return server.process.stderr.lines.filter((line) => pattern.test(line));
}
