/**
 * `deno task soak [--minutes N]`: lets server, client and accessor run under mixed traffic, reloads, containers and accessors that
 * come and go, changing paths and loss, for 30 minutes where N is absent. It samples what they hold every 10 s, and says at the end
 * whether that is flat, which drops nothing explains, and what a clean stop has left behind. Exit status 1 when something is not as
 * it should be. Needs root on Linux.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { COMPILER_NEEDS, ENGINE_NEEDS, missing } from "../tests/topology/gate.ts";
import { runOrThrow, runTool } from "./command.ts";
import { fetchAll } from "./debian/fetched_packages.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { formatTable } from "./table.ts";

const MINUTES = 30;
/** The most that may be asked for: a day. */
const MAX_MINUTES = 1_440;
/** Milliseconds between two samples. */
const PERIOD = 10_000;

/** Whether a line of the server's log tells of paths or of a fault. */
function isTelling(line: string): boolean {
  return / (?:path:|warn|error) /.test(line);
}

/** Runs the soak; whether all is as it should be. */
async function soak(minutes: number): Promise<boolean> {
  // Loaded after the Engine is there: which one it is, is decided when the module loads.
  const { SoakScene } = await import("./soak/scene.ts");
  const { Load } = await import("./soak/load.ts");
  const { boundOf, takeSample } = await import("./soak/samples.ts");
  const { newDrops, readDrops, unexplained } = await import("./soak/drops.ts");
  const { judge } = await import("./soak/verdict.ts");
  await using scene = await SoakScene.start();
  const over = AbortSignal.timeout(minutes * 60_000);
  const load = new Load(scene, over);
  load.start();
  const samples: Record<string, number>[] = [];
  const log = scene.engine.server.process.stderr.lines;
  let seen = log.length;
  let drops = await readDrops(scene);
  const start = performance.now();
  while (!over.aborted) {
    const due = start + (samples.length + 1) * PERIOD;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const sample = await takeSample(scene);
    samples.push({ ...sample });
    const seconds = Math.round((performance.now() - start) / 1000);
    const memory = ["server", "client", "accessor"].map((name) =>
      `${name} ${sample[`${name} MiB`]?.toFixed(1)} MiB`
    );
    console.log(`${String(seconds).padStart(5)} s  ${memory.join(", ")}`);
    const now = await readDrops(scene);
    const dropped = newDrops(drops, now);
    if (dropped !== "") {
      // What the server said meanwhile tells why.
      console.log([`         dropped: ${dropped}`, ...log.slice(seen).filter(isTelling)].join("\n         "));
    }
    [drops, seen] = [now, log.length];
  }
  await load.ended();
  drops = await readDrops(scene);
  const left = await scene.stop();
  console.log(
    "\n" + formatTable([
      ["", "first third", "middle", "last", "peak", "verdict"],
      ...judge(samples, boundOf).map(({ name, thirds, peak, isFlat }) => [
        name,
        ...[...thirds, peak].map((number) => number.toFixed(1)),
        isFlat ? "flat" : "GROWS",
      ]),
    ]),
  );
  console.log(
    "\n" + formatTable([
      ["", "good", "bad", "last fault"],
      ...load.works.map(({ name, good, bad, fault = "" }) => [name, String(good), String(bad), fault]),
    ]),
  );
  for (const { program, reasons } of drops) {
    const counted = Object.entries(reasons).filter(([, count]) => count > 0);
    console.log(
      `dropped by ${program}: ${
        counted.map(([reason, count]) => `${reason} ${count}`).join(", ") || "nothing"
      }`,
    );
  }
  const faults = [
    ...judge(samples, boundOf).filter(({ isFlat }) => !isFlat).map(({ name }) => `${name} grows`),
    ...load.works.filter(({ good, bad, least }) => good < least * (good + bad) || good === 0).map((
      { name, bad, fault },
    ) => `${name}: ${bad} went wrong, the last one: ${fault ?? "not known"}`),
    ...unexplained(drops).map((line) => `unexplained drops: ${line}`),
    ...left.map((line) => `after the stop: ${line}`),
  ];
  for (const fault of faults) console.log(`FAILED  ${fault}`);
  console.log(faults.length === 0 ? "All is flat, nothing is left behind." : `${faults.length} faults`);
  return faults.length === 0;
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({ options: { minutes: { type: "string", default: String(MINUTES) } } });
    const minutes = Number(values.minutes);
    if (!(minutes > 0 && minutes <= MAX_MINUTES)) {
      console.error(`Cannot soak for "${values.minutes}" minutes. Give a number up to ${MAX_MINUTES}`);
      Deno.exit(64);
    }
    const needs = { ...ENGINE_NEEDS, programs: [...ENGINE_NEEDS.programs, ...COMPILER_NEEDS.programs] };
    const reason = missing(needs);
    if (reason !== undefined) {
      console.error(`Cannot soak: it ${reason}`);
      Deno.exit(1);
    }
    await fetchAll(console.log);
    await runOrThrow([Deno.execPath(), "run", "-A", "tools/compile.ts"], { cwd: ROOT_FOLDER });
    if (!await soak(minutes)) Deno.exit(1);
  });
}
