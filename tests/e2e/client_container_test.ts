import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import type { ServerStatus } from "../topology/control_socket.ts";
import type { Daemon } from "../topology/daemon.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import type { Backend } from "../topology/docker_rules.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import type { Network } from "../topology/network.ts";
import { mustRun } from "../topology/process.ts";
import { strangerDatagram } from "../topology/relay.ts";
import { launchServer, SERVER_PORT } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { pause, waitUntil } from "../topology/wait.ts";
import { fetchPage } from "../topology/web.ts";

const NAME = "mac-connector";
/** From the image's load to a page, in milliseconds. */
const START_LIMIT = 5_000;
/** From a loss to the next page, in milliseconds. */
const REPAIR_LIMIT = 5_000;
/** The client's own pause between heartbeats, in milliseconds. */
const HEARTBEAT = 5_000;
/** The tar beside the server's program is its image. */
const MANAGED = { config: "", serverEnv: { DOCKER_CONNECTOR_IMAGE: "" } };

/** A machine with a container that serves a page, and a server that keeps the client there. */
class Scene {
  /** What took how long, for the test's output. */
  readonly times: string[] = [];

  constructor(
    readonly network: Network,
    readonly machine: DockerMachine,
    readonly page: string,
    readonly server: Daemon<ServerStatus>,
    readonly configFile: string,
  ) {}

  /** Runs the docker command with words that are set apart by blanks. */
  async docker(line: string): Promise<string> {
    return (await this.machine.engine.docker(...line.split(" "))).trim();
  }

  /** The kept container's id. */
  async id(): Promise<string> {
    return await this.docker(`container inspect --format {{.Id}} ${NAME}`);
  }

  /** When the Engine had loaded the last image, by its own word, in milliseconds since 1970. */
  async loadedAt(): Promise<number> {
    const times = await this.docker(
      `events --since 0 --until ${Date.now() / 1000} --filter event=load --format {{.TimeNano}}`,
    );
    const last = times.split("\n").at(-1) ?? "";
    assert.match(last, /^\d+$/, "an image was loaded");
    return Number(last) / 1e6;
  }

