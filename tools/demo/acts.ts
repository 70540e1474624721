/**
 * The demo itself: a Docker Engine in a machine that the desktop does not reach, a server that has nothing but that Engine,
 * and every step from there to the figures.
 *
 * @module
 */
import type { PathKind, PathPreference } from "../../core/path/path_kind.ts";
import { binary } from "../../tests/topology/daemon.ts";
import { CLIENT_CONTAINER, EngineScene } from "../../tests/topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../../tests/topology/engines.ts";
import { COMPILER_NEEDS, ENGINE_NEEDS, missing, TOPOLOGY_PACKAGES } from "../../tests/topology/gate.ts";
import { Namespace } from "../../tests/topology/namespace.ts";
import { type Link, Network } from "../../tests/topology/network.ts";
import { reachable } from "../../tests/topology/ping.ts";
import { withResolver } from "../../tests/topology/resolver.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../../tests/topology/tunnel.ts";
import { USER_SPACE_NEEDS } from "../../tests/topology/user_space_network.ts";
import { runOrThrow } from "../command.ts";
import { reasonToCompile, ROOT_FOLDER } from "../freshness.ts";
import { ensurePackages } from "../packages.ts";
import { type Container, draw, measure } from "./figures.ts";
import type { Narration } from "./narration.ts";

/** What stands on the wire between desktop and machine, on the path of the Engine and on that of datagrams. */
const ENGINE_WIRE = "the Engine's socket";
const UDP_WIRES: Readonly<Record<Link, string>> = { "user-space": "gVisor's network", veth: "UDP port 2511" };

/** The paths whose figures are shown. */
const SHOWN_PATHS = ["engine", "udp"] as const;

/** Debian packages that the demo runs. */
export const DEMO_PACKAGES: readonly string[] = [
  ...TOPOLOGY_PACKAGES,
  ...ENGINE_NEEDS.packages,
  ...COMPILER_NEEDS.packages,
];

async function build(narration: Narration): Promise<string> {
  const reason = await reasonToCompile();
  if (reason === undefined) return "up to date";
  narration.print("    compiling, which takes up to a minute");
  await runOrThrow([Deno.execPath(), "run", "-A", "tools/compile.ts"], { cwd: ROOT_FOLDER });
  return `compiled, because ${reason}`;
}

/** A network of its own for a container, made while the server runs. */
async function addNetwork(scene: EngineScene): Promise<string> {
  const start = performance.now();
  await scene.machine.engine.createNetwork("shop", "10.99.0.0/24");
  await scene.routeIs("10.99.0.0/24", "active");
  const routed = Math.round(performance.now() - start);
  await scene.machine.runPage("shop", "--network", "shop", "--ip", "10.99.0.5", "--cap-add", "NET_RAW");
  await scene.answers("10.99.0.5", "shop");
  return `10.99.0.0/24, routed after ${routed} ms; its container answers at 10.99.0.5`;
}

/** Fetches the page by the container's name, by a program whose resolver asks the server as the one of a Mac does. */
async function fetchByName({ mac, folder }: Network): Promise<string> {
  const file = `${folder}/resolv.conf`;
  await Deno.writeTextFile(file, `nameserver ${SERVER_VIRTUAL_ADDRESS}\n`);
  const url = "http://page.container.internal:8080/";
  const text = await withResolver(mac, file, ["busybox", "wget", "-q", "-O", "-", url]);
  if (text !== "page of page") throw new Error(`${url} is not fetched`);
  return `${url} is fetched`;
}

/** Docker keeps its networks apart; a line of the config file joins two. */
async function joinNetworks(scene: EngineScene, page: string): Promise<string> {
  if (await scene.reaches("shop", page)) throw new Error(`Docker lets shop reach ${page} by itself`);
  const line = `iptables ${page.replace(/\.\d+\.\d+$/, ".0.0")}+10.99.0.0`;
  const start = performance.now();
  await Deno.writeTextFile(scene.configFile, `${line}\n`, { append: true });
  await scene.pairIs("connected");
  const took = Math.round(performance.now() - start);
  if (!await scene.reaches("shop", page)) throw new Error(`shop does not reach ${page}`);
  return `"${line}": containers of both networks reach each other after ${took} ms`;
}

/** Waits until both paths work and the server has chosen the one that carries more over this link; its reason. */
async function chosenPath({ server }: EngineScene, expected: PathKind): Promise<string> {
  const { paths } = await server.waitForStatus(
    `the server chooses ${expected}`,
    ({ paths: { inUse, list } }) => {
      const areUp = SHOWN_PATHS.every((shown) =>
        list.some(({ kind, state }) => kind === shown && state !== "down")
      );
      return areUp && inUse === expected;
    },
  );
  return `"${expected}": ${paths.reason}`;
}

