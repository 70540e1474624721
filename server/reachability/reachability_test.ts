import assert from "node:assert/strict";
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import type { PathKind } from "../../core/path/path_kind.ts";
import type { Candidate, ProbedNetwork } from "../../core/reachability/probed_network.ts";
import type { RepairStep } from "../../core/reachability/repair_sequence.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { LargePackets } from "./large_packets.ts";
import { Reachability } from "./reachability.ts";

const address = (text: string): IpAddress => parseAddress(text) ?? assert.fail(text);
const CLIENT = "192.168.251.1";

/** A tunnel to two networks whose parts a test breaks. */
class World {
  readonly clock = new FakeClock();
  /** Addresses that do not answer. */
  readonly silent = new Set<string>();
  readonly steps: RepairStep[] = [];
  /** Done when a step is taken. */
  onStep = (_step: RepairStep): void => {};
  networks: ProbedNetwork[] = [network("web", "172.20.0.2", "172.20.0.3"), network("db", "172.21.0.2")];
  path: PathKind | undefined = "udp";
  slept = 0;
  asked = 0;
  mtu = 1400;
  /** Bytes of the largest packet that passes to the client and back. */
  passes = 16_000;
  /** Bytes of each large question. */
  readonly sizes: number[] = [];
  searches = 0;
  /** How often other networks were silent than before. */
  changes = 0;
  readonly reachability = new Reachability({
    client: [address(CLIENT)],
    networks: () => this.networks,
    path: () => this.path,
    firewallFault: () => undefined,
    routeOf: () => Promise.resolve({ kind: "tunnel" }),
    probe: {
      ask: async (asked) => {
        this.asked += asked.length;
        const answers = asked.map((one) => !this.silent.has(formatAddress(one.address)));
        await this.#wait(answers.includes(false) ? 1000 : 40);
        return answers;
      },
      [Symbol.dispose]() {},
    },
    large: new LargePackets({
      mtu: () => this.mtu,
      probe: {
        ask: async (_, size) => {
          this.sizes.push(size);
          const isAnswered = !this.silent.has(CLIENT) && size <= this.passes;
          await this.#wait(isAnswered ? 40 : 700);
          return isAnswered ? "answered" : "missed";
        },
        search: async (_, mtu) => {
          this.searches++;
          await this.#wait(1600);
          if (this.silent.has(CLIENT)) return "mute";
          return mtu <= this.passes ? "answered" : { passes: this.passes };
        },
        [Symbol.dispose]() {},
      },
    }),
    port: { fault: undefined, isOn: false, isSuspect: false, ask: async () => {}, [Symbol.dispose]() {} },
    onFaults: () => this.changes++,
    repair: (step) => {
      this.steps.push(step);
      this.onStep(step);
      return Promise.resolve(true);
    },
    slept: () => {
      const { slept } = this;
      this.slept = 0;
      return slept;
    },
    clock: this.clock,
  });

  get faults(): string[] {
    return this.reachability.faults.map(({ text }) => text);
  }

  async #wait(milliseconds: number): Promise<void> {
    const wait = Promise.withResolvers<void>();
    this.clock.after(milliseconds, wait.resolve);
    await wait.promise;
  }

  silence(...addresses: string[]): void {
    for (const each of addresses) this.silent.add(each);
  }

  /** Moves on until that holds; the milliseconds. */
  async until(isSo: () => boolean, limit: number): Promise<number> {
    const start = this.clock.time;
    while (!isSo()) {
      assert.ok(this.clock.time - start < limit, `not within ${limit} ms`);
      await this.clock.advance(100);
    }
    return this.clock.time - start;
  }

  /** Moves on in small steps, as a machine does. */
  async pass(milliseconds: number): Promise<void> {
    for (const end = this.clock.time + milliseconds; this.clock.time < end;) await this.clock.advance(100);
  }
}