  /** A value of the kept container's environment. */
  async environment(name: string): Promise<string | undefined> {
    const [{ Config: { Env: values } }] = JSON.parse(await this.docker(`container inspect ${NAME}`));
    const lines: readonly string[] = values;
    return lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** Waits until the page comes from the container's own address; the milliseconds since `from`. */
  async pageComes(what: string, from = performance.now()): Promise<number> {
    await waitUntil(`${what}: the page comes`, async () => {
      const text = await fetchPage(this.network.mac, this.page).catch(() => "");
      return text === "page of page";
    }, 12_000);
    const took = Math.round(performance.now() - from);
    this.times.push(`${what}: ${took} ms`);
    return took;
  }

  /** Waits until the kept container runs, and is another than before where that is given. */
  async containerIs(state: string, before?: string): Promise<void> {
    await waitUntil(`the client container is ${state}`, async () => {
      const [status, id] = (await this.docker(
        `container inspect --format {{.State.Status}}|{{.Id}} ${NAME}`,
      ).catch(() => "|")).split("|");
      return status === state && id !== before;
    });
  }

  /** What a failure shows. */
  async transcript(): Promise<string> {
    const logs = await this.docker(`logs --tail 30 ${NAME}`).catch(String);
    return `  server:\n${this.server.transcript()}\n  client:\n${logs}\n  ${this.times.join("\n  ")}`;
  }
}

/** How a scene differs from the plain one. */
interface SceneOptions {
  /** Whether the Engine has the client's image beforehand. */
  readonly hasImage: boolean;
  /** Arguments of the server. */
  readonly serverArgs?: readonly string[];
  /** The config file's text. */
  readonly config?: string;
  /** Files that the Engine sees instead of its machine's own. */
  readonly files?: Readonly<Record<string, string>>;
  /** The iptables of the Engine. */
  readonly backend?: Backend;
  /** Runs before the server starts. */
  readonly prepare?: (docker: (line: string) => Promise<string>) => Promise<unknown>;
}

/** Registers a test with a scene; both logs are in a failure's message. */
function sceneTest(
  name: string,
  options: SceneOptions,
  body: (scene: Scene, step: (name: string, run: () => Promise<void>) => Promise<void>) => Promise<void>,
): void {
  networkTest(name, { containers: [] }, async (network, t) => {
    await using machine = await DockerMachine.start(network, options.backend, {
      hasOwnContainerd: true,
      ...options.files === undefined ? {} : { files: options.files },
    });
    const page = await machine.runPage("page");
    if (!options.hasImage) await machine.engine.docker("system", "prune", "--all", "--force");
    await options.prepare?.((line) => machine.engine.docker(...line.split(" ")));
    const engineSocket = machine.engine.socket;
    const { server, configFile } = await launchServer(network, { ...MANAGED, ...options, engineSocket });
    await using scene = new AsyncDisposableStack();
    const made = new Scene(network, machine, page, server, configFile);
    scene.defer(async () => void await made.server.stop());
    const step = async (title: string, run: () => Promise<void>) => {
      await t.step(title, async () => {
        try {
          await run();
        } catch (error) {
          if (error instanceof Error) error.message += `\n${await made.transcript()}`;
          throw error;
        }
      });
    };
    await body(made, step);
    console.log(made.times.map((line) => `  ${line}`).join("\n"));
  }, ENGINE_NEEDS);
}

/** What the Engine says that the container may do; that its rules are there, and that it calls itself healthy. */
async function hasLeastRights(
  scene: Scene,
  backend: Backend,
  capabilities = ["NET_ADMIN", "NET_RAW"],
): Promise<void> {
  const [{ HostConfig: host }] = JSON.parse(await scene.docker(`container inspect ${NAME}`));
  assert.deepEqual(host.CapDrop, ["ALL"]);
  assert.deepEqual(host.CapAdd, capabilities);
  assert.deepEqual(host.SecurityOpt, ["no-new-privileges"]);
  assert.deepEqual(host.Tmpfs, { "/run": "" });
  assert.deepEqual([host.ReadonlyRootfs, host.Privileged, host.NetworkMode], [true, false, "host"]);
  assert.equal(host.RestartPolicy.Name, "no");
  const { client } = await scene.server.waitForStatus(
    "its rules are there",
    (status) => status.client?.firewall?.state === "open",
  );
  assert.deepEqual([client?.firewall?.backend, client?.firewall?.fault], [`iptables-${backend}`, undefined]);
  await scene.docker(`exec ${NAME} docker-connector-client health`);
}

function logged({ server }: Scene, pattern: RegExp): string[] {
  return server.process.stderr.lines.filter((line) => pattern.test(line));
}

sceneTest("the client container is kept running", { hasImage: false }, async (scene, step) => {
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
    assert.deepEqual([docker.container?.name, docker.container?.state], [NAME, "running"]);
    assert.match(docker.container?.image ?? "", /mac-docker-connector\.tar$/);
    key = await scene.environment("DOCKER_CONNECTOR_KEY");
    assert.match(key ?? "", /^[\w-]{43}$/);
    const shown = JSON.stringify(await scene.server.status()) + scene.server.process.stderr.lines.join() +
      await scene.docker(`logs ${NAME}`);
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
      await scene.docker(`${command} ${NAME}`);
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

sceneTest("the client container keeps the rules of iptables-legacy with the least rights", {
  hasImage: true,
  backend: "legacy",
}, async (scene, step) => {
  await step("and the page comes", async () => {
    await scene.pageComes("beside iptables-legacy");
    await hasLeastRights(scene, "legacy");
  });
});

sceneTest("an Engine without the TUN device gets a client that makes its own", {
  hasImage: true,
  files: { "/dev/net/tun": "" },
}, async (scene, step) => {
  await step("with one capability more", async () => {
    await scene.pageComes("without the device");
    await hasLeastRights(scene, "nft", ["NET_ADMIN", "NET_RAW", "MKNOD"]);
    assert.equal(logged(scene, /has no \/dev\/net\/tun to pass on/).length, 1);
  });
});

sceneTest("a client container that is not kept any more goes", {
  hasImage: true,
}, async (scene, step) => {
  const { network } = scene;
  const engineSocket = scene.machine.engine.socket;
  const isThere = async () => await scene.docker(`ps --all --quiet --filter name=${NAME}`) !== "";
  for (
    const [setting, changes] of [
      ["docker off", { config: "docker off\n" }],
      ["--image off", { serverArgs: ["--image", "off"] }],
    ] as const
  ) {
    await step(`with ${setting}, so that the user's own can take its place`, async () => {
      await scene.containerIs("running");
      await scene.server.stop();
      assert.ok(await isThere(), "it does not outlive the server");
      const { server } = await launchServer(network, { ...MANAGED, ...changes, engineSocket });
      await using _server = server;
      await waitUntil("it has gone", async () => !await isThere());
      await server.process.stderr.waitFor(/client container of an earlier run removed/);
      await scene.docker(`run -d --net host --cap-add NET_ADMIN --name ${NAME} ${IMAGE}`);
      await server.waitForStatus("the user's client is bound", ({ client }) => client !== null);
      await scene.docker(`rm --force ${NAME}`);
      await server.stop();
      scene.server.start();
    });
  }
});

sceneTest("the client container follows key and image", {
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
    assert.equal(await scene.docker(`container inspect --format {{.Image}} ${NAME}`), image);
  });
});

sceneTest(
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
      await mustRun(["docker", "kill", NAME], { env: { DOCKER_HOST: `unix://${away}` } });
      // Several attempts fail.
      await pause(4_000);
      await Deno.rename(away, engine.socket);
      const took = await scene.pageComes("after the socket's return");
      assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
    });
  },
);

