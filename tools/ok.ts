/**
 * `deno task ok [--junit FOLDER]`: the gate before a push. Format, lint, types, doc lint, import boundaries,
 * vocabulary and unit tests, each timed; the output of a failing step is shown whole. Exit status 1 when one
 * fails, and when CI=true and a unit test was skipped that this machine could be equipped for.
 *
 * The test files of a layer share an isolate, see tools/test_group.ts. With CI=true each has its own, so that
 * no test can come to need what another file has left behind.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runTool } from "./command.ts";
import { requireDenoVersion } from "./deno_version.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { addTallies, avoidableSkips, parseJunit, type Tally } from "./junit.ts";
import { isTestCode } from "./source_tree.ts";
import { formatResult, runSteps, type Step } from "./step.ts";

/** Folders whose tests stand beside the code, by the process that runs them: those that take longest first. */
const UNIT_TESTS: Readonly<Record<string, readonly string[]>> = {
  "core": ["core"],
  "ffi and system": ["ffi", "system"],
  "the programs": ["accessor", "client", "server", "tunnel"],
  "the rest": ["bench", "cli", "dataplane", "program", "tests/simulation", "tools"],
};

/** How many steps run at the same time. More than two processors, since many tests of ffi and of the programs wait. */
const AT_ONCE = 3;

/** The files below a folder whose names end in `suffix`, relative to the repository. */
function listFiles(folder: string, suffix: string): string[] {
  return Array.from(Deno.readDirSync(join(ROOT_FOLDER, folder))).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? listFiles(path, suffix) : path.endsWith(suffix) ? [path] : [];
  }).sort();
}

/** @param isolated whether each file of unit tests has an isolate of its own */
function stepsOf(reports: string, isolated: boolean): Step[] {
  const deno = Deno.execPath();
  // Types are a step of their own, so the tests do not check them again. A test that leaks a descriptor, a
  // library or a timer fails; this Deno looks for that only when it is told to.
  const tests = (name: string, report: string, args: readonly string[]): Step => {
    const junit = `--junit-path=${join(reports, `${report}.xml`)}`;
    const flags = ["-A", "--no-check", "--quiet", "--sanitize-ops", "--sanitize-resources", junit];
    return { name, argv: [deno, "test", ...flags, ...args] };
  };
  const unitTests = Object.entries(UNIT_TESTS).map(([name, folders]) => {
    const files = folders.flatMap((folder) => listFiles(folder, "_test.ts"));
    return tests(`unit tests of ${name}`, name, isolated ? files : ["tools/test_group.ts", "--", ...files]);
  });
  // Every export of these must be documented.
  const library = ["mod.ts", ...listFiles("core", ".ts").filter((path) => !isTestCode(path))];
  return [
    ...unitTests,
    { name: "types", argv: [deno, "check", "--quiet", "."] },
    tests("import boundaries and vocabulary", "boundaries", [
      "tests/boundaries_test.ts",
      "tests/vocabulary_test.ts",
    ]),
    { name: "lint", argv: [deno, "lint", "--quiet"] },
    { name: "format", argv: [deno, "fmt", "--check"] },
    { name: "doc lint", argv: [deno, "doc", "--lint", ...library] },
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
  const isCi = Deno.env.get("CI") === "true";
  const results = await runSteps(stepsOf(reports, isCi), {
    cwd: ROOT_FOLDER,
    atOnce: AT_ONCE,
    report: (result) => console.log(formatResult(result)),
  });
  const tally = await readTally(reports);
  for (const name of tally.skipped) console.log(`skipped ${name}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${tally.passed} unit tests passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped, ${seconds} s`,
  );
  const missing = isCi ? avoidableSkips(tally, Deno.build.os === "darwin" ? "darwin" : "linux") : [];
  for (const name of missing) console.log(`FAIL with CI=true nothing may be skipped: ${name}`);
  return missing.length === 0 && results.every((result) => result.success);
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({ args: Deno.args, options: { junit: { type: "string" } } });
    requireDenoVersion("ok");
    const reports = values.junit ?? await Deno.makeTempDir({ prefix: "docker-connector-ok-" });
    const isGood = await check(reports);
    if (values.junit === undefined) await Deno.remove(reports, { recursive: true });
    if (!isGood) Deno.exit(1);
  });
}