function network(name: string, ...addresses: string[]): ProbedNetwork {
  const candidates = addresses.map((text): Candidate => ({
    container: `${name} ${text}`,
    address: address(text),
    port: undefined,
  }));
  return { key: `${name}/4`, name, family: 4, candidates };
}

function worldTest(name: string, body: (world: World) => Promise<void>): void {
  Deno.test(name, async () => {
    const world = new World();
    await body(world);
    const ending = world.reachability[Symbol.asyncDispose]();
    await world.pass(2000);
    await ending;
  });
}

worldTest("a sound tunnel costs three questions in ten seconds, and nothing is done", async (world) => {
  await world.pass(1000);
  world.asked = 0;
  await world.pass(100_000);
  assert.ok(world.asked >= 27 && world.asked <= 33, String(world.asked));
  assert.deepEqual([world.faults, world.steps], [[], []]);
  assert.deepEqual([world.reachability.answering("web"), world.reachability.answering("db")], ["yes", "yes"]);
});

worldTest(
  "a network that falls silent is named within 15 s, whenever that is, and cleared by an answer",
  async (world) => {
    for (let offset = 0; offset < 10_000; offset += 700) {
      await world.pass(20_000 + offset);
      world.silence("172.20.0.2", "172.20.0.3");
      const took = await world.until(() => world.faults.length > 0, 15_000);
      assert.ok(took >= 1900, "two misses a second apart");
      assert.match(
        world.faults.join(),
        /^No container of web answers \(asked 172\.20\.0\.\d\); other networks answer/,
      );
      await world.pass(10_000);
      world.silent.clear();
      await world.until(() => world.faults.length === 0, 11_000);
      assert.equal(world.reachability.answering("web"), "yes");
    }
    assert.deepEqual([...new Set(world.steps)], ["routes", "rules"]);
  },
);

worldTest("a break of the whole way is healed by the first step that does", async (world) => {
  await world.pass(20_000);
  world.silence(CLIENT, "172.20.0.2", "172.20.0.3", "172.21.0.2");
  world.onStep = (step) => {
    if (step === "path") world.silent.clear();
  };
  await world.until(() => world.faults.length === 2, 15_000);
  assert.match(world.faults.join(), /client does not answer at 192\.168\.251\.1 either/);
  const took = await world.until(() => world.faults.length === 0, 15_000);
  assert.ok(took < 10_000);
  await world.pass(60_000);
  assert.deepEqual(world.steps, ["routes", "rules", "path"]);
  assert.equal(world.changes, 2);
});

worldTest("containers that come and go are no break", async (world) => {
  for (let round = 0; round < 60; round++) {
    const last = `172.20.0.${round + 2}`;
    world.networks = [network("web", last), network("db", "172.21.0.2")];
    world.reachability.changed();
    await world.pass(300 + round * 37 % 1700);
    // It falls silent a moment before the Engine says that it is gone.
    world.silence(last);
    await world.pass(round * 53 % 900);
  }
  assert.deepEqual([world.faults, world.steps], [[], []]);
});

worldTest("another container that answers stands for its network", async (world) => {
  await world.pass(20_000);
  world.silence("172.20.0.2");
  await world.pass(60_000);
  assert.equal(world.reachability.answering("web"), "yes");
  assert.deepEqual([world.faults, world.steps], [[], []]);
});

worldTest("without a path, or an Engine, nothing is asked and nothing known", async (world) => {
  await world.pass(20_000);
  world.path = undefined;
  world.silence(CLIENT, "172.20.0.2", "172.20.0.3", "172.21.0.2");
  await world.pass(12_000);
  world.asked = 0;
  await world.pass(60_000);
  assert.deepEqual([world.asked, world.faults, world.steps], [0, [], []]);
  assert.equal(world.reachability.answering("web"), "unknown");
  world.path = "engine";
  world.silent.clear();
  world.reachability.changed();
  await world.until(() => world.reachability.answering("web") === "yes", 1000);
});