sceneTest("a foreign container of the name is left alone", {
  hasImage: true,
  prepare: (docker) => docker(`run --detach --name ${NAME} page /busybox sleep 1000`),
}, async (scene, step) => {
  await step("and named, with what to do", async () => {
    const id = await scene.id();
    const { docker } = await scene.server.waitForStatus(
      "the fault is told",
      (status) => status.docker.container?.fault !== undefined,
    );
    assert.deepEqual([docker.container?.state, docker.container?.image], ["conflict", "page"]);
    assert.match(
      docker.container?.fault ?? "",
      /container mac-connector exists \(page, running\).*Remove or rename/,
    );
    assert.equal(await scene.id(), id);
    assert.equal(logged(scene, /Cannot start the client container/).length, 1);
  });

  await step("until it has gone", async () => {
    await scene.docker(`rm --force ${NAME}`);
    const took = await scene.pageComes("after the foreign container has gone");
    assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
  });
});

sceneTest("a client that the user runs is used", {
  hasImage: true,
  prepare: (docker) =>
    docker(`run -it -d --restart always --net host --cap-add NET_ADMIN --name ${NAME} ${IMAGE}`),
}, async (scene, step) => {
  await step("without a key, and left alone", async () => {
    const id = await scene.id();
    await scene.pageComes("with the user's own client");
    const { docker } = await scene.server.waitForStatus(
      "the container has been looked at",
      (status) => status.docker.container?.state !== "pending",
    );
    assert.deepEqual(docker.container, { name: NAME, state: "external", image: IMAGE });
    assert.equal(await scene.id(), id);
    assert.deepEqual(logged(scene, / (warn|error) /), []);
  });
});

sceneTest("docker off leaves all of it to the user", {
  hasImage: true,
  config: "docker off\n",
}, async (scene, step) => {
  await step("no container is made", async () => {
    const { docker } = await scene.server.waitForStatus("it is up", () => true);
    assert.equal(docker.container, null);
    // What an Engine that is followed needs for a container many times over.
    await pause(3_000);
    assert.equal(await scene.docker(`ps --all --quiet --filter name=${NAME}`), "");
  });
});
