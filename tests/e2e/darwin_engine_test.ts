/**
 * What the macOS side of the server asks of the system for one TCP stream on each path, over the double of Apple's C library and
 * behind a network in user space, as on a Mac. It is counted here, with how long it takes on Linux; how long a Mac takes is not
 * known.
 */
import assert from "node:assert/strict";
import { countBetween } from "../../bench/darwin_calls.ts";
import { DARWIN_SERVER, ensureDarwinDouble } from "../../tools/darwin_double.ts";
import { CALLS_VARIABLE, readCalls, RELEASE_VARIABLE } from "../darwin/call_record.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { COMPILER_NEEDS } from "../topology/gate.ts";
import type { Network } from "../topology/network.ts";
import { transfer } from "../topology/transfer.ts";
import { defaultConfig, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Bytes of a stream, and of the one before it that is not counted. */
const BYTES = 80_000_000;
const WARM_UP = 1_000_000;
const MTU = { udp: 1400, engine: 16_000 } as const;
/** How many times fewer packets there are by the Engine's stream, and how many times more bytes a second, at least. */
const MIN_PACKET_GAIN = 4;
const MIN_SPEED_GAIN = 2;
/** Rounds, in each of which both paths have their turn; the median counts. */
const ROUNDS = 3;
const WAYS = ["to a container", "from a container"] as const;

interface Figures {
  /** Of 10^9 bytes. */
  readonly packets: number;
  readonly calls: number;
  /** Gbit/s. */
  readonly speed: number;
}

/** The server over the double, at work in an Engine's network. */
class Scene {
  constructor(
    readonly network: Network,
    readonly engine: EngineScene,
    /** The file with the record of calls. */
    readonly record: string,
  ) {}

  async use(path: keyof typeof MTU): Promise<void> {
    await Deno.writeTextFile(this.engine.configFile, config(this.network, path));
    await this.engine.server.waitForStatus(
      `packets go by ${path}`,
      ({ paths, interface: device, client }) =>
        paths.inUse === path && device.mtu === MTU[path] && client?.version !== undefined,
      20_000,
    );
  }

  async measure(way: typeof WAYS[number]): Promise<Figures> {
    const { mac } = this.network;
    const { namespace, address } = this.network.container();
    const course = way === "to a container"
      ? { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace }
      : { from: namespace, address, to: mac };
    await transfer({ ...course, bytes: WARM_UP });
    const before = await readCalls(this.record);
    const { bytes, seconds } = await transfer({ ...course, bytes: BYTES });
    const { calls, packets } = countBetween(before, await readCalls(this.record));
    const perGigabyte = (count: number) => Math.round(count * 1e9 / bytes);
    return {
      packets: perGigabyte(packets),
      calls: perGigabyte(calls),
      speed: Number((bytes * 8 / seconds / 1e9).toFixed(2)),
    };
  }
}

function config(network: Network, path: string): string {
  return `${defaultConfig(network)}path ${path}\n`;
}

function medians(all: readonly Figures[]): Figures {
  const median = (name: keyof Figures) =>
    all.map((figures) => figures[name]).sort((a, b) => a - b)[all.length >> 1] ?? 0;
  return { packets: median("packets"), calls: median("calls"), speed: median("speed") };
}

/** @param minCallGain how many times fewer calls there are: datagrams in batches cost few already */
function test(title: string, release: string, minCallGain: number): void {
  networkTest(
    `a stream by the Engine beside one of datagrams, as ${title} carries it`,
    { containers: [1], link: "user-space" },
    async (network, t) => {
      await ensureDarwinDouble();
      const programs = `${network.folder}/programs`;
      await Deno.mkdir(programs);
      await Deno.symlink(DARWIN_SERVER, `${programs}/docker-connector`);
      const record = `${network.folder}/calls`;
      await using engine = await EngineScene.prepare(network, DEFAULT_ENGINE);
      await engine.startServer({
        config: config(network, "engine"),
        programs,
        serverEnv: { [CALLS_VARIABLE]: record, [RELEASE_VARIABLE]: release },
      });
      const scene = new Scene(network, engine, record);
      for (const way of WAYS) {
        await t.step(way, () =>
          engine.withTranscript(async () => {
            const rounds: Record<keyof typeof MTU, Figures[]> = { engine: [], udp: [] };
            for (let round = 0; round < ROUNDS; round++) {
              for (const path of ["engine", "udp"] as const) {
                await scene.use(path);
                rounds[path].push(await scene.measure(way));
              }
            }
            const [long, short] = [medians(rounds.engine), medians(rounds.udp)];
            console.log(`  engine ${JSON.stringify(long)}, udp ${JSON.stringify(short)}`);
            assert.ok(short.packets >= MIN_PACKET_GAIN * long.packets, "packets");
            assert.ok(short.calls >= minCallGain * long.calls, "calls");
            assert.ok(long.speed >= MIN_SPEED_GAIN * short.speed, "bytes a second");
          }));
      }
    },
    {
      ...DEFAULT_ENGINE.needs,
      programs: [...DEFAULT_ENGINE.needs.programs, ...COMPILER_NEEDS.programs],
      packages: [...DEFAULT_ENGINE.needs.packages, ...COMPILER_NEEDS.packages],
    },
  );
}

test("macOS 15.6", "24.6.0", 3);
test("macOS 13, call by call,", "22.6.0", 4);
