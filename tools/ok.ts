/**
 * `deno task ok [--junit FOLDER]`: the gate before a push. Format, lint, types, doc lint, import boundaries and
 * unit tests, each timed; the output of a failing step is shown whole. Exit status 1 when one fails, and when
 * CI=true and a unit test was skipped that this machine could be equipped for.
 *
 * @module
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { requireDenoVersion } from "./deno_version.ts";
import { addTallies, avoidableSkips, parseJunit, type Tally } from "./junit.ts";
import { isTestCode } from "./source_tree.ts";
import { formatResult, runSteps, type Step } from "./step.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders besides core whose tests stand beside the code. */
const UNIT_FOLDERS = [
  "accessor",
  "bench",
  "cli",
  "program",
  "client",
  "dataplane",
  "ffi",
  "server",
  "system",
  "tests/simulation",
  "tunnel",
  "tools",
];

/** The files of a folder whose path ends in `suffix`, relative to the repository. */
function listFiles(folder: string, suffix: string): string[] {
  const path = join(ROOT, folder);
  try {
    return Array.from(Deno.readDirSync(path)).flatMap((entry) => {
      const below = relative(ROOT, join(path, entry.name));
      return entry.isDirectory ? listFiles(below, suffix) : below.endsWith(suffix) ? [below] : [];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The modules whose every export must be documented. */
function documentedModules(): string[] {
  const library = listFiles("core", ".ts").filter((path) => !isTestCode(path));
  return [...library, ...listFiles(".", ".ts").filter((path) => path === "mod.ts")].sort();
}

function stepsOf(reports: string): Step[] {
  const deno = Deno.execPath();
  // Types are a step of their own, so the tests do not check them again. A test that leaks a descriptor, a library or a
  // timer fails; this Deno looks for that only when it is told to.
  const test = [deno, "test", "-A", "--no-check", "--quiet", "--sanitize-ops", "--sanitize-resources"];
  const unitTests = (name: string, folders: readonly string[]): Step => ({
    name: `unit tests of ${name}`,
    argv: [
      ...test,
      `--junit-path=${join(reports, `${name}.xml`)}`,
      ...folders.flatMap((folder) => listFiles(folder, "_test.ts")).sort(),
    ],
  });
  return [
    // Two processes, since the tests of one process run one after the other.
    unitTests("core", ["core"]),
    unitTests("the rest", UNIT_FOLDERS),
    { name: "types", argv: [deno, "check", "--quiet", "."] },
    {
      name: "import boundaries",
      argv: [...test, `--junit-path=${join(reports, "boundaries.xml")}`, "tests/boundaries_test.ts"],
    },
    { name: "doc lint", argv: [deno, "doc", "--lint", ...documentedModules()] },
    { name: "lint", argv: [deno, "lint", "--quiet"] },
    { name: "format", argv: [deno, "fmt", "--check"] },
  ];
}

async function readTally(reports: string): Promise<Tally> {
  const tallies = Array.from(Deno.readDirSync(reports), ({ name }) => Deno.readTextFile(join(reports, name)));
  return addTallies(...(await Promise.all(tallies)).map((xml) => parseJunit(xml)));
}

/**
 * Runs the gate.
 *
 * @param reports folder that gets the JUnit files
 * @returns whether all is well
 */
async function check(reports: string): Promise<boolean> {
  const start = performance.now();
  const results = await runSteps(stepsOf(reports), {
    cwd: ROOT,
    atOnce: 2,
    report: (result) => console.log(formatResult(result)),
  });
  const tally = await readTally(reports);
  for (const name of tally.skipped) console.log(`skipped ${name}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${tally.passed} unit tests passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped, ${seconds} s`,
  );
  const os = Deno.build.os === "darwin" ? "darwin" : "linux";
  const missing = Deno.env.get("CI") === "true" ? avoidableSkips(tally, os) : [];
  for (const name of missing) console.log(`FAIL with CI=true nothing may be skipped: ${name}`);
  return missing.length === 0 && results.every((result) => result.success);
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Deno.args, options: { junit: { type: "string" } } });
  try {
    requireDenoVersion("ok");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
  const reports = values.junit ?? await Deno.makeTempDir({ prefix: "docker-connector-ok-" });
  const good = await check(reports);
  if (values.junit === undefined) await Deno.remove(reports, { recursive: true });
  if (!good) Deno.exit(1);
}
