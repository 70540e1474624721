/**
 * `deno task bench [--rounds N] [--seconds N] [--only PART,PART] [--lanes NAME,NAME] [--long]`: measures the tunnel beside its
 * peers and writes the figures to `bench/results/`. Linux, root; about half an hour.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { Figures } from "./figures.ts";
import { describeMachine, load } from "./machine.ts";
import { gvproxyVersion, newestWireguardGo, ownWireguardGo } from "./newest_programs.ts";
import { isComplete, parseOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { formatFigures, formatVerdicts } from "./report.ts";
import { provenance, type Result, writeResult } from "./result.ts";
import { ENGINE_SUBJECTS } from "./subjects.ts";
import { judgeTargets } from "./targets.ts";

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  const needsEngine = options.parts.has("idle") || ENGINE_SUBJECTS.some((name) => options.subjects.has(name));
  await prepare({ compiler: true, engine: needsEngine });
  // Its modules look for what has been fetched by now when they are loaded.
  const { measure } = await import("./rounds.ts");
  const newest = await newestWireguardGo();
  const date = new Date();
  const machine = await describeMachine();
  const before = load();
  const figures = new Figures((line) => console.error(line));
  const { links, sockets, engine, cipher } = await measure(options, newest, figures);
  const verdicts = judgeTargets(figures);
  const versions = {
    wireguardGo: newest.version,
    wireguardGoOf2022: (await ownWireguardGo()).version,
    gvproxy: gvproxyVersion(),
    engine,
    cipher,
  };
  const result: Result = {
    date,
    command: ["deno", "task", "bench", ...Deno.args].join(" "),
    rounds: options.rounds,
    machine,
    versions,
    load: { before, after: load() },
    links,
    sockets,
    figures,
    verdicts,
    complete: isComplete(options),
  };
  const files = await writeResult(result);
  console.log(`${provenance(result).join("\n")}\n`);
  console.log(`${formatFigures(figures, versions)}\n`);
  console.log(`${formatVerdicts(verdicts)}\n`);
  console.log(files.join("\n"));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(error.code === "privilege" ? 77 : error.code === "usage" ? 64 : 1);
  }
}
