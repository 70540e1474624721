/**
 * The virtual machine of Docker on a desktop: an Engine in `vm` that has the client's image, and a name server that knows
 * the desktop.
 *
 * @module
 */
import { loadClientImage } from "./client_image.ts";
import { DockerEngine, type EngineOptions } from "./docker_engine.ts";
import type { Backend } from "./docker_rules.ts";
import { resolverFile, serveDesktopName } from "./name_server.ts";
import type { Network } from "./network.ts";
import { runPageContainer } from "./page_container.ts";
import type { Process } from "./process.ts";

/** Engine and name server. Disposal stops both. */
export class DockerMachine implements AsyncDisposable {
  private constructor(
    readonly network: Network,
    readonly engine: DockerEngine,
    readonly nameServer: Process,
  ) {}

  /**
   * Starts it and loads the image.
   *
   * @param network best without containers: the Engine makes its own
   * @param backend the iptables that the Engine uses
   * @param options how the Engine differs otherwise
   */
  static async start(
    network: Network,
    backend: Backend = "nft",
    options: EngineOptions = {},
  ): Promise<DockerMachine> {
    await using starting = new AsyncDisposableStack();
    const nameServer = starting.use(await serveDesktopName(network));
    const files = { ...options.files, "/etc/resolv.conf": resolverFile(network) };
    const engine = starting.use(new DockerEngine(network, { ...options, files, backend }));
    await engine.start();
    await loadClientImage(engine);
    starting.move();
    return new DockerMachine(network, engine, nameServer);
  }

  /**
   * Runs a container that serves the text `page of NAME` on TCP port 8080.
   *
   * @param options of `docker run`, such as `--network`
   * @returns its address in its only network
   */
  async runPage(name: string, ...options: string[]): Promise<string> {
    return await runPageContainer(this.engine, this.network.folder, name, ...options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await this.nameServer[Symbol.asyncDispose]();
  }
}