/** Writes the path into the config file, and waits until packets take the one that is named or chosen. */
async function setPath({ configFile, server }: EngineScene, path: PathPreference, used: PathKind) {
  const others = (await Deno.readTextFile(configFile)).replace(/^path .*\n/m, "");
  await Deno.writeTextFile(configFile, `${others}path ${path}\n`);
  await server.waitForStatus(`the path is ${path}`, ({ paths: { preference, inUse } }) => {
    return preference === path && inUse === used;
  });
}

async function restartEngine(scene: EngineScene, page: string): Promise<string> {
  const { engine } = scene.machine;
  await engine.stop();
  await scene.server.waitForStatus("the Engine is missed", ({ docker }) => docker.state === "connecting");
  await engine.start();
  const took = await scene.answers(page, "page");
  return `the page is there again ${took} ms after the Engine answers`;
}

async function play(narration: Narration, network: Network): Promise<void> {
  const { mac, vm, prefix } = network;
  await using scene = await narration.step("A Docker Engine runs in the machine", async () => {
    const made = await EngineScene.prepare(network, DEFAULT_ENGINE);
    return [made, `version ${made.machine.engine.version}, in ${prefix}-vm`];
  });
  const { engine } = scene.machine;
  const page = await narration.step("A container serves a page, no port of it is published", async () => {
    const address = await scene.machine.runPage("page", "--restart", "always");
    return [address, `http://${address}:8080/ by busybox httpd`];
  });
  await narration.tell("The desktop cannot reach it", async () => {
    if (await reachable(mac, page, 1)) throw new Error(`${page} answers without a tunnel`);
    return `${prefix}-mac has no route to ${page}`;
  });
  await narration.tell("docker-connector starts, with nothing but the Engine's socket", async () => {
    const start = performance.now();
    await scene.startServer();
    const took = await scene.answers(page, "page", start);
    return `it runs the container ${CLIENT_CONTAINER} and fetches "page of page" after ${took} ms`;
  });
  const container: Container = {
    namespace: await Namespace.attach(`${prefix}-page`, await scene.docker("inspect -f {{.State.Pid}} page")),
    address: page,
  };
  await narration.tell("The same page by its name", () => fetchByName(network));
  await narration.tell("A network is added in Docker", () => addNetwork(scene));
  await narration.tell("A line is added to the config file", () => joinNetworks(scene, page));
  const chosen: PathKind = network.link === "user-space" ? "engine" : "udp";
  await narration.tell("The server has chosen the path of the packets", () => chosenPath(scene, chosen));
  for (const path of SHOWN_PATHS) {
    await narration.tell(`With "path ${path}" in the config file`, async () => {
      await setPath(scene, path, path);
      return await measure(mac, container);
    });
  }
  await setPath(scene, "auto", chosen);
  const wire = chosen === "engine" ? ENGINE_WIRE : UDP_WIRES[network.link];
  narration.print(`\n${await draw(mac, vm, container, wire)}\n`);
  await narration.tell("The Engine is stopped and started again", () => restartEngine(scene, page));
  await narration.tell("docker-connector is asked to stop, then to clean up", async () => {
    const { code } = await scene.server.stop();
    if (code !== 0) throw new Error(`exit ${code}`);
    const { control, env = {} } = scene.server.settings;
    const cleanup = [
      binary("docker-connector"),
      "cleanup",
      "--control",
      control,
      "--config",
      scene.configFile,
    ];
    const cleaned = await mac.run(cleanup, { env });
    if (cleaned.code !== 0) throw new Error(cleaned.stderr);
    const containers = await engine.docker("ps", "--all", "--quiet", "--filter", `name=${CLIENT_CONTAINER}`);
    const links = await mac.ip("-o", "link");
    if (links.includes("connector0") || containers !== "") throw new Error("something of it is left");
    return "its interface, routes and container are gone";
  });
}

/**
 * Plays the demo and removes what it made, also after a failure.
 *
 * @throws OperationError that names the step that failed
 */
export async function demonstrate(narration: Narration): Promise<void> {
  await narration.tell("Programs the demo needs are there", async () => {
    await ensurePackages(DEMO_PACKAGES);
    return DEMO_PACKAGES.join(", ");
  });
  await narration.tell("The binaries are built", () => build(narration));
  const link: Link = missing(USER_SPACE_NEEDS) === undefined ? "user-space" : "veth";
  const network = await narration.step("A desktop and a virtual machine are laid out", async () => {
    const made = await Network.create({ containers: [], link });
    const joined = link === "user-space"
      ? "joined by gVisor's network in user space, as with Docker Desktop"
      : "joined by a veth pair";
    return [made, `network namespaces ${made.prefix}-mac and -vm, ${joined}`];
  });
  try {
    await play(narration, network);
  } finally {
    await narration.tell("Everything is removed again", async () => {
      await network[Symbol.asyncDispose]();
      return "namespaces, processes and files";
    });
  }
}
