/**
 * `deno task test [--no-install] [FILE...]`: everything. Installs what the tests run (as root on Debian; `--no-install`
 * leaves the machine as it is), then the gate of `deno task ok`, the Docker Engines that are fetched into the cache
 * folder, the three binaries, the client's image, and the end-to-end tests with the compiled programs and with programs run from source. Named test files run alone, without
 * the gate. The last line counts all tests; the exit status is 1 when something failed, and when CI=true and something
 * was skipped that this machine could run.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { BROWSER_NEEDS } from "../tests/topology/browser.ts";
import { DARWIN_NEEDS, ENGINE_NEEDS, missing, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { runOrThrow } from "./command.ts";
import { DOUBLE_VARIABLE } from "./darwin_double.ts";
import { requireDenoVersion } from "./deno_version.ts";
import { fetchAll } from "./debian/fetched_packages.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { addTallies, avoidableSkips, NO_TESTS, parseJunit, slowestTests, type Tally } from "./junit.ts";
import { absentPackages, installPackages } from "./packages.ts";
import { writeSourcePrograms } from "./source_programs.ts";
import { formatResult, type Result, runSteps } from "./step.ts";
import { DOUBLE_PART, planSuite, type Suite, suiteFiles, type TestStep } from "./suite.ts";

/** Debian packages whose programs the tests run. */
const PACKAGES = [
  ...TOPOLOGY_PACKAGES,
  ...ENGINE_NEEDS.packages,
  ...DARWIN_NEEDS.packages,
  ...BROWSER_NEEDS.packages,
  "curl",
  "dbus-daemon",
  "faketime",
  "procps",
  "ruby",
  "shellcheck",
  "systemd",
  "tcpdump",
  "wireguard-go",
  "wireguard-tools",
];

/** How many of the files that mostly wait run at the same time. */
const WAITING_AT_ONCE = 3;

/** How long the end-to-end tests may take together, in milliseconds. What has ended by then keeps its results. */
const SUITE_LIMIT = 26 * 60_000;

/** How many of the slowest tests are listed. */
const SLOWEST = 10;

/** Runs a task of this repository with its output passed through. */
async function task(args: readonly string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT_FOLDER, stdin: "null" });
  return (await command.spawn().status).success;
}

async function ensureTools(mayInstall: boolean): Promise<Tally> {
  if (Deno.build.os !== "linux") return NO_TESTS;
  try {
    const absent = await absentPackages(PACKAGES);
    if (absent.length === 0) return NO_TESTS;
    const list = absent.join(" ");
    if (mayInstall) {
      console.log(`Installing what the tests run (--no-install leaves it out): apt-get install ${list}`);
      await installPackages(absent);
      return NO_TESTS;
    }
    console.log(`Tests that need more packages will be skipped: ${list}`);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.log(`Tests that need more packages will be skipped. ${error.report}`);
  }
  return { ...NO_TESTS, skipped: ["set-up: installation of the packages"] };
}

async function readReports(folder: string): Promise<Tally> {
  const tallies: Tally[] = [];
  for await (const entry of Deno.readDir(folder)) {
    tallies.push(parseJunit(await Deno.readTextFile(join(folder, entry.name))));
  }
  return addTallies(...tallies);
}

async function gate(): Promise<Tally> {
  const reports = await Deno.makeTempDir({ prefix: "docker-connector-test-" });
  try {
    const good = await task(["run", "-A", "tools/ok.ts", "--junit", reports]);
    const tally = await readReports(reports);
    // A fault in format, lint or types fails no test, but must not be lost in the count.
    return good || tally.failed.length > 0 ? tally : { ...tally, failed: ["deno task ok"] };
  } finally {
    await Deno.remove(reports, { recursive: true });
  }
}

/** What a step's tests came to; a file that wrote no report, or failed besides its tests, is a failure itself. */
async function readStep(step: TestStep, result: Result): Promise<Tally> {
  const xml = await Deno.readTextFile(step.report).catch(() => "");
  const tally = parseJunit(xml, step.name);
  if (tally.failed.length > 0 || result.success) return tally;
  const why = result.timedOut ? "ended at its limit" : "failed as a whole";
  return { ...tally, failed: [`${step.name}: ${why}`] };
}

