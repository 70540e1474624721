import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import {
  CLIENT_CONTAINER,
  type ClientScene,
  clientSceneTest,
  logged,
  REPAIR_LIMIT,
} from "../topology/client_scene.ts";
import type { ServerStatus } from "../topology/control_socket.ts";
import type { Backend } from "../topology/docker_rules.ts";
import { mustRun } from "../topology/process.ts";
import { strangerDatagram } from "../topology/relay.ts";
import { SERVER_PORT } from "../topology/tunnel.ts";
import { pause, waitUntil } from "../topology/wait.ts";

/** From the image's load to a page, in milliseconds. */
const START_LIMIT = 5_000;
/** The client's own pause between heartbeats, in milliseconds. */
const HEARTBEAT = 5_000;

/** Numbers of linux/capability.h. */
const CAPABILITIES: Readonly<Record<string, number>> = {
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  MKNOD: 27,
};

/** What the kernel says that the client may do: all that it was given, and nothing besides. */
async function isConfined(pid: string, capabilities: readonly string[]): Promise<void> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
  const set = capabilities.reduce((bits, name) => bits | 1n << BigInt(CAPABILITIES[name] ?? 63), 0n);
  const shown = set.toString(16).padStart(16, "0");
  assert.deepEqual(["CapPrm", "CapEff", "CapBnd", "CapAmb"].map(field), [
    shown,
    shown,
    shown,
    "0".repeat(16),
  ]);
  // Seccomp's mode 2 is a filter: that of the Engine.
  assert.deepEqual([field("NoNewPrivs"), field("Seccomp")], ["1", "2"]);
  assert.match(await Deno.readTextFile(`/proc/${pid}/limits`), /^Max core file size +0 +0 /m);
  const mounts = await Deno.readTextFile(`/proc/${pid}/mounts`);
  assert.match(mounts, /^\S+ \/ \S+ ro,/m);
  assert.match(mounts, /^tmpfs \/run tmpfs rw,nosuid,nodev,noexec,\S*size=1024k/m);
  for (const path of ["/written", "/usr/bin/written", "/etc/written"]) {
    await assert.rejects(Deno.writeTextFile(`/proc/${pid}/root${path}`, ""), /Read-only file system/);
  }
}

/** What the Engine says that the container may do; that its rules are there, and that it calls itself healthy. */
async function hasLeastRights(
  scene: ClientScene,
  backend: Backend,
  capabilities = ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"],
): Promise<void> {
  const [{ HostConfig: host }] = JSON.parse(await scene.docker(`container inspect ${CLIENT_CONTAINER}`));
  assert.deepEqual(host.CapDrop, ["ALL"]);
  assert.deepEqual(host.CapAdd, capabilities);
  assert.deepEqual(host.SecurityOpt, ["no-new-privileges"]);
  assert.deepEqual(host.Tmpfs, { "/run": "rw,noexec,nosuid,nodev,size=1m,mode=0755" });
  assert.deepEqual([host.Memory, host.PidsLimit], [512 * 1024 * 1024, 256]);
  assert.deepEqual([host.ReadonlyRootfs, host.Privileged, host.NetworkMode], [true, false, "host"]);
  assert.equal(host.RestartPolicy.Name, "no");
  await isConfined(
    await scene.docker(`container inspect --format {{.State.Pid}} ${CLIENT_CONTAINER}`),
    capabilities,
  );
  const { client } = await scene.server.waitForStatus(
    "its rules are there",
    (status) => status.client?.firewall?.state === "open",
  );
  assert.deepEqual([client?.firewall?.backend, client?.firewall?.fault], [`iptables-${backend}`, undefined]);
  await scene.docker(`exec ${CLIENT_CONTAINER} docker-connector-client health`);
}

