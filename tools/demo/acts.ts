/**
 * The demo itself: every step from an empty network to the figures.
 *
 * @module
 */
import { TOPOLOGY_PACKAGES } from "../../tests/topology/gate.ts";
import { throughput } from "../../tests/topology/iperf.ts";
import type { Namespace } from "../../tests/topology/namespace.ts";
import { Network } from "../../tests/topology/network.ts";
import { ping, reachable } from "../../tests/topology/ping.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../../tests/topology/tunnel.ts";
import { fetchPage, servePage } from "../../tests/topology/web.ts";
import { OperationError } from "../../core/error.ts";
import { runOrThrow } from "../command.ts";
import { reasonToCompile, ROOT_FOLDER } from "../freshness.ts";
import { ensurePackages } from "../packages.ts";
import { drawBoxes } from "./drawing.ts";

const PAGE = "Hello from a container that has no port published.";

/** The demo's story: one numbered line for each step, and the step's name in the fault when one fails. */
export class Narration {
  #count = 0;

  constructor(readonly print: (line: string) => void) {}

  /**
   * Takes a step.
   *
   * @param name what it does, as a statement
   * @param action returns its result and the words to show for it
   * @throws OperationError that names the step when the action throws
   */
  async step<T>(name: string, action: () => Promise<readonly [T, string]>): Promise<T> {
    const number = ++this.#count;
    try {
      const [result, words] = await action();
      this.print(`${String(number).padStart(2)}. ${name}${words === "" ? "" : `: ${words}`}`);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof OperationError ? error.report : message;
      throw new OperationError("failure", `Step ${number} failed, ${name}: ${reason}`, "", { cause: error });
    }
  }
}

async function build(narration: Narration): Promise<readonly [void, string]> {
  const reason = await reasonToCompile();
  if (reason === undefined) return [undefined, "up to date"];
  narration.print("    compiling, which takes up to a minute");
  await runOrThrow([Deno.execPath(), "run", "-A", "tools/compile.ts"], { cwd: ROOT_FOLDER });
  return [undefined, `compiled, because ${reason}`];
}

/** Interfaces with their IPv4 addresses, `lo` left out. */
async function addresses(namespace: Namespace): Promise<string[]> {
  const text = await namespace.ip("-4", "-o", "addr");
  const found = [...text.matchAll(/^\d+: (\S+)\s+inet (\S+)/gm)];
  return found.filter(([, name]) => name !== "lo").map(([, name, address]) => `${name} ${address}`);
}

async function draw(network: Network): Promise<string> {
  const [mac, vm, container] = await Promise.all(
    [network.mac, network.vm, network.container().namespace].map(addresses),
  );
  const pick = (rows: string[] = [], name: string) => rows.find((row) => row.startsWith(name)) ?? "";
  return drawBoxes([
    {
      title: "mac: the desktop",
      rows: [pick(mac, "connector0"), "", pick(mac, "eth0")],
      wire: { row: 2, label: "UDP port 2511" },
      caption: "docker-connector",
    },
    {
      title: "vm: the virtual machine",
      rows: [pick(vm, "connector0"), "", pick(vm, "eth0"), "", pick(vm, "br0")],
      wire: { row: 4, label: "bridge" },
      caption: "docker-connector-client",
    },
    {
      title: "the container",
      rows: ["", "", "", "", pick(container, "eth0")],
      caption: "busybox httpd, port 8080",
    },
  ]);
}

async function roundTrips(from: Namespace, address: string): Promise<readonly [void, string]> {
  const { received, times, text } = await ping(from, address, { count: 10 });
  if (received !== 10) throw new Error(`${received} of 10 came back\n${text}`);
  const sorted = times.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const median = ((sorted[4] ?? 0) + (sorted[5] ?? 0)) / 2;
  return [
    undefined,
    `10 of 10, ${least.toFixed(2)} / ${median.toFixed(2)} / ${most.toFixed(2)} ms (min/median/max)`,
  ];
}

