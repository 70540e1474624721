/**
 * What faults are made in: a server on a desktop, a Docker machine whose Engine runs the client and a container that answers,
 * and a teammate's machine with the accessor.
 *
 * @module
 */
import assert from "node:assert/strict";
import { startAccessor } from "../topology/accessor.ts";
import type { AccessorStatus, CommonStatus } from "../topology/control_socket.ts";
import { binary, type Daemon } from "../topology/daemon.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { CLOCK_NEEDS, ProgramClock } from "../topology/machine_stop.ts";
import { moveDesktopName } from "../topology/name_server.ts";
import { Namespace } from "../topology/namespace.ts";
import { type Lan, Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { mustRun } from "../topology/process.ts";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import { snapshot } from "../topology/snapshot.ts";
import { waitUntil, withDeadline } from "../topology/wait.ts";
import { makeClockedImage } from "./clocked_image.ts";
import type { ContainerMemory } from "./container_memory.ts";
import type { NoDescriptors } from "./descriptors.ts";
import { StateDisk } from "./state_disk.ts";

/** The path by which all packets go. */
export type LabPath = "udp" | "engine";

/** What a lab can have besides. */
export interface LabTraits {
  /** Whether the clocks of the programs can be set, and server and accessor have small file systems for state and log. */
  readonly hasClocksAndDisks?: boolean;
}

/** The file systems of a program: its config file and control socket are on one, its log is on the other. */
export interface ProgramDisks {
  readonly state: StateDisk;
  readonly log: StateDisk;
}

/** The network that is shared, and its container. */
export const CONTAINER_NETWORK = { name: "web", subnet: "10.99.0.0/24", address: "10.99.0.5" } as const;
/** Further addresses of the link's two ends: for a desktop that moves, and for a Docker machine that does. */
const OTHER = { desktop: { mac: "10.77.1.1", vm: "10.77.1.2" }, machine: "10.77.2.2" } as const;
/** Milliseconds in which everything has to be up, and no fault is shown: interfaces are looked at every 30 s. */
const UP_LIMIT = 60_000;
/** Milliseconds in which a program that runs tells its status. */
const STATUS_LIMIT = 1_000;
/** Needs of labs. */
export const LAB_NEEDS = {
  ...DEFAULT_ENGINE.needs,
  programs: [...DEFAULT_ENGINE.needs.programs, ...CLOCK_NEEDS.programs],
  packages: [...DEFAULT_ENGINE.needs.packages, ...CLOCK_NEEDS.packages],
};

/** The running lab. Disposal takes all of it away. */
export class Lab implements AsyncDisposable {
  /** What a cell has made of this lab and has to end; labs run side by side, so no cell may remember it itself. */
  readonly causes: {
    exhausted: readonly NoDescriptors[];
    memory: ContainerMemory | undefined;
    /** When a clock jumped, in milliseconds since 1970. */
    jumpedAt: number;
  } = { exhausted: [], memory: undefined, jumpedAt: 0 };
  /** The network namespace of the container that answers. */
  #container: Namespace | undefined;
  #containerPid = "";
  #accessor: Daemon<AccessorStatus> | undefined;
  #configText = "";
  #changes = 0;

  private constructor(
    readonly path: LabPath,
    readonly scene: EngineScene,
    readonly clocks: { readonly server: ProgramClock; readonly accessor: ProgramClock } | undefined,
    readonly disks: { readonly server: ProgramDisks; readonly accessor: ProgramDisks } | undefined,
    readonly before: { readonly mac: string; readonly lan: string; readonly resolver: string },
    readonly owned: AsyncDisposableStack,
  ) {}

  /** Starts all of it, and waits until the container answers desktop and teammate. */
  static async start(path: LabPath, traits: LabTraits = {}): Promise<Lab> {
    await using owned = new AsyncDisposableStack();
    const network = owned.use(await Network.create({ containers: [], lans: 1, link: "veth" }));
    const { folder } = network;
    const before = await machineState(network);
    const scene = owned.use(await EngineScene.prepare(network, DEFAULT_ENGINE));
    const { name, subnet, address } = CONTAINER_NETWORK;
    await scene.machine.engine.createNetwork(name, subnet);
    await scene.machine.runPage("page", "--network", name, "--ip", address, "--restart", "always");
    const isWhole = traits.hasClocksAndDisks === true;
    const clocks = isWhole
      ? { server: await ProgramClock.create(folder), accessor: await ProgramClock.create(folder) }
      : undefined;
    const image = isWhole ? await makeClockedImage(scene.machine.engine) : "";
    const disks = isWhole
      ? { server: await mountDisks(`${folder}/server`), accessor: await mountDisks(`${folder}/accessor`) }
      : undefined;
    const lab = new Lab(path, scene, clocks, disks, before, owned.move());
    try {
      lab.#configText = `path ${path}\nroute ${subnet} expose\n${SHARED.expose}${SHARED.anna}`;
      await scene.startServer({
        config: lab.#configText,
        serverEnv: { DOCKER_CONNECTOR_IMAGE: image, ...clocks?.server.env },
        ...disks === undefined
          ? {}
          : { stateFolder: disks.server.state.folder, serverWrapper: logTo(disks.server.log) },
      });
      await lab.waitSharing();
      lab.#accessor = lab.owned.use(
        await startAccessor({
          network,
          lan: lab.lan,
          token: ANNA.token,
          ...clocks === undefined ? {} : { env: clocks.accessor.env },
          ...disks === undefined
            ? {}
            : { stateFolder: disks.accessor.state.folder, wrapper: logTo(disks.accessor.log) },
        }),
      );
      await lab.waitUp();
      return lab;
    } catch (error) {
      const words = `The lab did not come up: ${error}\n${await lab.transcript()}`;
      await lab[Symbol.asyncDispose]();
      throw new Error(words);
    }
  }

  get network(): Network {
    return this.scene.network;
  }

  get lan(): Lan {
    return this.network.lan();
  }

  get server(): EngineScene["server"] {
    return this.scene.server;
  }

  get accessor(): Daemon<AccessorStatus> {
    return this.#accessor ?? assert.fail("the accessor has not been started");
  }

  /** The network namespace of the container that answers; another one after each start of it. */
  async container(): Promise<Namespace> {
    const pid = await this.scene.docker("inspect --format {{.State.Pid}} page");
    if (this.#container === undefined || pid !== this.#containerPid) {
      this.#container = await Namespace.attach(`${this.network.prefix}-page${pid}`, pid);
      this.#containerPid = pid;
    }
    return this.#container;
  }

  /** Forgets the container's network namespace, so that it ends with the container. */
  async leaveContainer(): Promise<void> {
    if (this.#container !== undefined) await mustRun(["ip", "netns", "delete", this.#container.name]);
    this.#container = undefined;
  }

  /** Process ids of the client in its container, of `attach` too. */
  async clientPids(): Promise<number[]> {
    const pids = await mustRun(["ip", "netns", "pids", this.network.vm.name]);
    const names = await Promise.all(
      pids.split("\n").filter((pid) => pid !== "").map(async (pid) =>
        [Number(pid), await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")] as const
      ),
    );
    return names.filter(([, words]) => words.includes("docker-connector-client")).map(([pid]) => pid);
  }

  /** Process id of the client itself. */
  async clientPid(): Promise<number> {
    return Number(await this.scene.docker(`inspect --format {{.State.Pid}} ${CLIENT_CONTAINER}`));
  }

  /** Starts what does not run, and waits until the container answers desktop and teammate and no program shows a fault. */
  async waitUp(): Promise<void> {
    if (!this.server.process.running) this.server.start();
    await this.waitSharing();
    if (!this.accessor.process.running) this.accessor.start();
    const { address } = CONTAINER_NETWORK;
    await waitUntil(
      "the container answers the desktop",
      () => reachable(this.network.mac, address, 1),
      UP_LIMIT,
    );
    await waitUntil(
      "the container answers the teammate",
      () => reachable(this.lan.namespace, address, 1),
      UP_LIMIT,
    );
    await waitUntil("no fault is shown", async () => (await this.faults()).length === 0, UP_LIMIT);
    await this.server.waitForStatus(`${this.path} is used`, ({ paths }) => paths.inUse === this.path);
  }

  /** Waits until the server can answer an accessor, which else would try again after 5 s. */
  async waitSharing(): Promise<void> {
    await this.server.waitForStatus(
      "the token is ready",
      ({ sharing }) => sharing !== null && sharing.cipher !== null && sharing.deriving === 0,
      UP_LIMIT,
    );
  }

  /** Codes of the faults that server and accessor show; "no status" for one whose socket does not answer. */
  async faults(): Promise<string[]> {
    const codes = async <S extends CommonStatus>(daemon: Daemon<S>) => {
      // One that stands still takes the connection and never answers.
      const status = await withDeadline("a status", daemon.status(), STATUS_LIMIT).catch(() => undefined);
      return status?.faults.map(({ code }) => code) ?? [`${daemon.settings.program}: no status`];
    };
    return [...await codes(this.server), ...await codes(this.accessor)];
  }

  /**
   * Writes the config file with one more route, which leads nowhere.
   *
   * @returns the route's prefix; undefined when the file cannot be written
   */
  async changeConfig(): Promise<string | undefined> {
    const prefix = `10.98.${++this.#changes}.0/24`;
    const next = `${this.scene.configFile}.new`;
    try {
      await Deno.writeTextFile(next, `${this.#configText}route ${prefix}\n`);
      await Deno.rename(next, this.scene.configFile);
      return prefix;
    } catch {
      await Deno.remove(next).catch(() => {});
      return undefined;
    }
  }

  /** Whether the server has that route. */
  async hasRoute(prefix: string): Promise<boolean> {
    const status = await this.server.status().catch(() => undefined);
    return status?.routes.some((route) => route.prefix === prefix && route.state === "active") === true;
  }

  /**
   * Stops the programs as a user does, and looks for what is left behind.
   *
   * @returns what is, in words; none where all is as before
   */
  async stop(): Promise<string[]> {
    const left: string[] = [];
    for (const daemon of [this.accessor, this.server]) {
      const { code, signal } = await daemon.stop();
      if (code !== 0) left.push(`${daemon.settings.program} ended with ${signal ?? code}`);
      const found = await Deno.lstat(daemon.settings.control).then(() => true, () => false);
      if (found) left.push(`control socket of ${daemon.settings.program}`);
    }
    const { socket } = this.scene.machine.engine;
    const { stdout, stderr } = await this.network.mac.run([
      ...[binary("docker-connector"), "cleanup"],
      ...["--config", this.scene.configFile, "--control", this.server.settings.control],
    ], { env: { DOCKER_HOST: `unix://${socket}` } });
    // A client outlives its server on purpose.
    const removed = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
    left.push(...removed.filter((line) => line !== `removed container ${CLIENT_CONTAINER}`));
    const after = await machineState(this.network);
    for (const part of ["mac", "lan", "resolver"] as const) {
      left.push(...difference(this.before[part], after[part]).map((line) => `${part}: ${line}`));
    }
    const machine = `${await snapshot(this.network.vm)}\n${await this.network.vm.exec([
      "iptables-nft-save",
    ])}`;
    left.push(
      ...machine.split("\n").filter((line) => /connector0|192\.168\.251\.|docker-connector/.test(line)).map(
        (line) => `vm: ${line}`,
      ),
    );
    const containers = (await this.scene.docker("ps --all --format {{.Names}}")).split("\n");
    left.push(...containers.filter((name) => name !== "page").map((name) => `container ${name}`));
    return left;
  }

  /** The last lines of all three logs. */
  async transcript(): Promise<string> {
    const client = await this.scene.machine.engine.logs(CLIENT_CONTAINER).catch(String);
    const texts = [`  server:\n${this.server.transcript()}`, `  accessor:\n${this.#accessor?.transcript()}`];
    for (const { log } of Object.values(this.disks ?? {})) {
      texts.push(`  ${log.folder}:\n${await Deno.readTextFile(`${log.folder}/log`).catch(String)}`);
    }
    return [...texts, `  client:\n${client}`].join("\n");
  }

  /** Process ids of `attach`, which holds the stream of the engine path. */
  async attachPids(): Promise<number[]> {
    const words = async (pid: number) => (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0");
    const pids = await this.clientPids();
    const isAttach = await Promise.all(pids.map(async (pid) => (await words(pid)).includes("attach")));
    return pids.filter((_, index) => isAttach[index]);
  }

  /** Cuts the stream of the engine path, where that is used. */
  async cutStream(): Promise<void> {
    if (this.path === "engine") { for (const pid of await this.attachPids()) Deno.kill(pid, "SIGKILL"); }
  }

  /** The desktop gets another address on the link, or the former one, and its name leads there. */
  async moveDesktop(to: "away" | "back"): Promise<void> {
    const { mac, vm, macAddress, vmAddress } = this.network;
    const former = [macAddress, "peer", `${vmAddress}/32`, "dev", "eth0"];
    // With the same peer it would be a second address of the first one, and go with it.
    const other = [OTHER.desktop.mac, "peer", `${OTHER.desktop.vm}/32`, "dev", "eth0"];
    const isAway = to === "away";
    await moveDesktopName(this.scene.machine.nameServer, isAway ? OTHER.desktop.mac : macAddress);
    await vm.ip("addr", isAway ? "add" : "del", `${OTHER.desktop.vm}/30`, "dev", "eth0");
    await mac.ip("addr", "add", ...isAway ? other : former);
    await mac.ip("addr", "del", ...isAway ? former : other);
  }

  /** The Docker machine gets another address on the link, or the former one. */
  async moveMachine(to: "away" | "back"): Promise<void> {
    const { mac, vm, macAddress, vmAddress } = this.network;
    const [gone, next] = to === "away" ? [vmAddress, OTHER.machine] : [OTHER.machine, vmAddress];
    await mac.ip("route", "replace", `${OTHER.machine}/32`, "dev", "eth0", "src", macAddress);
    await vm.ip("addr", "add", `${next}/30`, "dev", "eth0");
    await vm.ip("addr", "del", `${gone}/30`, "dev", "eth0");
    if (to === "away") await vm.ip("route", "add", `${macAddress}/32`, "dev", "eth0");
    else {
      await vm.ip("route", "del", `${macAddress}/32`, "dev", "eth0");
      await mac.ip("route", "del", `${OTHER.machine}/32`, "dev", "eth0");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owned[Symbol.asyncDispose]();
  }
}

/** A wrapper that appends a program's log to a file of the disk. */
function logTo(disk: StateDisk): string[] {
  return ["sh", "-c", 'log=$1; shift; exec "$@" 2>>"$log"', "sh", `${disk.folder}/log`];
}

async function mountDisks(folder: string): Promise<ProgramDisks> {
  return { state: await StateDisk.mount(`${folder}-state`), log: await StateDisk.mount(`${folder}-log`) };
}

/** What a clean stop has to leave as it was. */
async function machineState(network: Network): Promise<Lab["before"]> {
  return {
    mac: await snapshot(network.mac),
    lan: await snapshot(network.lan().namespace),
    resolver: await Deno.readTextFile("/etc/resolv.conf").catch(() => ""),
  };
}

/** Lines that only one of two texts has. */
function difference(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `gone: ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `new: ${line}`),
  ];
}
