/**
 * Debian packages that the tests, the demo and the benchmark run: installed on demand, so that a fresh clone
 * needs nothing prepared by hand.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";

/** The program by which a package is recognised where dpkg is absent; otherwise the package's own name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "busybox-static": "busybox",
  "docker.io": "dockerd",
  "iproute2": "ip",
  "iputils-ping": "ping",
  "nftables": "nft",
  "systemd": "systemd-analyze",
  "util-linux": "nsenter",
  "wireguard-tools": "wg",
};

/**
 * Packages whose program may come from elsewhere: Docker's own packages bring dockerd too, and apt-get would remove
 * them for Debian's.
 */
const FROM_ELSEWHERE: readonly string[] = ["docker.io"];

/** Folders searched besides PATH: root's own programs are missing from the PATH of a plain `su`. */
const ADMIN_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** PATH with the administrator's folders at its end, for child processes. */
export function adminPath(): string {
  const folders = (Deno.env.get("PATH") ?? "/usr/bin:/bin").split(":");
  return [...folders, ...ADMIN_FOLDERS.filter((folder) => !folders.includes(folder))].join(":");
}

async function isProgram(name: string): Promise<boolean> {
  for (const folder of adminPath().split(":")) {
    const found = await Deno.stat(`${folder}/${name}`).catch(() => undefined);
    if (found?.isFile) return true;
  }
  return false;
}

async function isInstalled(name: string, dpkg: boolean): Promise<boolean> {
  if (!dpkg || FROM_ELSEWHERE.includes(name)) return await isProgram(PROGRAMS[name] ?? name);
  const query = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${db:Status-Status}", name],
    stdout: "piped",
    stderr: "null",
    env: { PATH: adminPath() },
  }).output();
  return query.success && new TextDecoder().decode(query.stdout) === "installed";
}

async function apt(args: readonly string[]): Promise<void> {
  const command = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300", ...args];
  const run = await new Deno.Command(command[0] as string, {
    args: command.slice(1),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { PATH: adminPath(), DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
  }).output();
  if (run.success) return;
  const lines = new TextDecoder().decode(run.stderr).trim().split("\n");
  const reason = lines.find((line) => line.startsWith("E:")) ?? lines.at(-1) ?? "";
  throw new OperationError(
    "failure",
    `Cannot run ${command.join(" ")}: exit ${run.code}, ${reason}`,
    "Check the machine's package sources and network, then try again",
  );
}

/**
 * The packages that are not installed. Where dpkg is missing (another distribution), a package counts as present when
 * its program is on PATH.
 *
 * @param names package names as `apt-get install` takes them
 */
export async function absentPackages(names: readonly string[]): Promise<string[]> {
  const dpkg = await isProgram("dpkg-query");
  const absent: string[] = [];
  for (const name of names) if (!await isInstalled(name, dpkg)) absent.push(name);
  return absent;
}

/**
 * Installs Debian packages.
 *
 * @param names package names as `apt-get install` takes them
 * @throws OperationError `privilege` when the caller is not root, `unavailable` when this is no Debian, `failure` when
 *   apt-get fails
 */
export async function installPackages(names: readonly string[]): Promise<void> {
  const list = names.join(" ");
  if (Deno.build.os !== "linux" || !await isProgram("dpkg-query") || !await isProgram("apt-get")) {
    throw new OperationError(
      "unavailable",
      `Cannot install ${list}: this machine has no apt-get`,
      "Install the programs of these packages with the system's own package manager",
    );
  }
  if (Deno.uid() !== 0) {
    throw new OperationError(
      "privilege",
      `Cannot install ${list}: the caller is not root`,
      `Run with sudo, or install them first: sudo apt-get install ${list}`,
    );
  }
  await apt(["update"]);
  await apt(["install", "--no-install-recommends", ...names]);
}

/**
 * Makes sure that Debian packages are installed. Only absent ones are fetched; nothing runs when all are there.
 *
 * @param names package names as `apt-get install` takes them
 * @throws OperationError as `installPackages`, when something is missing
 */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  const absent = await absentPackages(names);
  if (absent.length > 0) await installPackages(absent);
}
