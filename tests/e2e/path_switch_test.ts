/** Connections while packets change from one path to another: when the user wants it, and when a path fails. */
import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { IdleConnections } from "../topology/idle_connections.ts";
import { Namespace } from "../topology/namespace.ts";
import type { Network, NetworkOptions } from "../topology/network.ts";
import { mustRun } from "../topology/process.ts";
import { Transfer } from "../topology/transfer.ts";
import { SERVER_PORT } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const isContinuous = Deno.env.get("CI") === "true";
/** Bytes of the transfer that goes on meanwhile, and how many of them a second, so that it lasts for all changes. */
const BYTES = isContinuous ? 200_000_000 : 1_000_000_000;
const RATE = isContinuous ? 6_000_000 : 30_000_000;
/** Bytes of one that is as fast as it can be. */
const UNPACED_BYTES = isContinuous ? 300_000_000 : 1_000_000_000;
const CHANGES = 20;
const CONNECTIONS = 200;

/** Milliseconds from the moment at which a path fails until another one has its traffic (docs/internals/paths.md). */
const TAKEOVER_LIMIT = 2_000;
/** What TCP may need after that to send again: its timer doubles while nothing comes (RFC 6298 section 5.5). */
const RESUME_LIMIT = 2 * TAKEOVER_LIMIT;
/** Milliseconds until a path that failed is used again: its client has to find the server there, and then to answer for 10 s. */
const RETURN_LIMIT = 60_000;
/** The same where the client has stayed with the server's address meanwhile, since it reaches it by the Engine's path. */
const SOON_LIMIT = 15_000;

type PathKind = ServerStatus["paths"]["list"][number]["kind"];

/** A scene whose server uses one path, while another one works as well, with a container whose namespace is known. */
interface SwitchScene {
  readonly scene: EngineScene;
  readonly network: Network;
  readonly container: Namespace;
  readonly address: string;
  /** Bytes from the container to the desktop. */
  transfer(bytes: number, rate: number): Promise<Transfer>;
  step(name: string, body: () => Promise<void>): Promise<boolean>;
}

function switchTest(
  name: string,
  links: Pick<NetworkOptions, "link" | "direct">,
  body: (context: SwitchScene) => Promise<void>,
): void {
  networkTest(name, { containers: [], ...links }, async (network, t) => {
    await using scene = await EngineScene.start(network, DEFAULT_ENGINE);
    const address = await scene.machine.runPage("page", "--restart", "always");
    const pid = await scene.docker("inspect --format {{.State.Pid}} page");
    const container = await Namespace.attach(`${network.prefix}-page`, pid);
    await scene.answers(address, "page");
    await body({
      scene,
      network,
      container,
      address,
      transfer: (bytes, rate) => Transfer.start({ from: container, address, to: network.mac, bytes, rate }),
      step: (title, run) => t.step(title, () => scene.withTranscript(run)),
    });
    console.log(scene.times.map((line) => `  ${line}`).join("\n"));
  }, DEFAULT_ENGINE.needs);
}

/** Waits until both paths work and this one is in use. */
async function settle(scene: EngineScene, used: PathKind): Promise<void> {
  await scene.server.waitForStatus(
    `${used} is in use, and another path works`,
    ({ paths }) => paths.inUse === used && paths.list.some(({ state }) => state === "standby"),
    RETURN_LIMIT,
  );
}

/** Process ids of the machine's programs of this name. */
async function pidsOf({ vm }: Network, name: string): Promise<number[]> {
  const pids = (await mustRun(["ip", "netns", "pids", vm.name])).split("\n").filter((line) => line !== "");
  const names = await Promise.all(
    pids.map((pid) => Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "")),
  );
  return pids.filter((_, index) => names[index]?.trim() === name).map(Number);
}

/** Freezes the Engine, and with it every stream through it, or lets it go on. */
async function freezeEngine(network: Network, isFrozen: boolean): Promise<void> {
  const pids = await pidsOf(network, "dockerd");
  assert.ok(pids.length > 0, "no dockerd runs");
  for (const pid of pids) Deno.kill(pid, isFrozen ? "SIGSTOP" : "SIGCONT");
}

/** Changes from path to path beside a transfer and idle connections, each as soon as packets have gone by the one before. */
async function changeUnderLoad(
  context: SwitchScene,
  cycle: readonly PathKind[],
  changes = CHANGES,
): Promise<void> {
  const { scene, network, container, address, transfer, step } = context;
  const prefer = async (path: PathKind) => {
    const start = performance.now();
    await Deno.writeTextFile(scene.configFile, `path ${path}\n`);
    return await scene.uses(path, start);
  };
  const hasLink = cycle.includes("direct");
  /** Packets that came to the desktop: through the tunnel, and by the second link. */
  const arrived = async () => {
    const { counters } = await scene.server.status() ?? assert.fail("the server has no status");
    if (!hasLink) return counters.inbound.packets;
    const [link] = JSON.parse(await network.mac.ip("-stats", "-json", "link", "show", "eth1"));
    return counters.inbound.packets + Number(link.stats64.rx.packets);
  };
  const at = (change: number) => cycle[change % cycle.length] ?? assert.fail("there is no path");

  await step(`${CONNECTIONS} idle connections and a transfer survive ${changes} changes`, async () => {
    await using idle = await IdleConnections.open({
      from: network.mac,
      to: container,
      address,
      count: CONNECTIONS,
    });
    const total = BYTES * changes / CHANGES;
    await using running = await transfer(total, RATE);
    const took: number[] = [];
    for (let change = 0; change < changes; change++) {
      const before = await arrived();
      took.push(await prefer(at(change)));
      // Some packets have to go by the path before the next change.
      await waitUntil("packets come", async () => await arrived() > before + 200);
    }
    assert.ok(running.running, "the transfer has ended before the last change");
    const { bytes, seconds, longestGapMs } = await running.finish(120_000);
    assert.equal(bytes, total);
    assert.equal(await idle.ask(), CONNECTIONS);
    const ordered = took.toSorted((a, b) => a - b);
    scene.times.push(
      `${changes} changes, ${
        ordered[Math.floor(changes / 2)]
      } ms in the median after the config file was written, ${ordered.at(-1)} ms at most`,
      `${bytes / 1e6} MB in ${seconds.toFixed(1)} s, nothing came for ${longestGapMs.toFixed()} ms at most`,
    );
  });

  // Without a tunnel it is over before the second change.
  if (hasLink) return;
  await step("and so does a connection that is as fast as it can be", async () => {
    await using running = await transfer(UNPACED_BYTES, 0);
    let made = 0;
    while (running.running && made < changes) await prefer(at(made++));
    const { seconds, longestGapMs } = await running.finish(120_000);
    scene.times.push(
      `${UNPACED_BYTES / 1e6} MB unpaced in ${
        seconds.toFixed(1)
      } s with ${made} changes, nothing came for ${longestGapMs.toFixed()} ms at most`,
    );
  });
}

