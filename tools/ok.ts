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
import { addTallies, avoidableSkips, NO_TESTS, parseJunit, type Tally } from "./junit.ts";
import { formatResult, runSteps, type Step } from "./step.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders whose tests stand beside the code. */
const UNIT_FOLDERS = [
  "accessor",
  "bench",
  "cli",
  "client",
  "core",
  "dataplane",
  "ffi",
  "server",
  "system",
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
  const library = listFiles("core", ".ts").filter((path) => !path.endsWith("_test.ts"));
  return [...library, ...listFiles(".", ".ts").filter((path) => path === "mod.ts")].sort();
}

function stepsOf(reports: string): Step[] {
  const deno = Deno.execPath();
  // Types are a step of their own, so the tests do not check them again.
  const test = [deno, "test", "-A", "--no-check", "--quiet"];
  const unit = UNIT_FOLDERS.flatMap((folder) => listFiles(folder, "_test.ts")).sort();
  return [
    { name: "types", argv: [deno, "check", "--quiet", "."] },
    { name: "unit tests", argv: [...test, `--junit-path=${join(reports, "unit.xml")}`, ...unit] },
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
  const tallies = ["unit.xml", "boundaries.xml"].map((name) =>
    Deno.readTextFile(join(reports, name)).then(parseJunit, () => NO_TESTS)
  );
  return addTallies(...await Promise.all(tallies));
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
  const reports = values.junit ?? await Deno.makeTempDir({ prefix: "docker-connector-ok-" });
  const good = await check(reports);
  if (values.junit === undefined) await Deno.remove(reports, { recursive: true });
  if (!good) Deno.exit(1);
}
