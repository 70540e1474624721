/**
 * dockerd in the namespace `vm`, of the machine or of a folder of extracted packages.
 *
 * @module
 */
import type { EngineOptions } from "./docker_engine.ts";
import { type EngineDaemon, writeSeenFiles } from "./engine_daemon.ts";
import { type EngineKind, enginePath } from "./engines.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** Binds files over others, then becomes the program: pairs of paths, `--`, argv. */
const BIND = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"';

/** Runs a program in a mount namespace of its own, so that no mount of it outlives it. */
const OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"];

/** A dockerd, and its containerd where that is a service of its own. */
export class Dockerd implements EngineDaemon {
  #process: Process | undefined;
  #containerd: Process | undefined;
  #runs = 0;

  constructor(
    readonly network: Network,
    readonly socket: string,
    readonly kind: EngineKind,
    readonly options: EngineOptions,
  ) {}

  async start(data: string): Promise<Process> {
    const { folder, vm } = this.network;
    // A killed dockerd takes its containerd along; while that one's process id is still there, as a zombie or another
    // process, the next dockerd would wait for it in vain. So each run has its own folder for what runs.
    const run = this.options.hasOwnContainerd === true ? `${folder}/run` : `${folder}/run${++this.#runs}`;
    const files = ["--data-root", `${folder}/${data}`, "--exec-root", run, "--pidfile", `${run}.pid`];
    if (this.options.hasOwnContainerd === true) files.push("--containerd", await this.#startContainerd());
    this.#process = vm.spawn([
      // In containerd's mount namespace, where runc finds what dockerd mounts.
      ...this.#containerd === undefined
        ? OWN_MOUNTS
        : ["nsenter", `--mount=/proc/${this.#containerd.pid}/ns/mnt`],
      ...["sh", "-c", BIND, "bind", ...await writeSeenFiles(folder, this.options.files ?? {}), "--"],
      // It finds by itself which storage driver works here; the one that always does copies each image for each container.
      ...["dockerd", "--host", `unix://${this.socket}`, ...files],
    ], { env: { PATH: await this.#searchPath() } });
    return this.#process;
  }

  async stop(): Promise<void> {
    await this.#process?.stop(20_000);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#containerd?.stop();
  }

  /** Path of containerd's socket. */
  async #startContainerd(): Promise<string> {
    const { folder, vm } = this.network;
    const address = `${folder}/containerd.sock`;
    if (this.#containerd === undefined) {
      const files = ["--address", address, "--root", `${folder}/containerd`, "--state", `${folder}/tasks`];
      this.#containerd = vm.spawn([...OWN_MOUNTS, "containerd", "--config", "/dev/null", ...files], {
        env: { PATH: enginePath(this.kind) },
      });
      await waitUntil(
        "containerd listens",
        async () => (await Deno.stat(address).catch(() => null)) !== null,
      );
    }
    return address;
  }

  /** dockerd runs `iptables`, whichever comes first. */
  async #searchPath(): Promise<string> {
    const { backend } = this.options;
    const path = enginePath(this.kind);
    if (backend === undefined) return path;
    const folder = `${this.network.folder}/${backend}`;
    await Deno.mkdir(folder, { recursive: true });
    for (const name of ["iptables", "ip6tables"]) {
      await Deno.remove(`${folder}/${name}`).catch(() => {});
      await Deno.symlink(`/usr/sbin/xtables-${backend}-multi`, `${folder}/${name}`);
    }
    return `${folder}:${path}`;
  }
}