worldTest("what was asked while packets changed paths tells nothing by its silence", async (world) => {
  await world.pass(20_000);
  for (let round = 0; round < 20; round++) {
    world.silence("172.20.0.2", "172.20.0.3");
    world.reachability.changed();
    await world.pass(1200);
    world.path = round % 2 === 0 ? "engine" : "udp";
    world.silent.clear();
    await world.pass(2500);
  }
  assert.deepEqual([world.faults, world.steps], [[], []]);
});

worldTest("after a sleep of the machine it waits before it asks", async (world) => {
  await world.pass(20_000);
  world.slept = 3_600_000;
  world.silence(CLIENT, "172.20.0.2", "172.20.0.3", "172.21.0.2");
  await world.until(() => world.slept === 0, 11_000);
  await world.pass(2000);
  world.silent.clear();
  await world.pass(30_000);
  assert.deepEqual([world.faults, world.steps], [[], []]);
});

worldTest("a machine without containers is asked nothing until there is one", async (world) => {
  world.networks = [];
  await world.pass(15_000);
  world.asked = 0;
  await world.pass(60_000);
  assert.equal(world.asked, 0);
  world.networks = [network("web", "172.20.0.2")];
  world.reachability.changed();
  await world.until(() => world.reachability.answering("web") === "yes", 1000);
});

worldTest(
  "large packets that are lost are named within 15 s, whenever that is, and pass again",
  async (world) => {
    for (let offset = 0; offset < 10_000; offset += 700) {
      await world.pass(20_000 + offset);
      world.passes = 1272;
      const { searches } = world;
      const took = await world.until(() => world.faults.length > 0, 15_000);
      assert.ok(took >= 2000, "three misses a second apart");
      assert.deepEqual(world.faults, ["Packets of 1400 bytes are lost, those of 1272 bytes pass"]);
      await world.pass(60_000);
      assert.equal(world.searches, searches + 1, "it is searched once for a break");
      world.passes = 16_000;
      await world.until(() => world.faults.length === 0, 11_000);
    }
    assert.deepEqual(world.steps, []);
  },
);

worldTest("a large packet that is lost now and then is no fault", async (world) => {
  await world.pass(20_000);
  for (let round = 0; round < 20; round++) {
    world.passes = 1272;
    await world.pass(900 + round * 37);
    world.passes = 16_000;
    await world.pass(10_000 + round * 311);
  }
  assert.deepEqual([world.faults, world.changes], [[], 0]);
});

worldTest("the question is as long as the interface takes, whatever the path", async (world) => {
  await world.pass(20_000);
  world.passes = 1400;
  for (let round = 0; round < 30; round++) {
    const isEngine = round % 2 === 0;
    // The path is another one at once, what it carries and the interface a moment later, and before its probes.
    world.path = isEngine ? "engine" : "udp";
    if (!isEngine) world.passes = 1400;
    world.reachability.changed();
    await world.pass(300 + round * 53 % 700);
    if (isEngine) world.passes = 16_000;
    world.mtu = isEngine ? 16_000 : 1400;
    await world.pass(round * 701 % 9000);
  }
  assert.deepEqual([world.faults, world.changes], [[], 0]);
  assert.deepEqual([...new Set(world.sizes)].sort(), [1400, 16_000]);
});

worldTest("another path ends the fault, which is that of the one before", async (world) => {
  await world.pass(20_000);
  world.passes = 1272;
  await world.until(() => world.faults.length > 0, 15_000);
  world.path = "engine";
  world.passes = 16_000;
  world.reachability.changed();
  await world.until(() => world.faults.length === 0, 3000);
});

worldTest("where nothing passes any more, lost large packets are not told beside it", async (world) => {
  await world.pass(20_000);
  world.passes = 1272;
  await world.until(() => world.faults.length > 0, 15_000);
  world.silence(CLIENT, "172.20.0.2", "172.20.0.3", "172.21.0.2");
  await world.until(() => world.faults.length === 2, 15_000);
  assert.ok(world.faults.every((text) => text.startsWith("No container of")), world.faults.join());
});
