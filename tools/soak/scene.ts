/**
 * What is soaked: a Docker Engine with the client that the server keeps, the server, and the accessor of a teammate; desktop and
 * machine reach each other by all three paths.
 *
 * @module
 */
import { startAccessor } from "../../tests/topology/accessor.ts";
import type { AccessorStatus } from "../../tests/topology/control_socket.ts";
import { binary, type Daemon } from "../../tests/topology/daemon.ts";
import { EngineScene } from "../../tests/topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../../tests/topology/engines.ts";
import { Namespace } from "../../tests/topology/namespace.ts";
import { Network } from "../../tests/topology/network.ts";
import { run } from "../../tests/topology/process.ts";
import { SHARED } from "../../tests/topology/shared_tunnel.ts";
import { ANNA } from "../../tests/topology/shared_tunnel.ts";
import { snapshot } from "../../tests/topology/snapshot.ts";
import type { PathPreference } from "../../core/path/path_kind.ts";

/** The network of the Engine's own bridge, which is shared. */
const SHARED_NETWORK = "172.17.0.0/16";
/** Routes that come and go with the configurations. */
const CONFIGURED_ROUTES = 8;
/** Milliseconds in which all keys are derived and the first packets have gone. */
const START_LIMIT = 60_000;

/** The text of a configuration; its number changes a route. */
function configText(path: PathPreference, number: number): string {
  const lines = [
    `path ${path}`,
    `route ${SHARED_NETWORK} expose`,
    `route 10.98.${number % CONFIGURED_ROUTES}.0/24`,
    "dns container.internal",
  ];
  return `${lines.join("\n")}\n${SHARED.expose}${SHARED.anna}${SHARED.bert}`;
}

/** The running programs. Disposal ends them and all that is around them. */
export class SoakScene implements AsyncDisposable {
  #configurations = 0;

  private constructor(
    readonly network: Network,
    readonly engine: EngineScene,
    /** The state of the namespaces before the programs were there. */
    readonly before: readonly string[],
    /** The container that is always there, and its address. */
    readonly container: Namespace,
    readonly address: string,
    readonly anna: Daemon<AccessorStatus>,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(): Promise<SoakScene> {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(await Network.create({ containers: [], link: "veth", direct: true, lans: 2 }));
    const engine = stack.use(await EngineScene.prepare(network, DEFAULT_ENGINE));
    const address = await engine.machine.runPage("page");
    const pid = await engine.docker("inspect --format {{.State.Pid}} page");
    const container = await Namespace.attach(`${network.prefix}-page`, pid);
    const before = await stateOf(network, engine);
    await engine.startServer({ config: configText("auto", 0) });
    await engine.answers(address, "page", undefined, START_LIMIT);
    await engine.server.waitForStatus(
      "the tokens are ready",
      ({ sharing }) => sharing !== null && sharing.cipher !== null && sharing.deriving === 0,
      START_LIMIT,
    );
    const anna = stack.use(await startAccessor({ network, lan: network.lan(0), token: ANNA.token }));
    return new SoakScene(network, engine, before, container, address, anna, stack.move());
  }

  /** Writes the next configuration, with this path. */
  async configure(path: PathPreference): Promise<void> {
    const text = configText(path, ++this.#configurations);
    await Deno.writeTextFile(this.engine.configFile, text);
    const route = `10.98.${this.#configurations % CONFIGURED_ROUTES}.0/24`;
    await this.engine.server.waitForStatus(
      `the route to ${route} is active`,
      ({ routes, config }) => config.faults.length === 0 && routes.some(({ prefix }) => prefix === route),
      15_000,
    );
  }

  /**
   * Stops accessor and server, has the server's traces removed, and compares all namespaces with what they were before.
   *
   * @returns what differs, as lines; none where all is as before
   */
  async stop(): Promise<string[]> {
    const left: string[] = [];
    for (const daemon of [this.anna, this.engine.server]) {
      const { code, signal } = await daemon.stop();
      if (code !== 0 || signal !== null) left.push(`${daemon.settings.program} ended with ${signal ?? code}`);
    }
    const argv = [binary("docker-connector"), "cleanup"];
    const { code, stderr } = await this.network.mac.run(argv, {
      env: { DOCKER_HOST: `unix://${this.engine.machine.engine.socket}` },
    });
    if (code !== 0) left.push(`cleanup ended with ${code}: ${stderr}`);
    const after = await stateOf(this.network, this.engine);
    for (const [index, state] of after.entries()) {
      const [was, is] = [this.before[index] ?? "", state].map((text) => new Set(text.split("\n")));
      for (const line of is.difference(was)) left.push(`there now: ${line}`);
      for (const line of was.difference(is)) left.push(`gone: ${line}`);
    }
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** Links, addresses, routes and rules of the namespaces, the machine's firewall and containers, and the sockets of the programs. */
async function stateOf(network: Network, { machine }: EngineScene): Promise<string[]> {
  const { mac, vm, lans, folder } = network;
  const namespaces = [mac, vm, ...lans.map(({ namespace }) => namespace)];
  const states = await Promise.all(namespaces.map((namespace) => snapshot(namespace)));
  const rules: string[] = [];
  for (const program of ["iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save"]) {
    const { stdout } = await vm.run([program]);
    // The date is in the comments, and chains have counters.
    rules.push(
      ...stdout.split("\n").map((line) => line.replace(/\[\d+:\d+\]/, "")).filter((line) =>
        /^[-*:]/.test(line)
      ),
    );
  }
  const names = ["container", "ls", "--all", "--format", "{{.Names}} {{.State}}"];
  const containers = await machine.engine.docker(...names);
  const sockets = Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => /^(?:server|accessor|client)-.*\.sock/.test(name));
  const resolver = (await run(["cat", "/etc/resolv.conf"])).stdout;
  return [...states.map(steady), rules.join("\n"), containers, sockets.sort().join("\n"), resolver];
}

/** Without what the kernel counts or what the Engine's containers change by themselves. */
function steady(state: string): string {
  return state.split("\n").map((line) => line.replace(/ (?:expires|age) \d+\w*/g, "")).join("\n");
}
