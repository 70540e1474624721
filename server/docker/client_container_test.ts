import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { answer } from "../../tests/fakes/engine.ts";
import { type FakeContainer, withController, withTold } from "./client_container_fixture.ts";
import type { RunningClient } from "./container_controller.ts";

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
