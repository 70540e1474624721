import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import type { ContainerBridge, DirectPeer, FirewallSpec } from "../../core/firewall/desired_rules.ts";
import type { Prefix } from "../../core/net/prefix.ts";
import type { Firewall, FirewallState } from "../../system/firewall/firewall_linux.ts";
import type { NetworkPair } from "./bridge_pairs.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address, prefix } from "../../tests/literals.ts";
import { FirewallReconciler } from "./firewall_reconciler.ts";

const OPEN: FirewallState = {
  backends: ["iptables-nft"],
  rules: 4,
  inserted: 0,
  deleted: 0,
  fault: undefined,
};

/** A firewall that is played by the test, and the reconciler of it. */
class Scene implements AsyncDisposable {
  readonly specs: FirewallSpec[] = [];
  readonly ends: string[] = [];
  fingerprint: string | undefined = "1";
  state: FirewallState | Error = OPEN;
  pairs: NetworkPair[] = [];
  bridges: ContainerBridge[] = [];
  sources: Prefix[] = [];
  direct: DirectPeer[] = [];
  refusesDirect = false;
  readonly reconciler: FirewallReconciler;
  readonly #clock = new FakeClock();
  #quickChecks = 0;

  constructor() {
    const firewall: Firewall = {
      fingerprint: () => {
        this.#quickChecks++;
        return this.fingerprint;
      },
      ensure: (desired) => {
        this.specs.push(desired);
        const state = this.refusesDirect && desired.direct !== undefined
          ? { ...OPEN, fault: new OperationError("io", "Cannot x: no such match") }
          : this.state;
        return state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
      },
      clear: () => {
        this.ends.push("cleared");
        return Promise.resolve({ ...OPEN, backends: [], rules: 0 });
      },
      [Symbol.dispose]: () => void this.ends.push("closed"),
    };
    this.reconciler = new FirewallReconciler({
      firewall,
      bridges: () => this.bridges,
      pairs: () => this.pairs,
      interfaceName: "connector0",
      chain: "DOCKER-USER",
      sources: () => this.sources,
      direct: () => this.direct.length === 0 ? {} : { direct: this.direct },
      clock: this.#clock,
    });
  }

