/**
 * The server as launchd starts it on a Mac: no HOME, no SUDO_UID, exactly its own grants in the runtime that is released,
 * with the macOS side over the doubles of tests/darwin.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { compileDoubles, darwinPlatform, withDoubles } from "../../tools/darwin_double.ts";
import { permissionFlags, PROGRAMS, V8_FLAGS } from "../../tools/programs.ts";
import { GoodEngine } from "../fakes/engine.ts";
import { readStatus, type ServerStatus } from "../topology/control_socket.ts";
import { DARWIN_NEEDS, topologyTest } from "../topology/gate.ts";
import { Process } from "../topology/process.ts";
import { waitUntil } from "../topology/wait.ts";

const ROOT = new URL("../../", import.meta.url);
const ANNA = 501;
const BEN = 502;

/** Where each program puts its socket, by the folder that stands for the Mac's root. */
const SOCKETS = {
  "Docker Desktop": "Users/anna/.docker/run/docker.sock",
  "Colima": "Users/anna/.colima/default/docker.sock",
  "a profile of Colima": "Users/anna/.colima/work/docker.sock",
  "Colima that follows XDG": "Users/anna/.config/colima/default/docker.sock",
  "Rancher Desktop": "Users/anna/.rd/docker.sock",
  "OrbStack": "Users/anna/.orbstack/run/docker.sock",
  "Lima": "Users/anna/.lima/docker/sock/docker.sock",
  "Podman 4": "Users/anna/.local/share/containers/podman/machine/podman.sock",
  "Podman 4.5": "Users/anna/.local/share/containers/podman/machine/qemu/podman.sock",
  "Podman 5": "var/folders/zz/anna/T/podman/podman-machine-default-api.sock",
};

/**
 * Waits until no other run of this test has folders of the root. Removing one would take the other's mounts away with it
 * (rmdir(2) of a mount point of another namespace detaches what is mounted there).
 */
async function exclusiveRoot(): Promise<Disposable> {
  const folder = await Deno.open("/var");
  await folder.lock(true);
  return folder;
}

/** A folder of the root, to mount on; it is removed if it was made here. */
async function mountPoint(path: string): Promise<AsyncDisposable> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  if (!isThere) await Deno.mkdir(path);
  return {
    [Symbol.asyncDispose]: async () => {
      if (!isThere) await Deno.remove(path);
    },
  };
}

/** Makes a folder and gives everything below the user's own folder to the user. */
async function own(root: string, path: string, uid: number): Promise<void> {
  await Deno.mkdir(`${root}/${path}`, { recursive: true });
  const names = path.split("/");
  const first = names[0] === "Users" ? 2 : 4;
  for (let count = first; count <= names.length; count++) {
    await Deno.chown(`${root}/${names.slice(0, count).join("/")}`, uid, 20);
  }
}

/** An Engine of a user's. */
async function engineOf(root: string, path: string, uid: number): Promise<GoodEngine> {
  await Deno.remove(`${root}/${path}`).catch(() => {});
  const engine = new GoodEngine(`${root}/${path}`);
  await Deno.chown(`${root}/${path}`, uid, 20);
  return engine;
}

/** The server from source, in namespaces of its own in which the folder's parts are the Mac's. */
async function startServer(root: string, user: number): Promise<Process> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const platform = `${root}/back_end.ts`;
  await Deno.writeTextFile(platform, darwinPlatform());
  imports[new URL("ffi/platform.ts", ROOT).href] = `file://${platform}`;
  await Deno.writeTextFile(`${root}/map.json`, JSON.stringify({ imports }));
  await Deno.writeTextFile(`${root}/server.conf`, "");
  const server = PROGRAMS.find(({ binary }) => binary === "docker-connector");
  assert.ok(server !== undefined);
  const build = { target: "aarch64-apple-darwin", version: Deno.version.deno };
  const script = `
    mount --make-rprivate / && mount --bind "$1/Users" /Users && mount --bind "$1/var/folders" /var/folders &&
    mount -t tmpfs tmpfs /run && ip link set lo up || exit 99
    shift; exec "$@"`;
  return new Process([
    ...["unshare", "--net", "--mount", "sh", "-c", script, "sh", root],
    ...["env", "-i", `DARWIN_DOUBLE_CONSOLE=${user}`, `DENO_DIR=${await denoFolder()}`],
    ...[Deno.execPath(), "run", "--no-check", "--no-lock", "--cached-only", "--quiet"],
    ...["--import-map", `${root}/map.json`, `--v8-flags=${V8_FLAGS.join()}`],
    ...[...permissionFlags(withDoubles(server), build), fileURLToPath(new URL("server/main.ts", ROOT))],
    ...["run", "--config", `${root}/server.conf`, "--control", `${root}/control.sock`, "--image", "off"],
  ]);
}

/** Where this runtime keeps the packages. */
async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

topologyTest("a service on a Mac finds the Engine of the person at the screen", async (t) => {
  await compileDoubles();
  using _root = await exclusiveRoot();
  await using _users = await mountPoint("/Users");
  await using _folders = await mountPoint("/var/folders");
  // Short, since the path of a socket is.
  const root = await Deno.makeTempDir({ prefix: "dc-" });
  try {
    for (const path of Object.values(SOCKETS)) await own(root, path.slice(0, path.lastIndexOf("/")), ANNA);
    await own(root, "Users/ben/.docker/run", BEN);
    await own(root, "var/folders/aa/ben/T", BEN);
    await using bens = await engineOf(root, "Users/ben/.docker/run/docker.sock", BEN);
    await using server = await startServer(root, ANNA);
    const status = (what: string, accept: (status: ServerStatus) => boolean) =>
      waitUntil(what, async () => {
        assert.ok(server.running, server.stderr.lines.join("\n"));
        const status = await readStatus<ServerStatus>(`${root}/control.sock`);
        return status !== undefined && accept(status) ? status : undefined;
      }, 20_000);
    await status("no Engine is found", ({ docker }) => docker.fault !== undefined);
    for (const [name, path] of Object.entries(SOCKETS)) {
      await t.step(name, async () => {
        await using _engine = await engineOf(root, path, ANNA);
        const { docker } = await status(
          `the Engine at ${path} is found`,
          ({ docker }) => docker.state === "connected",
        );
        assert.equal(docker.socket, `/${path}`);
      });
      await status("the Engine is lost", ({ docker }) => docker.state !== "connected");
    }
    await t.step("and not another user's, nor a link to it", async () => {
      const link = `${root}/${SOCKETS["Rancher Desktop"]}`;
      await Deno.remove(link).catch(() => {});
      await Deno.symlink("/Users/ben/.docker/run/docker.sock", link);
      const { docker } = await status(
        "the link is refused",
        ({ docker }) => docker.fault?.includes("belongs to user 502") === true,
      );
      assert.equal(docker.state, "connecting");
      assert.deepEqual(bens.engine.targets, []);
    });
    await server.stop();
    assert.ok(!server.stderr.lines.some((line) => line.includes("Requires")), server.stderr.lines.join("\n"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}, DARWIN_NEEDS);
