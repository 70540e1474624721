import assert from "node:assert/strict";
import { answer, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import type { Clock } from "../../core/async/clock.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { ContainerList } from "./container_list.ts";

const idOf = (digit: string) => digit.repeat(64);

/** The containers of an Engine, by a digit of their id: name and address. */
class Machine {
  readonly containers = new Map<string, { name: string; address: string }>();
  /** Requests so far, each as the part of the target that differs. */
  readonly requests: string[] = [];
  /** Containers that the list does not show yet. */
  readonly hidden = new Set<string>();
  isBroken = false;
  /** A container that the Engine fails to describe. */
  broken = "";

  respond(target: string): string {
    const place = target.replace(/^\/v[\d.]+\/containers\//, "").replace(/\/json$/, "");
    this.requests.push(place === "json" ? "list" : place[0] ?? "");
    if (this.isBroken) return answer('{"message":"broken"}', "500 Broken");
    if (place === "json") {
      const shown = [...this.containers].filter(([digit]) => !this.hidden.has(digit));
      return answer(JSON.stringify(shown.map(([digit, { name, address }]) => ({
        Id: idOf(digit),
        Names: [`/${name}`],
        State: "running",
        NetworkSettings: { Networks: { bridge: { IPAddress: address } } },
      }))));
    }
    if (place[0] === this.broken) return answer('{"message":"broken"}', "500 Broken");
    const container = this.containers.get(place[0] ?? "");
    if (container === undefined) return answer("{}", "404 Not Found");
    return answer(JSON.stringify({
      Id: place,
      Name: `/${container.name}`,
      State: { Status: "running" },
      Config: { Image: "x" },
      NetworkSettings: { Networks: { bridge: { NetworkID: "n", IPAddress: container.address } } },
    }));
  }
}

/** Runs a test with a list and its Engine; `next` waits for the next change and gives the names. */
async function withList(
  body: (
    machine: Machine,
    list: ContainerList,
    engine: EngineClient,
    next: () => Promise<string>,
  ) => Promise<void>,
  clock: Clock = SYSTEM_CLOCK,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const machine = new Machine();
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      await connection.write(target === "/version" ? answer(VERSION) : machine.respond(target));
    });
    await using list = new ContainerList(clock);
    const engine = await EngineClient.connect(fake.path);
    let changed = Promise.withResolvers<void>();
    using _listener = list.onChange(() => changed.resolve());
    const next = async () => {
      await changed.promise;
      changed = Promise.withResolvers<void>();
      return list.containers.map(({ name }) => name).join(" ");
    };
    await body(machine, list, engine, next);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the list has what runs, and an event reads the container that it names alone", () =>
  withList(async (machine, list, engine, next) => {
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    machine.containers.set("b", { name: "db", address: "172.17.0.3" });
    list.setEngine(engine);
    assert.equal(await next(), "db web");
    machine.requests.length = 0;
    machine.containers.set("a", { name: "shop", address: "172.17.0.2" });
    list.changed(idOf("a"));
    assert.equal(await next(), "db shop");
    machine.containers.delete("b");
    list.changed(idOf("b"));
    assert.equal(await next(), "shop");
    assert.deepEqual(machine.requests, ["a", "b"]);
  }));

Deno.test("one that has just started is kept, although the list does not show it yet", () =>
  withList(async (machine, list, engine, next) => {
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    machine.hidden.add("a");
    list.setEngine(engine);
    list.changed(idOf("a"));
    assert.equal(await next(), "web");
    machine.containers.set("b", { name: "db", address: "172.17.0.3" });
    list.setEngine(engine);
    assert.equal(await next(), "db web");
  }));

Deno.test("what no event told is seen when all are listed again, and no more than that is read", () =>
  withList(async (machine, list, engine, next) => {
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    machine.containers.set("b", { name: "db", address: "172.17.0.3" });
    list.setEngine(engine);
    await next();
    machine.requests.length = 0;
    machine.containers.set("a", { name: "web", address: "172.17.0.9" });
    list.changed(undefined);
    await next();
    assert.deepEqual(machine.requests, ["list", "a"]);
  }));

Deno.test("an Engine that fails for a while is asked again for what is missing", () =>
  withList(async (machine, list, engine, next) => {
    machine.isBroken = true;
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    list.setEngine(engine);
    while (machine.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    machine.isBroken = false;
    assert.equal(await next(), "web");
  }));

Deno.test("a container that the Engine fails to describe keeps the others from nothing", () =>
  withList(async (machine, list, engine, next) => {
    machine.broken = "a";
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    machine.containers.set("b", { name: "db", address: "172.17.0.3" });
    list.setEngine(engine);
    assert.equal(await next(), "db");
    machine.broken = "";
    assert.equal(await next(), "db web");
  }));

Deno.test("the list outlives a restart of the Engine, and is empty when it stays away", async () => {
  const timers = new Set<() => void>();
  const clock: Clock = {
    ...SYSTEM_CLOCK,
    now: () => SYSTEM_CLOCK.now(),
    wallClock: () => SYSTEM_CLOCK.wallClock(),
    after: (_milliseconds, callback) => {
      timers.add(callback);
      return { [Symbol.dispose]: () => void timers.delete(callback) };
    },
  };
  await withList(async (machine, list, engine, next) => {
    machine.containers.set("a", { name: "web", address: "172.17.0.2" });
    list.setEngine(engine);
    await next();
    list.onDisconnected();
    assert.equal(list.containers.length, 1);
    assert.equal(timers.size, 1);
    list.setEngine(engine);
    assert.equal(timers.size, 0, "it is back in time");
    list.onDisconnected();
    for (const callback of timers) callback();
    assert.equal(await next(), "");
  }, clock);
});
