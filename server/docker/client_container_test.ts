import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { answer, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { ClientContainer, type ClientContainerDeps } from "./client_container.ts";
import { ClientImage } from "./client_image.ts";
import type { RunningClient } from "./container_controller.ts";

/** A container of the fake Engine, in the API's words. */
interface FakeContainer {
  readonly name: string;
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
  readonly HostConfig?: { readonly Devices?: readonly unknown[]; readonly NetworkMode?: string };
  state: string;
}

/** The Engine's store, and what becomes of requests. */
class Store {
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new Set(["client:1", "sha256:1"]);
  /** Requests that change something, and keys that are demanded, in their order. */
  readonly steps: string[] = [];
  /** The answer to a start; undefined: it starts. */
  refusal: ((container: FakeContainer) => string | undefined) | undefined;
  /** Answers instead of everything. */
  nonsense: string | undefined;
  /** How often that was. */
  nonsensical = 0;
  #ids = 0;

  async respond(target: string, body: () => Promise<string>): Promise<string> {
    if (this.nonsense !== undefined) {
      this.nonsensical++;
      return this.nonsense;
    }
    const [method = "", path = ""] = target.includes(" ") ? target.split(" ") : ["GET", target];
    const place = path.replace("/v1.41", "");
    const [, kind = "", name = "", action = ""] = place.split("?")[0]?.split("/") ?? [];
    if (method !== "GET") this.steps.push(`${method} ${place.replace(/\?.*/, "")}`);
    if (kind === "images") {
      const known = this.images.has(decodeURIComponent(name));
      return known ? answer('{"Id":"sha256:1"}') : answer('{"message":"no such image"}', "404 Not Found");
    }
    if (place.startsWith("/containers/json")) return answer(JSON.stringify(this.#list()));
    if (name === "create") return this.#create(new URL(`http://x${place}`), await body());
    const container = this.containers.get(name);
    if (container === undefined) return answer("{}", "404 Not Found");
    if (action === "json") {
      return answer(JSON.stringify({ State: { Status: container.state }, Config: { Env: container.Env } }));
    }
    if (action === "start") {
      const refusal = this.refusal?.(container);
      if (refusal !== undefined) return answer(JSON.stringify({ message: refusal }), "500 No");
      container.state = "running";
    }
    if (method === "DELETE") this.containers.delete(name);
    return "HTTP/1.1 204 No Content\r\n\r\n";
  }

  #list(): unknown {
    return [...this.containers].map(([Id, { name, Image, Labels, HostConfig, state }]) => ({
      Id,
      Names: [`/${name}`],
      Image,
      ImageID: "sha256:1",
      State: state,
      Labels,
      HostConfig,
    }));
  }

  #create(url: URL, body: string): string {
    const id = String(++this.#ids);
    const name = url.searchParams.get("name") ?? "";
    this.containers.set(id, { ...JSON.parse(body), name, state: "created" });
    return answer(JSON.stringify({ Id: id }), "201 Created");
  }
}

/** What a test works with. */
interface Fixture {
  readonly store: Store;
  readonly controller: ClientContainer;
  readonly lines: readonly string[];
  /** Has the controller look, and waits until the condition holds. */
  readonly look: (isDone: () => boolean) => Promise<void>;
}

async function withController(
  needs: Partial<ClientContainerDeps>,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = new Store();
  const lines: string[] = [];
  configureLog({ level: "info", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      const text = target === "/version"
        ? answer(VERSION)
        : await store.respond(target, () => connection.body());
      await connection.write(text);
    });
    const engine = await EngineClient.connect(fake.path);
    await using controller = new ClientContainer({
      image: new ClientImage("client:1"),
      settings: { host: undefined, port: 2511, addr: "192.168.251.1/24", mtu: 1400 },
      policy: new BindingPolicy(DEFAULT_CONFIG, undefined),
      requireKey: (key) => Promise.resolve(void store.steps.push(key === undefined ? "no key" : "key")),
      isLocal: () => Promise.resolve(false),
      ...needs,
    });
    const look = async (isDone: () => boolean) => {
      controller.setEngine(engine);
      const end = performance.now() + 5_000;
      while (!isDone()) {
        if (performance.now() > end) assert.fail(`${JSON.stringify(controller.status)}\n${lines.join("")}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    await body({ store, controller, lines, look });
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    await Deno.remove(folder, { recursive: true });
  }
}

const SECRET = /DOCKER_CONNECTOR_KEY=(.{43})$/;

Deno.test("a container is made with a key, which is required before there is one", () =>
  withController({}, async ({ store, controller, lines, look }) => {
    await look(() => controller.status.state === "running");
    assert.deepEqual(store.steps, ["key", "POST /containers/create", "POST /containers/1/start"]);
    const [made] = store.containers.values();
    const key = SECRET.exec(made?.Env.at(-1) ?? "")?.[1];
    assert.ok(key);
    assert.ok(!(lines.join() + JSON.stringify(controller.status)).includes(key));
    assert.deepEqual(controller.status, { name: "mac-connector", state: "running", image: "client:1" });
  }));

Deno.test("the managed container is restarted where that is asked for, the user's never", () =>
  withController({}, async ({ store, controller, look }) => {
    assert.equal(await controller.restart(), false);
    await look(() => controller.status.state === "running");
    assert.equal(await controller.restart(), true);
    assert.equal(store.steps.at(-1), "POST /containers/1/restart");
    store.containers.clear();
    store.containers.set("8", EXTERNAL);
    await look(() => controller.status.state === "external");
    assert.equal(controller.status.port, undefined);
    const before = store.steps.length;
    assert.equal(await controller.restart(), false);
    assert.equal(store.steps.length, before);
  }));

Deno.test("the port of the user's own client is told while it runs", () =>
  withController({}, async ({ store, controller, look }) => {
    const external = { ...EXTERNAL, Env: ["DOCKER_CONNECTOR_PORT=2599"] };
    store.containers.set("8", external);
    await look(() => controller.status.port === 2599);
    assert.equal(controller.status.state, "external");
    external.state = "paused";
    await look(() => controller.status.port === undefined);
    external.state = "running";
    await look(() => controller.status.port === 2599);
    controller.onDisconnected();
    assert.equal(controller.status.port, undefined);
  }));

Deno.test("an Engine without the device gets a container without it", () =>
  withController({}, async ({ store, controller, look }) => {
    store.refusal = ({ HostConfig }) =>
      HostConfig?.Devices?.length === 0
        ? undefined
        : 'custom device "/dev/net/tun": no such file or directory';
    await look(() => controller.status.state === "running");
    assert.deepEqual([...store.containers.keys()], ["2"]);
  }));

Deno.test("an error at its start is logged once, without the key, and tried again", () =>
  withController(
    { policy: new BindingPolicy({ ...DEFAULT_CONFIG, key: "the-secret" }, undefined) },
    async ({ store, controller, lines, look }) => {
      store.refusal = ({ Env }) => `cannot run with ${Env.join(" ")}`;
      await look(() => controller.status.fault !== undefined);
      assert.equal(controller.status.state, "stopped");
      assert.match(controller.status.fault ?? "", /DOCKER_CONNECTOR_KEY=\*\*\*/);
      const starts = () => store.steps.filter((step) => step.endsWith("/start")).length;
      await look(() => starts() === 2);
      store.refusal = undefined;
      await look(() => controller.status.state === "running");
      assert.equal(lines.filter((line) => line.includes(" warn ")).length, 1, lines.join(""));
      assert.ok(!lines.join().includes("the-secret"));
      assert.deepEqual(
        store.steps.filter((step) => step.endsWith("key")),
        [],
        "a key of the config file is active anyway",
      );
    },
  ));

Deno.test("without the image nothing is made, and a container that is there goes on with its key", () =>
  withController({}, async ({ store, controller, look }) => {
    store.images.clear();
    await look(() => controller.status.fault !== undefined);
    assert.equal(controller.status.state, "missing");
    assert.match(controller.status.fault ?? "", /has no image client:1$/);
    assert.match(controller.status.remedy ?? "", /^Build or load it/);
    assert.deepEqual(store.steps, ["no key"], "a client of the user's may be bound");
    const Labels = { "docker-connector": "kept", "docker-connector.settings": "f" };
    const Env = [`DOCKER_CONNECTOR_KEY=${"k".repeat(43)}`];
    store.containers.set("9", { name: "mac-connector", Image: "client:1", Labels, Env, state: "exited" });
    await look(() => controller.status.state === "running");
    assert.deepEqual(store.steps, ["no key", "key", "POST /containers/9/start"]);
  }));

Deno.test("a container of version 0.1.0, which has other labels, is replaced", () =>
  withController({}, async ({ store, controller, look }) => {
    const Labels = { "docker-connector": "kept", "docker-connector.settings": "f" };
    store.containers.set("9", {
      name: "mac-connector",
      Image: "client:1",
      Labels,
      Env: [],
      state: "running",
    });
    await look(() => controller.status.state === "running");
    assert.ok(!store.containers.has("9"));
    const [created] = store.containers.values();
    assert.equal(created?.Labels["io.github.docker-connector.managed"], "true");
  }));

Deno.test("nonsense of the Engine is a fault and nothing more", () =>
  withController({}, async ({ store, controller, look }) => {
    for (const nonsense of ["x\r\n\r\n", answer("7"), answer("{}", "500 No")]) {
      const before = store.nonsensical;
      store.nonsense = nonsense;
      await look(() => store.nonsensical > before && controller.status.state !== "running");
    }
    store.nonsense = undefined;
    await look(() => controller.status.state === "running");
  }));

Deno.test("an Engine of this very machine gets no client", () =>
  withController({ isLocal: () => Promise.resolve(true) }, async ({ store, controller, look }) => {
    await look(() => controller.status.state === "not-required");
    assert.deepEqual(store.steps, ["no key"]);
  }));

/** A client that the user has started, which cannot have the interface while another has it. */
const EXTERNAL: FakeContainer = {
  name: "second",
  Image: "mac-docker-connector",
  Labels: {},
  Env: [],
  HostConfig: { NetworkMode: "host" },
  state: "running",
};

Deno.test("a container of the user's does not replace the managed one that runs", () =>
  withController({}, async ({ store, controller, look }) => {
    await look(() => controller.status.state === "running");
    const before = store.steps.length;
    for (const [id, state] of [["8", "running"], ["9", "restarting"]] as const) {
      store.containers.set(id, { ...EXTERNAL, state });
      const demands = store.steps.length;
      await look(() => store.steps.length > demands);
    }
    assert.deepEqual([controller.status.state, store.steps.slice(before)], ["running", ["key", "key"]]);
  }));

Deno.test("one that cannot work does not keep a client from being made", () =>
  withController({}, async ({ store, controller, look }) => {
    store.containers.set("8", { ...EXTERNAL, state: "restarting" });
    store.containers.set("9", { ...EXTERNAL, HostConfig: { NetworkMode: "default" } });
    await look(() => controller.status.state === "running");
    assert.ok(store.steps.includes("key"));
  }));

Deno.test("the user's client is used while the managed one does not run, which is removed", () =>
  withController({}, async ({ store, controller, look }) => {
    const Labels = { "docker-connector": "kept", "docker-connector.settings": "f" };
    store.containers.set("8", EXTERNAL);
    store.containers.set("9", { ...EXTERNAL, name: "mac-connector", Labels, state: "exited" });
    await look(() => controller.status.state === "external");
    assert.deepEqual(store.steps, ["no key", "POST /containers/9/stop", "DELETE /containers/9"]);
  }));

Deno.test("an existing container whose machine has lost the device is made again without it", () =>
  withController({}, async ({ store, controller, look }) => {
    await look(() => controller.status.state === "running");
    const made = store.containers.get("1") ?? assert.fail("nothing was made");
    made.state = "exited";
    store.refusal = ({ HostConfig }) =>
      HostConfig?.Devices?.length === 0
        ? undefined
        : 'adding custom device "/dev/net/tun": no such file or directory';
    await look(() => store.containers.has("2") && controller.status.state === "running");
    assert.deepEqual([...store.containers.keys()], ["2"]);
  }));

Deno.test("a full disk is no lack of the device", () =>
  withController({}, async ({ store, controller, look }) => {
    store.refusal = () => "mkdir /var/lib/docker/overlay2/x: no space left on device";
    await look(() => controller.status.fault !== undefined);
    assert.deepEqual([...store.containers.keys()], ["1"]);
    assert.equal(store.containers.get("1")?.HostConfig?.Devices?.length, 1);
  }));

Deno.test("the events of its own failed starts do not hasten the next one", () =>
  withController({}, async ({ store, controller, look }) => {
    const starts: number[] = [];
    store.refusal = () => {
      starts.push(performance.now());
      if (starts.length === 3) return undefined;
      // The Engine tells of the attempt, before it answers and a little later.
      controller.wake();
      for (const later of [10, 500, 900]) setTimeout(() => controller.wake(), later);
      return "no";
    };
    await look(() => controller.status.state === "running");
    const [first = 0, second = 0, third = 0] = starts;
    assert.ok(second - first >= 990, `${second - first} ms`);
    assert.ok(third - second >= 1_990, `${third - second} ms`);
  }));

Deno.test("one that ends soon after each start is started with pauses, and that is told", () =>
  withController({}, async ({ store, controller, lines, look }) => {
    await look(() => controller.status.state === "running");
    const made = store.containers.get("1") ?? assert.fail("nothing was made");
    const starts = () => store.steps.filter((step) => step.endsWith("/start")).length;
    for (let free = 2; free <= 4; free++) {
      made.state = "exited";
      await look(() => starts() === free && controller.status.state === "running");
    }
    made.state = "exited";
    await look(() => controller.status.state === "restarting");
    assert.equal(starts(), 4);
    assert.match(lines.join(""), /client container ends soon after each start; docker logs mac-connector/);
    const before = performance.now();
    await look(() => controller.status.state === "running");
    assert.ok(performance.now() - before >= 500, "it was not waited for");
  }));

Deno.test("where no client is required the managed one is removed", () =>
  withController({ isLocal: () => Promise.resolve(true) }, async ({ store, controller, look }) => {
    const Labels = { "docker-connector": "kept" };
    store.containers.set("9", { ...EXTERNAL, name: "mac-connector", Labels });
    await look(() => controller.status.state === "not-required");
    assert.deepEqual([...store.containers.keys()], []);
  }));

/** Runs with a record of the ids of running clients; "none" where none runs. */
async function withTold(
  body: (fixture: Fixture & { readonly told: readonly string[] }) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const onRunning = (client: RunningClient | undefined) => void told.push(client?.id ?? "none");
  await withController({ onRunning }, (fixture) => body({ ...fixture, told }));
}

Deno.test("the container that runs is told, also when it was stopped and started, and when the Engine was away", () =>
  withTold(async ({ store, controller, look, told }) => {
    await look(() => told.length === 1);
    const made = store.containers.get("1") ?? assert.fail("nothing was made");
    made.state = "exited";
    await look(() => told.length === 3);
    controller.onDisconnected();
    await look(() => told.length === 5);
    // Nothing is told again as long as nothing changes.
    const { length } = store.steps;
    await look(() => store.steps.length > length);
    // Nor at the end of the run, which ends the paths by itself.
    await controller[Symbol.asyncDispose]();
    assert.deepEqual(told, ["1", "none", "1", "none", "1"]);
  }));

Deno.test("one that is replaced is told until it is removed, then its successor", () =>
  withTold(async ({ store, look, told }) => {
    const Labels = { "docker-connector": "kept" };
    store.containers.set("9", { ...EXTERNAL, name: "mac-connector", Labels });
    await look(() => told.length === 3);
    assert.deepEqual(told, ["9", "none", "1"]);
    assert.deepEqual([...store.containers.keys()], ["1"]);
  }));

Deno.test("the user's own client is told while it is not paused, and none where a container is in the way", () =>
  withTold(async ({ store, look, told }) => {
    const external = { ...EXTERNAL };
    store.containers.set("8", external);
    await look(() => told.length === 1);
    external.state = "paused";
    await look(() => told.length === 2);
    external.state = "running";
    await look(() => told.length === 3);
    store.containers.set("8", { ...EXTERNAL, name: "mac-connector", state: "exited" });
    await look(() => told.length === 4);
    assert.deepEqual(told, ["8", "none", "8", "none"]);
  }));

Deno.test("where no client is required none is told, nor a container that cannot start", async () => {
  const told: unknown[] = [];
  const onRunning = (client: RunningClient | undefined) => void told.push(client);
  await withController({ onRunning, isLocal: () => Promise.resolve(true) }, async ({ controller, look }) => {
    await look(() => controller.status.state === "not-required");
  });
  await withController({ onRunning }, async ({ store, controller, look }) => {
    store.refusal = () => "no";
    await look(() => controller.status.fault !== undefined);
  });
  assert.deepEqual(told, []);
});
