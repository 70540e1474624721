/**
 * What the macOS side of the server asks of the system for one TCP stream on each path, over the double of Apple's C library:
 * counted here, with how long it takes on Linux. How long a Mac takes is not known.
 */
import assert from "node:assert/strict";
import { countBetween } from "../../bench/darwin_calls.ts";
import { DARWIN_SERVER, ensureDarwinDouble } from "../../tools/darwin_double.ts";
import { CALLS_VARIABLE, readCalls } from "../darwin/call_record.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { COMPILER_NEEDS } from "../topology/gate.ts";
import { transfer } from "../topology/transfer.ts";
import { defaultConfig, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Bytes of a stream. */
const BYTES = 200_000_000;
const MTU = { udp: 1400, engine: 16_000 } as const;
/** How many times fewer packets and calls there are by the Engine's stream, at least. */
const LEAST_GAIN = 4;
/** How many times more bytes a second there are, at least. */
const LEAST_SPEED = 2;

const NEEDS = {
  ...DEFAULT_ENGINE.needs,
  programs: [...DEFAULT_ENGINE.needs.programs, ...COMPILER_NEEDS.programs],
  packages: [...DEFAULT_ENGINE.needs.packages, ...COMPILER_NEEDS.packages],
};

networkTest(
  "a Mac carries a stream in long packets by the Engine",
  { containers: [1] },
  async (network, t) => {
    await ensureDarwinDouble();
    const { mac, folder } = network;
    const { namespace, address } = network.container();
    const programs = `${folder}/programs`;
    await Deno.mkdir(programs);
    await Deno.symlink(DARWIN_SERVER, `${programs}/docker-connector`);
    const record = `${folder}/calls`;
    const config = (path: string) => `${defaultConfig(network)}path ${path}\n`;
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    await scene.startServer({ config: config("engine"), programs, serverEnv: { [CALLS_VARIABLE]: record } });
    const { server } = scene;

    const courses = {
      "to a container": { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace },
      "from a container": { from: namespace, address, to: mac },
    } as const;
    type Figures = Record<keyof typeof courses, { packets: number; calls: number; speed: number }>;

    const measure = async (path: "udp" | "engine"): Promise<Figures> => {
      await Deno.writeTextFile(scene.configFile, config(path));
      await server.waitForStatus(
        `packets go by ${path}`,
        ({ paths, interface: device, client }) =>
          paths.inUse === path && device.mtu === MTU[path] && client?.version !== undefined,
        20_000,
      );
      const figures: Partial<Figures> = {};
      for (const way of ["to a container", "from a container"] as const) {
        await transfer({ ...courses[way], bytes: 1_000_000 });
        const before = await readCalls(record);
        const { bytes, seconds } = await transfer({ ...courses[way], bytes: BYTES });
        const { calls, packets, byCall } = countBetween(before, await readCalls(record));
        const perGigabyte = (count: number) => Math.round(count * 1e9 / bytes);
        figures[way] = {
          packets: perGigabyte(packets),
          calls: perGigabyte(calls),
          speed: bytes * 8 / seconds / 1e9,
        };
        const { speed } = figures[way];
        console.log(
          `  ${path}, ${way}: ${perGigabyte(packets)} packets and ${perGigabyte(calls)} calls a gigabyte, ` +
            `${speed.toFixed(2)} Gbit/s; ${
              byCall.map(({ call, calls, packets }) => `${call} ${calls}/${packets}`).join(" ")
            }`,
        );
      }
      return figures as Figures;
    };

    await scene.withTranscript(async () => {
      const engine = await measure("engine");
      const udp = await measure("udp");
      for (const way of ["to a container", "from a container"] as const) {
        await t.step(`${way}: fewer packets and calls, more bytes a second`, () => {
          const gain = {
            packets: udp[way].packets / engine[way].packets,
            calls: udp[way].calls / engine[way].calls,
          };
          assert.ok(gain.packets >= LEAST_GAIN && gain.calls >= LEAST_GAIN, JSON.stringify(gain));
          const speed = engine[way].speed / udp[way].speed;
          assert.ok(speed >= LEAST_SPEED, `${speed.toFixed(2)} times the throughput`);
        });
      }
    });
  },
  NEEDS,
);
