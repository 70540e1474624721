/**
 * `deno task test`: everything. Installs what the tests run (as root on Debian), then the gate of `deno task ok`,
 * the three binaries, and the end-to-end tests one file after the other. The last line counts all tests; the exit
 * status is 1 when something failed, and when CI=true and something was skipped that this machine could run.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OperationError } from "../core/error.ts";
import { DARWIN_NEEDS, ENGINE_NEEDS, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { addTallies, avoidableSkips, NO_TESTS, parseJunit, type Tally } from "./junit.ts";
import { ensurePackages } from "./packages.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Debian packages whose programs the tests run. */
const PACKAGES = [
  ...TOPOLOGY_PACKAGES,
  ...ENGINE_NEEDS.packages,
  ...DARWIN_NEEDS.packages,
  "curl",
  "procps",
  "ruby",
  "shellcheck",
  "systemd",
  "tcpdump",
  "wireguard-go",
  "wireguard-tools",
];

/** How long the end-to-end tests may take together, in milliseconds. */
const END_TO_END_MS = 18 * 60_000;

/** Runs this Deno in the repository with its output passed through. */
async function deno(args: readonly string[], limit = END_TO_END_MS): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    signal: AbortSignal.timeout(limit),
  });
  return (await command.spawn().status).success;
}

async function installPackages(): Promise<Tally> {
  if (Deno.build.os !== "linux") return NO_TESTS;
  try {
    await ensurePackages(PACKAGES);
    return NO_TESTS;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.log(`Tests that need more packages will be skipped. ${error.report}`);
    return { ...NO_TESTS, skipped: ["set-up: installation of the packages"] };
  }
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
    const good = await deno(["run", "-A", "tools/ok.ts", "--junit", reports]);
    const tally = await readReports(reports);
    // A fault in format, lint or types fails no test, but must not be lost in the count.
    return good || tally.failed.length > 0 ? tally : { ...tally, failed: ["deno task ok"] };
  } finally {
    await Deno.remove(reports, { recursive: true });
  }
}

function endToEndFiles(): string[] {
  return ["tests/topology", "tests/e2e", "tests/packaging"].flatMap((folder) =>
    Array.from(Deno.readDirSync(join(ROOT, folder)), (entry) => `${folder}/${entry.name}`)
      .filter((path) => path.endsWith("_test.ts"))
      .sort()
  );
}

async function endToEnd(): Promise<Tally> {
  if (Deno.build.os !== "linux") {
    return { ...NO_TESTS, skipped: ["the end-to-end tests: network namespaces (needs Linux)"] };
  }
  const reports = await Deno.makeTempDir({ prefix: "docker-connector-test-" });
  try {
    const report = `--junit-path=${join(reports, "end-to-end.xml")}`;
    const good = await deno(["test", "-A", "--no-check", report, ...endToEndFiles()]);
    const tally = await readReports(reports);
    return good || tally.failed.length > 0
      ? tally
      : { ...tally, failed: ["the end-to-end tests as a whole"] };
  } finally {
    await Deno.remove(reports, { recursive: true });
  }
}

async function testAll(): Promise<Tally> {
  const setUp = await installPackages();
  const unit = await gate();
  console.log();
  if (!await deno(["run", "-A", "tools/compile.ts"])) {
    return addTallies(setUp, unit, { ...NO_TESTS, failed: ["deno task compile"] });
  }
  return addTallies(setUp, unit, await endToEnd());
}

if (import.meta.main) {
  const tally = await testAll();
  for (const name of tally.skipped) console.log(`skipped ${name}`);
  for (const name of tally.failed) console.log(`FAILED  ${name}`);
  const os = Deno.build.os === "darwin" ? "darwin" : "linux";
  const missing = Deno.env.get("CI") === "true" ? avoidableSkips(tally, os) : [];
  if (missing.length > 0) console.log("With CI=true a test that this machine could run may not be skipped.");
  console.log(`${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`);
  if (tally.failed.length > 0 || missing.length > 0) Deno.exit(1);
}