clientSceneTest("the client container is kept running", { hasImage: false }, async (scene, step) => {
  const { network } = scene;
  let key: string | undefined;

  await step("from nothing to a page, told step by step", async () => {
    await scene.pageComes("from nothing to a page, the image's load included");
    const took = Date.now() - await scene.loadedAt();
    scene.times.push(`of these since the load: ${Math.round(took)} ms`);
    assert.ok(took < START_LIMIT, `it took ${took} ms since the image was loaded`);
    const steps = [
      "Engine found",
      "image loaded",
      "container created",
      "container started",
      "client connected",
    ];
    const at = steps.map((words) =>
      scene.server.process.stderr.lines.findIndex((line) => line.includes(words))
    );
    assert.deepEqual(at, at.toSorted((a, b) => a - b), "the steps are told in another order");
    assert.ok(!at.includes(-1), at.join());
  });

  await step("status shows it, and nobody shows its key", async () => {
    const { docker } = await scene.server.status() ?? assert.fail("no status");
    assert.deepEqual([docker.container?.name, docker.container?.state], [CLIENT_CONTAINER, "running"]);
    assert.match(docker.container?.image ?? "", /mac-docker-connector\.tar$/);
    key = await scene.environment("DOCKER_CONNECTOR_KEY");
    assert.match(key ?? "", /^[\w-]{43}$/);
    const shown = JSON.stringify(await scene.server.status()) + scene.server.process.stderr.lines.join() +
      await scene.docker(`logs ${CLIENT_CONTAINER}`);
    assert.ok(!shown.includes(key ?? "?"));
  });

  await step("a heartbeat of anybody else is refused", async () => {
    const before = (await scene.server.status())?.client?.endpoint;
    await strangerDatagram(network.vm, network.macAddress, SERVER_PORT, "00");
    await scene.server.waitForStatus(
      "it is counted",
      ({ counters }) => (counters.drops["heartbeatRefused"] ?? 0) > 0,
    );
    assert.equal((await scene.server.status())?.client?.endpoint, before);
  });

  await step("it has the least rights that it needs", () => hasLeastRights(scene, "nft"));

  await step("a container of the user's that cannot have the interface does not silence it", async () => {
    await scene.docker(`run -d --restart always --net host --cap-add NET_ADMIN --name second ${IMAGE}`);
    await waitUntil("the second one was started again", async () => {
      return Number(await scene.docker("inspect --format {{.RestartCount}} second")) >= 2;
    }, 20_000);
    const refused = (status: ServerStatus | undefined) => status?.counters.drops["heartbeatRefused"] ?? 0;
    const before = refused(await scene.server.status());
    await strangerDatagram(network.vm, network.macAddress, SERVER_PORT, "00");
    const status = await scene.server.waitForStatus(
      "a heartbeat without proof is still refused",
      (now) => refused(now) > before,
    );
    assert.equal(status.docker.container?.state, "running");
    await scene.docker("rm --force second");
    await scene.pageComes("beside a second client");
  });

  for (const command of ["kill", "stop", "pause", "rm --force"]) {
    await step(`after docker ${command} it is back`, async () => {
      const start = performance.now();
      await scene.docker(`${command} ${CLIENT_CONTAINER}`);
      const took = await scene.pageComes(`after docker ${command}`, start);
      assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
      await scene.containerIs("running");
    });
  }

  await step("another server run takes it over as it is, with its key", async () => {
    const id = await scene.id();
    await scene.server.stop();
    const start = performance.now();
    scene.server.start();
    await scene.server.waitForStatus("the client is bound", ({ client }) => client !== null);
    const took = performance.now() - start;
    // The client, which has noticed nothing, sends its next heartbeat in time.
    assert.ok(took < HEARTBEAT + 1_000, `it took ${took} ms`);
    await scene.pageComes("after a restart of the server", start);
    assert.equal(await scene.id(), id);
    assert.deepEqual(logged(scene, /heartbeat refused/), []);
  });
});

clientSceneTest("the client container keeps the rules of iptables-legacy with the least rights", {
  hasImage: true,
  backend: "legacy",
}, async (scene, step) => {
  await step("and the page comes", async () => {
    await scene.pageComes("beside iptables-legacy");
    await hasLeastRights(scene, "legacy");
  });
});

clientSceneTest("an Engine without the TUN device gets a client that makes its own", {
  hasImage: true,
  files: { "/dev/net/tun": "" },
}, async (scene, step) => {
  await step("with one capability more", async () => {
    await scene.pageComes("without the device");
    await hasLeastRights(scene, "nft", ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "MKNOD"]);
    assert.equal(logged(scene, /has no \/dev\/net\/tun to pass on/).length, 1);
  });
});

clientSceneTest("the client container follows key and image", {
  hasImage: true,
  config: "key first-secret\n",
  serverArgs: ["--image", IMAGE],
}, async (scene, step) => {
  await step("it has the key of the config file", async () => {
    await scene.pageComes("with the key of the config file");
    assert.equal(await scene.environment("DOCKER_CONNECTOR_KEY"), "first-secret");
  });

  await step("another key after a restart makes it again", async () => {
    const before = await scene.id();
    await Deno.writeTextFile(scene.configFile, "key second-secret\n");
    await scene.server.process.stderr.waitFor(/key changed in the file; restart/);
    await scene.server.stop();
    const start = performance.now();
    scene.server.start();
    const took = await scene.pageComes("with another key", start);
    assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
    await scene.containerIs("running", before);
    assert.equal(await scene.environment("DOCKER_CONNECTOR_KEY"), "second-secret");
  });

  await step("another image of the name makes it again", async () => {
    const before = await scene.id();
    const build = `${scene.network.folder}/build`;
    await Deno.mkdir(build);
    await Deno.writeTextFile(`${build}/Dockerfile`, `FROM ${IMAGE}\nLABEL another=1\n`);
    const start = performance.now();
    await scene.docker(`build --quiet --tag ${IMAGE} ${build}`);
    await scene.containerIs("running", before);
    const took = await scene.pageComes("with another image, its build included", start);
    assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
    const image = await scene.docker(`image inspect --format {{.Id}} ${IMAGE}`);
    assert.equal(await scene.docker(`container inspect --format {{.Image}} ${CLIENT_CONTAINER}`), image);
  });
});

clientSceneTest(
  "the client container outlives what befalls the Engine",
  { hasImage: false },
  async (scene, step) => {
    const { engine } = scene.machine;
    await step("at first", async () => void await scene.pageComes("at first"));
    for (const end of ["stop", "kill"] as const) {
      await step(`its ${end}`, async () => {
        await engine[end]();
        await scene.server.waitForStatus("it is missed", ({ docker }) => docker.state === "connecting");
        assert.equal((await scene.server.status())?.docker.container?.state, "pending");
        await engine.start();
        const start = performance.now();
        await scene.docker("start page");
        const took = await scene.pageComes(`after the ${end} of dockerd, from its answer`, start);
        assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
      });
    }

    await step("its socket's absence while the container dies", async () => {
      const away = `${engine.socket}.away`;
      await Deno.rename(engine.socket, away);
      await mustRun(["docker", "kill", CLIENT_CONTAINER], { env: { DOCKER_HOST: `unix://${away}` } });
      // Several attempts fail.
      await pause(4_000);
      await Deno.rename(away, engine.socket);
      const took = await scene.pageComes("after the socket's return");
      assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
    });
  },
);