  /** Resolves after so many more quick checks. */
  quickChecks(count: number): Promise<void> {
    const end = this.#quickChecks + count;
    return this.until(() => this.#quickChecks >= end);
  }

  /** Lets time pass until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let step = 0; !condition(); step++) {
      assert.ok(step < 1000, "the condition never held");
      await this.#clock.advance(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reconciler[Symbol.asyncDispose]();
  }
}

function bridge(name: string, subnet: string): ContainerBridge {
  return { name, subnets: [prefix(subnet)] };
}

function pair(a: string, b: string): NetworkPair {
  return { a: address(a), b: address(b) };
}

Deno.test("rules are looked at when something has changed, and not otherwise", async () => {
  await using scene = new Scene();
  scene.reconciler.wake();
  await scene.quickChecks(5);
  assert.equal(scene.specs.length, 1);
  scene.fingerprint = "2";
  await scene.quickChecks(5);
  assert.equal(scene.specs.length, 2);
});

Deno.test("where changes cannot be told, and after a fault, rules are looked at again and again", async () => {
  for (
    const change of [{ fingerprint: undefined }, { state: { ...OPEN, fault: new OperationError("io", "x") } }]
  ) {
    await using scene = new Scene();
    Object.assign(scene, change);
    scene.reconciler.wake();
    await scene.until(() => scene.specs.length >= 3);
  }
});

Deno.test("the status tells the rules, each pair's state, and the fault", async () => {
  await using scene = new Scene();
  const status = () => scene.reconciler.status;
  assert.deepEqual(status(), { state: "waiting", backend: null, rules: 0, pairs: [] });
  scene.pairs = [pair("172.18.0.0", "172.19.0.0"), pair("172.18.0.0", "172.20.0.0")];
  scene.bridges = [bridge("br-1", "172.18.0.0/16"), bridge("br-2", "172.19.0.0/16")];
  scene.reconciler.wake();
  await scene.quickChecks(2);
  const [connected, waiting] = [
    { a: "172.18.0.0", b: "172.19.0.0", state: "connected" },
    { a: "172.18.0.0", b: "172.20.0.0", state: "waiting" },
  ];
  assert.deepEqual(status(), {
    state: "open",
    backend: "iptables-nft",
    rules: 4,
    pairs: [connected, waiting],
  });
  assert.deepEqual(scene.specs.at(-1)?.pairs.flat().map(({ name }) => name), ["br-1", "br-2"]);

  scene.fingerprint = "2";
  scene.state = { ...OPEN, backends: [], rules: 0, fault: new OperationError("io", "Cannot x: y", "Do z") };
  await scene.quickChecks(2);
  const { backend, fault, remedy } = status();
  assert.deepEqual([backend, fault, remedy], [null, "Cannot x: y", "Do z"]);
  assert.deepEqual(status().pairs, [{ ...connected, state: "waiting" }, waiting]);
});

Deno.test("a pair whose networks are not there is told though no rule follows from it", async () => {
  await using scene = new Scene();
  scene.reconciler.wake();
  await scene.quickChecks(2);
  scene.pairs = [pair("172.18.0.0", "172.19.0.0")];
  await scene.quickChecks(2);
  assert.equal(scene.specs.length, 1);
  assert.deepEqual(scene.reconciler.status.pairs.map(({ state }) => state), ["waiting"]);
});

Deno.test("a virtual network that comes later is noticed", async () => {
  await using scene = new Scene();
  scene.reconciler.wake();
  await scene.quickChecks(2);
  scene.sources = [...bridge("", "fdc0:c0de:251::1/64").subnets];
  await scene.quickChecks(2);
  assert.deepEqual(scene.specs.map(({ sources }) => sources.length), [0, 1]);
});

Deno.test("a network's new bridge is noticed, though the rules are as they were", async () => {
  await using scene = new Scene();
  scene.pairs = [pair("172.18.0.0", "172.19.0.0")];
  scene.bridges = [bridge("br-1", "172.18.0.0/16"), bridge("br-2", "172.19.0.0/16")];
  scene.reconciler.wake();
  await scene.quickChecks(3);
  scene.bridges = [bridge("br-1", "172.18.0.0/16"), bridge("br-3", "172.19.0.0/16")];
  await scene.quickChecks(3);
  assert.deepEqual(scene.specs.map(({ pairs }) => pairs.flat().map(({ name }) => name).join()), [
    "br-1,br-2",
    "br-1,br-3",
  ]);
});

Deno.test("a desktop on a link is let in once its rules are there", async () => {
  await using scene = new Scene();
  const peer = { interfaceName: "eth1", source: address("192.168.251.2"), mac: "02:00:5e:10:00:01" };
  scene.reconciler.wake();
  await scene.quickChecks(2);
  assert.equal(scene.reconciler.lets(peer), false);
  scene.direct = [peer];
  await scene.quickChecks(2);
  assert.equal(scene.reconciler.lets(peer), true);
  assert.equal(scene.reconciler.lets({ ...peer, mac: "02:00:5e:10:00:02" }), false);
  scene.direct = [];
  await scene.quickChecks(2);
  assert.equal(scene.reconciler.lets(peer), false);
});

Deno.test("rules for a desktop on a link that this machine refuses do not keep the others out", async () => {
  await using scene = new Scene();
  const peer = { interfaceName: "eth1", source: address("192.168.251.2"), mac: "02:00:5e:10:00:01" };
  Object.assign(scene, { direct: [peer], refusesDirect: true });
  scene.reconciler.wake();
  await scene.quickChecks(2);
  assert.equal(scene.reconciler.lets(peer), false);
  assert.deepEqual(scene.reconciler.status, { state: "open", backend: "iptables-nft", rules: 4, pairs: [] });
  assert.deepEqual(scene.specs.map(({ direct }) => direct?.length), [1, undefined]);
});

Deno.test("what fails does not end the reconciler", async () => {
  await using scene = new Scene();
  scene.state = new Error("odd");
  scene.reconciler.wake();
  await scene.until(() => scene.specs.length >= 2);
  assert.match(scene.reconciler.status.fault ?? "", /odd/);
  scene.state = OPEN;
  await scene.until(() => scene.reconciler.status.fault === undefined);
});

Deno.test("at the end the rules are taken out, then nothing happens any more", async () => {
  const scene = new Scene();
  scene.reconciler.wake();
  await scene.quickChecks(2);
  await scene[Symbol.asyncDispose]();
  assert.deepEqual(scene.ends, ["cleared", "closed"]);
  const { length } = scene.specs;
  scene.fingerprint = "9";
  scene.reconciler.wake();
  assert.equal(scene.specs.length, length);
});
