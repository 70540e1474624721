/**
 * Podman's service in the namespace `vm`: it answers the Docker API, and keeps no process of its own for the containers,
 * which outlive it.
 *
 * @module
 */
import type { EngineOptions } from "./docker_engine.ts";
import { type EngineDaemon, writeSeenFiles } from "./engine_daemon.ts";
import type { EngineKind } from "./engines.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/**
 * $1 is the root folder, $2 the test's folder, then pairs of files: what is seen as which. The folder becomes the root of the
 * mount namespace, since a process that enters a container's has that root. It stays as process 1 of the containers' process
 * namespace: when it ends, so do all of them, and with them their mounts and networks.
 */
const HOLD = `
set -e
root=$1
folder=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
for scratch in dev/shm run tmp var/tmp; do mount -t tmpfs none "$root/$scratch"; done
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
while [ $# -gt 0 ]; do mount --bind "$1" "$root$2"; shift 2; done
cd "$root"
mkdir run/machine
pivot_root . run/machine
exec busybox sh -c 'busybox umount -l /run/machine && exec catatonit -P'
`;

/** The cgroups that Podman makes, in each hierarchy, and leaves. */
const CGROUPS = "libpod_parent";

/** As Podman's machine has it on a desktop, where this is the desktop's address in every container's /etc/hosts. */
function configText({ macAddress }: Network): string {
  return [
    "[containers]",
    `host_containers_internal_ip = "${macAddress}"`,
    "[engine]",
    'cgroup_manager = "cgroupfs"',
    'runtime = "runc"',
    "",
  ].join("\n");
}

/** Podman, whose service runs or is between two runs. */
export class PodmanService implements EngineDaemon {
  readonly #root: string;
  #holder: Process | undefined;
  #service: Process | undefined;

  constructor(
    readonly network: Network,
    readonly socket: string,
    kind: EngineKind,
    readonly options: EngineOptions,
  ) {
    this.#root = kind.root ?? "";
  }

  async start(data: string): Promise<Process> {
    const { folder, vm } = this.network;
    this.#holder ??= await this.#hold();
    const first = await childOf(this.#holder);
    const config = `${folder}/containers.conf`;
    await Deno.writeTextFile(config, configText(this.network));
    const files = [
      ...["--storage-driver", "vfs", "--root", `${folder}/${data}`, "--runroot", `${folder}/${data}-run`],
      ...["--network-config-dir", `${folder}/${data}-networks`],
    ];
    this.#service = vm.spawn([
      ...["nsenter", `--mount=/proc/${first}/ns/mnt`, `--pid=/proc/${first}/ns/pid`],
      ...["podman", ...files, "system", "service", "--time", "0", `unix://${this.socket}`],
    ], { env: { CONTAINERS_CONF: config, PATH: "/usr/sbin:/usr/bin" } });
    return this.#service;
  }

  async stop(): Promise<void> {
    await this.#signal("SIGTERM");
  }

  async kill(): Promise<void> {
    await this.#signal("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#holder !== undefined) {
      // It ends when all other processes of the namespace have, and unshare with it.
      const first = await childOf(this.#holder);
      if (first !== undefined) Deno.kill(first, "SIGKILL");
      await this.#holder.wait();
    }
    for await (const { name } of Deno.readDir("/sys/fs/cgroup")) {
      await removeCgroups(`/sys/fs/cgroup/${name}/${CGROUPS}`);
    }
    await removeCgroups(`/sys/fs/cgroup/${CGROUPS}`);
  }

  async #hold(): Promise<Process> {
    const { folder, vm } = this.network;
    const seen = await writeSeenFiles(folder, this.options.files ?? {});
    const holder = vm.spawn([
      ...["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"],
      ...["sh", "-c", HOLD, "hold", this.#root, folder, ...seen],
    ]);
    await waitUntil("Podman's root is mounted", async () => {
      if (!holder.running) throw new Error(`Cannot mount Podman's root:\n${holder.stderr.tail()}`);
      const first = await childOf(holder);
      return await Deno.readTextFile(`/proc/${first}/comm`).catch(() => "") === "catatonit\n";
    });
    return holder;
  }

  /** nsenter waits for the service, which is its child. */
  async #signal(signal: Deno.Signal): Promise<void> {
    if (this.#service?.running !== true) return;
    const service = await childOf(this.#service);
    if (service !== undefined) Deno.kill(service, signal);
    await this.#service.wait(20_000);
  }
}

async function childOf({ pid }: Process): Promise<number | undefined> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return children.trim() === "" ? undefined : Number(children.trim().split(" ")[0]);
}

/** Removes cgroups without processes; others, of a test that runs beside this one, stay. */
async function removeCgroups(folder: string): Promise<void> {
  const parts = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name, isDirectory } of parts) if (isDirectory) await removeCgroups(`${folder}/${name}`);
  await Deno.remove(folder).catch(() => {});
}
