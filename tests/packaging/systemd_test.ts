import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { INSTALLED_PROGRAMS } from "../../tools/release/systems.ts";
import { binary } from "../topology/daemon.ts";
import { topologyTest } from "../topology/gate.ts";
import { Network } from "../topology/network.ts";
import { mustRun, run } from "../topology/process.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { withTranscript } from "../topology/tunnel_test_case.ts";

const UNITS = fileURLToPath(new URL("../../packaging/systemd", import.meta.url));
const SYSTEMD = { programs: ["systemd-analyze"], packages: ["systemd"] };

/** The words of one setting of a unit. */
async function setting(program: string, name: string): Promise<string[]> {
  const unit = await Deno.readTextFile(`${UNITS}/${program}.service`);
  const lines = unit.split("\n").filter((line) => line.startsWith(`${name}=`));
  return lines.flatMap((line) => line.slice(name.length + 1).split(" "));
}

/** What the unit allows, laid on a program without systemd: its capabilities, and no file but below `folder` to write. */
async function confinement(program: string, folder: string): Promise<string[]> {
  assert.deepEqual(await setting(program, "NoNewPrivileges"), ["yes"]);
  assert.deepEqual(await setting(program, "ProtectSystem"), ["strict"]);
  const capabilities = (await setting(program, "CapabilityBoundingSet")).map((name) =>
    name.replace(/^CAP_/, "+").toLowerCase()
  );
  const script = `
    mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro / || exit 99
    shift; exec "$@"`;
  const limits = ["--no-new-privs", `--bounding-set=-all,${capabilities.join(",")}`, "--inh-caps=-all"];
  return ["unshare", "--mount", "sh", "-c", script, "sh", folder, "setpriv", ...limits];
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
    // Bits 10 and 12 of linux/capability.h.
    assert.equal(stdout.replaceAll("\t", " "), "CapBnd: 0000000000001400\nNoNewPrivs: 1");
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