async function measure(network: Network): Promise<readonly [void, string]> {
  const { namespace, address } = network.container();
  const seconds = 3;
  const up = await throughput({ from: network.mac, to: namespace, address, seconds });
  const down = await throughput({
    from: namespace,
    to: network.mac,
    address: SERVER_VIRTUAL_ADDRESS,
    seconds,
  });
  const gigabits = (bits: number) => `${(bits / 1e9).toFixed(2)} Gbit/s`;
  return [undefined, `${gigabits(up)} to the container, ${gigabits(down)} from it`];
}

/** Appends the route while the server runs, and waits until the container answers. */
async function addRoute(network: Network, tunnel: Tunnel): Promise<readonly [void, string]> {
  const { address, subnet } = network.container();
  const start = performance.now();
  await Deno.writeTextFile(tunnel.configFile, `route ${subnet}\n`, { append: true });
  await tunnel.server.waitForStatus(
    "the server has the route",
    ({ routes }) => routes.some(({ prefix }) => prefix === subnet),
  );
  const took = Math.round(performance.now() - start);
  if (!await reachable(network.mac, address)) throw new Error(`${address} does not answer`);
  return [undefined, `"route ${subnet}", active after ${took} ms`];
}

async function play(narration: Narration, network: Network): Promise<void> {
  const { mac, vm, folder, prefix } = network;
  const { namespace, address } = network.container();
  await using _web = await narration.step(
    "The container serves a page",
    async () => [await servePage(namespace, folder, PAGE), `http://${address}:8080/ by busybox httpd`],
  );
  await narration.step("The desktop cannot reach it", async () => {
    if (await reachable(mac, address, 1)) throw new Error(`${address} answers without a tunnel`);
    return [undefined, `${prefix}-mac has no route to ${address}`];
  });
  await using tunnel = await narration.step("Server and client start", async () => {
    const started = await Tunnel.start(network, { config: "# routes of the demo\n" });
    const status = await started.server.status();
    const endpoint = status?.client?.endpoint ?? "?";
    return [started, `docker-connector in mac hears docker-connector-client in vm from ${endpoint}`];
  });
  try {
    await narration.step(
      "A line is added to the running server's config file",
      () => addRoute(network, tunnel),
    );
    await narration.step("The desktop fetches the page by the container's address", async () => {
      const page = await fetchPage(mac, address);
      if (page !== PAGE) throw new Error(`the page reads ${page}`);
      return [undefined, `"${page}"`];
    });
    await narration.step("Round trips, desktop to container", () => roundTrips(mac, address));
    await narration.step(
      "Round trips, container to desktop",
      () => roundTrips(namespace, SERVER_VIRTUAL_ADDRESS),
    );
    await narration.step("Throughput, one TCP stream of 3 s each way", () => measure(network));
    narration.print(`\n${await draw(network)}\n`);
    await narration.step("Server and client are asked to stop", async () => {
      const [server, client] = await Promise.all([tunnel.server.stop(), tunnel.client.stop()]);
      if (server.code !== 0 || client.code !== 0) throw new Error(`exit ${server.code} and ${client.code}`);
      const left = `${await mac.ip("-o", "link")}${await vm.ip("-o", "link")}`;
      if (left.includes("connector0")) throw new Error("an interface is left");
      return [undefined, "both exit 0, their interfaces and routes are gone"];
    });
  } catch (error) {
    narration.print(tunnel.transcript());
    throw error;
  }
}

/**
 * Plays the demo and removes what it made, also after a failure.
 *
 * @throws OperationError that names the step that failed
 */
export async function demonstrate(narration: Narration): Promise<void> {
  await narration.step("Programs the demo needs are there", async () => {
    await ensurePackages(TOPOLOGY_PACKAGES);
    return [undefined, TOPOLOGY_PACKAGES.join(", ")];
  });
  await narration.step("The binaries are built", () => build(narration));
  const network = await narration.step(
    "A desktop, a virtual machine and a container are laid out",
    async () => {
      const made = await Network.create();
      return [made, `network namespaces ${made.prefix}-mac, -vm, -ctr0`];
    },
  );
  try {
    await play(narration, network);
  } finally {
    await narration.step("Everything is removed again", async () => {
      await network[Symbol.asyncDispose]();
      return [undefined, "namespaces, processes and files"];
    });
  }
}