switchTest("packets change paths as the user wants, under load", { link: "user-space" }, async (context) => {
  await settle(context.scene, "engine");
  await changeUnderLoad(context, ["udp", "engine"]);
});

switchTest("packets change among three paths", { link: "veth", direct: true }, async (context) => {
  await settle(context.scene, "direct");
  await changeUnderLoad(context, ["udp", "engine", "direct"], isContinuous ? 9 : CHANGES);
});

switchTest(
  "behind a network in user space another path takes over",
  { link: "user-space" },
  async (context) => {
    const { scene, network, container, address, transfer, step } = context;
    await settle(scene, "engine");
    await using idle = await IdleConnections.open({ from: network.mac, to: container, address, count: 20 });

    /** Measures what a failure does to a transfer: when the other path is in use, and how long nothing comes. */
    const failure = async (what: string, to: PathKind, fail: () => Promise<void>) => {
      await using running = await transfer(60_000_000, 5_000_000);
      const start = performance.now();
      await fail();
      const took = await scene.uses(to, start);
      const { longestGapMs } = await running.finish();
      scene.times.push(
        `${what}: ${to} is used after ${took} ms, nothing came for ${longestGapMs.toFixed()} ms at most`,
      );
      assert.ok(took <= TAKEOVER_LIMIT + 100, `${to} is used after ${took} ms`);
      assert.ok(longestGapMs <= RESUME_LIMIT, `nothing came for ${longestGapMs} ms`);
    };

    await step("when the Engine freezes", async () => {
      try {
        await failure("the Engine freezes", "udp", () => freezeEngine(network, true));
      } finally {
        await freezeEngine(network, false);
      }
    });

    await step("the Engine's path comes back when it has held", async () => {
      const took = await scene.uses("engine", performance.now(), RETURN_LIMIT);
      scene.times.push(`the Engine's path is used again ${took} ms after the Engine went on`);
      assert.ok(took >= 9_000, `it had held for ${took} ms only`);
    });

    await step("when UDP fails while the Engine's path is not trusted yet", async () => {
      try {
        await failure("the Engine freezes again", "udp", () => freezeEngine(network, true));
      } finally {
        await freezeEngine(network, false);
      }
      await scene.server.waitForStatus(
        "the engine path answers",
        ({ paths }) => paths.list.some(({ kind, state }) => kind === "engine" && state === "recovering"),
      );
      await failure("UDP is dropped", "engine", () => network.userSpace.dropUdp(true));
      await network.userSpace.dropUdp(false);
    });

    await step("and idle connections have survived all of it", async () => {
      assert.equal(await idle.ask(), 20);
    });
  },
);

switchTest("on the system's own network another path takes over", { link: "veth" }, async (context) => {
  const { scene, network, transfer, step } = context;
  const rule = (act: "-A" | "-D", chain: "INPUT" | "OUTPUT", port: "--dport" | "--sport") =>
    network.mac.exec(["iptables", act, chain, "-p", "udp", port, String(SERVER_PORT), "-j", "DROP"]);
  const dropUdp = async (act: "-A" | "-D") => {
    await rule(act, "INPUT", "--dport");
    await rule(act, "OUTPUT", "--sport");
  };

  await step("UDP is used there", async () => {
    await settle(scene, "udp");
    const { paths } = await scene.server.status() ?? assert.fail("the server has no status");
    scene.times.push(`udp is used: ${paths.reason}`);
  });

  await step("when UDP is dropped", async () => {
    await using running = await transfer(60_000_000, 5_000_000);
    const start = performance.now();
    await dropUdp("-A");
    const took = await scene.uses("engine", start);
    const { longestGapMs } = await running.finish();
    scene.times.push(
      `UDP is dropped: engine is used after ${took} ms, nothing came for ${longestGapMs.toFixed()} ms at most`,
    );
    assert.ok(took <= TAKEOVER_LIMIT + 100, `it took ${took} ms`);
    assert.ok(longestGapMs <= RESUME_LIMIT, `nothing came for ${longestGapMs} ms`);
  });

  await step("UDP comes back when it has held", async () => {
    const start = performance.now();
    await dropUdp("-D");
    const took = await scene.uses("udp", start, SOON_LIMIT);
    scene.times.push(`udp is used again ${took} ms after it passed again`);
    assert.ok(took >= 9_000, `it had held for ${took} ms only`);
  });
});