async function runAll(steps: readonly TestStep[], atOnce: number, deadline: AbortSignal): Promise<Tally> {
  const results = await runSteps(steps, {
    cwd: ROOT_FOLDER,
    atOnce,
    deadline,
    report: (result) => console.log(formatResult(result)),
  });
  return addTallies(
    ...await Promise.all(results.map((result, index) => readStep(steps[index] as TestStep, result))),
  );
}

async function runSuite({ waiting, measuring }: Suite): Promise<Tally> {
  const deadline = AbortSignal.timeout(SUITE_LIMIT);
  return addTallies(await runAll(waiting, WAITING_AT_ONCE, deadline), await runAll(measuring, 1, deadline));
}

/** Makes what several test files share before they run side by side; the first fault, if any. */
async function prepare(sourcePrograms: string): Promise<Tally> {
  // Tests whose Engine is not there say so themselves.
  if (missing(ENGINE_NEEDS) === undefined) await fetchAll(console.log);
  if (!await task(["run", "-A", "tools/compile.ts"])) return { ...NO_TESTS, failed: ["deno task compile"] };
  try {
    await writeSourcePrograms(sourcePrograms);
    // Tests that lack the C compiler or an Engine say so themselves.
    if (missing(DARWIN_NEEDS) === undefined) {
      await runOrThrow([Deno.execPath(), "run", "-A", "tools/darwin_double.ts"], {
        cwd: ROOT_FOLDER,
        env: { [DOUBLE_VARIABLE]: join(sourcePrograms, DOUBLE_PART) },
      });
    }
    if (missing(ENGINE_NEEDS) === undefined && missing(DARWIN_NEEDS) === undefined) {
      await runOrThrow([
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        "tests/topology/prepare_images.ts",
        sourcePrograms,
      ], {
        cwd: ROOT_FOLDER,
      });
    }
    return NO_TESTS;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.log(error.report);
    return { ...NO_TESTS, failed: ["set-up: the programs"] };
  }
}

async function endToEnd(files: readonly string[]): Promise<Tally> {
  if (Deno.build.os !== "linux") {
    return { ...NO_TESTS, skipped: ["the end-to-end tests: network namespaces (needs Linux)"] };
  }
  const reports = await Deno.makeTempDir({ prefix: "docker-connector-test-" });
  const source = await Deno.makeTempDir({ prefix: "docker-connector-programs-" });
  try {
    const fault = await prepare(source);
    if (fault.failed.length > 0) return fault;
    const programs = { compiled: join(ROOT_FOLDER, "dist"), "from source": source };
    return await runSuite(planSuite({ files, programs, reports }));
  } finally {
    await Deno.remove(reports, { recursive: true });
    await Deno.remove(source, { recursive: true });
  }
}

function printTally(tally: Tally): void {
  console.log(`The ${SLOWEST} slowest tests:`);
  for (const { name, seconds } of slowestTests(tally, SLOWEST)) {
    console.log(`${seconds.toFixed(1)} s  ${name}`);
  }
  for (const name of tally.skipped) console.log(`skipped ${name}`);
  for (const name of tally.failed) console.log(`FAILED  ${name}`);
}

async function testAll(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: { "no-install": { type: "boolean", default: false } },
    allowPositionals: true,
  });
  requireDenoVersion("test");
  const setUp = await ensureTools(!values["no-install"]);
  const unit = positionals.length === 0 ? await gate() : NO_TESTS;
  console.log();
  const files = positionals.length === 0 ? suiteFiles() : positionals;
  const tally = addTallies(setUp, unit, await endToEnd(files));
  printTally(tally);
  const os = Deno.build.os === "darwin" ? "darwin" : "linux";
  const avoidable = Deno.env.get("CI") === "true" ? avoidableSkips(tally, os) : [];
  if (avoidable.length > 0) {
    console.log("With CI=true a test that this machine could run may not be skipped.");
  }
  console.log(`${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`);
  return tally.failed.length === 0 && avoidable.length === 0;
}

if (import.meta.main) {
  try {
    if (!await testAll()) Deno.exit(1);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
