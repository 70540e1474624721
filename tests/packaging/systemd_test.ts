import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { INSTALLED_PROGRAMS } from "../../tools/release/names.ts";
import { GoodEngine } from "../fakes/engine.ts";
import { readStatus, type ServerStatus } from "../topology/control_socket.ts";
import { binary } from "../topology/daemon.ts";
import { topologyTest } from "../topology/gate.ts";
import { Network } from "../topology/network.ts";
import { mustRun, Process, run } from "../topology/process.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const UNITS = fileURLToPath(new URL("../../packaging/systemd", import.meta.url));
const SYSTEMD = { programs: ["systemd-analyze"], packages: ["systemd"] };

/** The words of one setting of a unit. */
async function setting(program: string, name: string): Promise<string[]> {
  const unit = await Deno.readTextFile(`${UNITS}/${program}.service`);
  const lines = unit.split("\n").filter((line) => line.startsWith(`${name}=`));
  return lines.flatMap((line) => line.slice(name.length + 1).split(" "));
}

/** The unit's capabilities, laid on a program without systemd. */
async function privileges(program: string): Promise<string[]> {
  assert.deepEqual(await setting(program, "NoNewPrivileges"), ["yes"]);
  const capabilities = (await setting(program, "CapabilityBoundingSet")).map((name) =>
    name.replace(/^CAP_/, "+").toLowerCase()
  );
  return ["setpriv", "--no-new-privs", `--bounding-set=-all,${capabilities.join(",")}`, "--inh-caps=-all"];
}

/** What the unit allows, without systemd: its capabilities, and no file but below `folder` to write. */
async function confinement(program: string, folder: string): Promise<string[]> {
  assert.deepEqual(await setting(program, "ProtectSystem"), ["strict"]);
  const script = `
    mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro / || exit 99
    shift; exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh", folder, ...await privileges(program)];
}

topologyTest("systemd's own check of the units", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-units-" });
  try {
    for (const program of INSTALLED_PROGRAMS) {
      await t.step(program, async () => {
        const unit = await Deno.readTextFile(`${UNITS}/${program}.service`);
        const path = `${folder}/${program}.service`;
        await Deno.writeTextFile(path, unit.replace(`/usr/local/bin/${program}`, binary(program)));
        const { code, stdout, stderr } = await run(["systemd-analyze", "verify", "--man=no", path]);
        assert.equal(code, 0, stderr);
        assert.equal(stdout + stderr, "");
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, SYSTEMD);

topologyTest("the server under the unit's limits", async (t) => {
  await using network = await Network.create();
  const limits = await confinement("docker-connector", network.folder);

  await t.step("the limits are there", async () => {
    const outside = `/var/tmp/docker-connector-${Deno.pid}`;
    const script = `grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status; touch ${outside}`;
    const { code, stdout, stderr } = await run([...limits, "sh", "-c", script]);
    // Bits 1, 10, 12 and 13 of linux/capability.h.
    assert.equal(stdout.replaceAll("\t", " "), "CapBnd: 0000000000003402\nNoNewPrivs: 1");
    assert.equal(code, 1);
    assert.match(stderr, /Read-only file system/);
  });

  await t.step("the tunnel carries, follows its config file and stops clean", async () => {
    const before = await network.mac.ip("route");
    await using tunnel = await Tunnel.start(network, { serverWrapper: limits });
    await withTranscript(tunnel, async () => {
      assert.ok(await tunnel.works());
      await mustRun([
        binary("docker-connector"),
        "config",
        "add",
        "route 172.31.0.0/16",
        "--config",
        tunnel.configFile,
      ]);
      await tunnel.server.waitForStatus(
        "the new route is there",
        ({ routes }) => routes.some(({ prefix, state }) => prefix === "172.31.0.0/16" && state === "active"),
      );
      assert.equal((await tunnel.server.stop()).code, 0);
      assert.equal(await network.mac.ip("route"), before);
    });
  });
});

/** A user who can be on no machine that this runs on. */
const USER = 54_321;

/** Makes folders that only the user can enter. */
async function privateFolders(root: string, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(`${root}/${path}`, { mode: 0o700 });
    await Deno.chown(`${root}/${path}`, USER, USER);
  }
}

topologyTest(
  "the server under the unit's limits finds the Engine of the only person with a session",
  async (t) => {
    const root = await Deno.makeTempDir({ prefix: "dc-" });
    try {
      await Deno.chmod(root, 0o755);
      await Deno.mkdir(`${root}/user`);
      await privateFolders(root, `user/${USER}`, "home", "home/.docker", "home/.docker/desktop");
      const passwd = await Deno.readTextFile("/etc/passwd");
      await Deno.writeTextFile(`${root}/passwd`, `${passwd}anna:x:${USER}:${USER}::${root}/home:/bin/sh\n`);
      await Deno.writeTextFile(`${root}/server.conf`, "");
      const [protectHome = ""] = await setting("docker-connector", "ProtectHome");
      // As systemd.exec(5) has it for the three places of homes: "yes" hides them, "read-only" lets them be read.
      const protect = protectHome === "yes" ? "mount -t tmpfs tmpfs" : "mount -o remount,bind,ro";
      const script = `
      mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/user && mount --bind "$1/user" /run/user &&
      mount --bind "$1/home" "$1/home" && mount --bind "$1/passwd" /etc/passwd && ip link set lo up &&
      ${protect} /run/user && ${protect} "$1/home" || exit 99
      shift; exec "$@"`;
      await using server = new Process([
        ...["unshare", "--net", "--mount", "sh", "-c", script, "sh", root],
        ...["env", "-i", ...await privileges("docker-connector"), binary("docker-connector")],
        ...["run", "--config", `${root}/server.conf`, "--control", `${root}/control.sock`, "--image", "off"],
      ]);
      const status = (what: string, accept: (status: ServerStatus) => boolean) =>
        waitUntil(what, async () => {
          assert.ok(server.running, server.stderr.lines.join("\n"));
          const status = await readStatus<ServerStatus>(`${root}/control.sock`);
          return status !== undefined && accept(status) ? status : undefined;
        }, 20_000);
      await status("no Engine is found", ({ docker }) => docker.fault !== undefined);
      const places = {
        "rootless Docker": [`${root}/user/${USER}/docker.sock`, `/run/user/${USER}/docker.sock`],
        "Docker Desktop": [
          `${root}/home/.docker/desktop/docker.sock`,
          `${root}/home/.docker/desktop/docker.sock`,
        ],
      } as const;
      for (const [name, [path, seen]] of Object.entries(places)) {
        await t.step(name, async () => {
          await using _engine = new GoodEngine(path);
          await Deno.chown(path, USER, USER);
          const { docker } = await status(`${name} is found`, ({ docker }) => docker.state === "connected");
          assert.equal(docker.socket, seen);
        });
        await status("the Engine is lost", ({ docker }) => docker.state !== "connected");
      }
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);
