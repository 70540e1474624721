/**
 * The end-to-end suite as steps: each test file is a process of its own, so that files that mostly wait run side by
 * side, one that hangs loses only its own results, and each can be run with other programs.
 *
 * Most files run twice: with the compiled programs, and with programs that the released Deno runs from source. The two
 * differ where no runtime file of the released Deno can be had. The most telling ones run once more with the compiled
 * programs and a virtual machine behind a network in user space, as Docker Desktop has it.
 *
 * @module
 */
import { join } from "node:path";
import { type Link, LINK_VARIABLE } from "../tests/topology/network.ts";
import { PROGRAMS_VARIABLE } from "../tests/topology/server_side.ts";
import { DOUBLE_VARIABLE } from "./darwin_double.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import type { Step } from "./step.ts";

/** Which programs a step tests, and where. */
export type Lane = "compiled" | "from source" | "user-space network";

/** A step that runs one test file. */
export interface TestStep extends Step {
  readonly lane: Lane;
  /** path from the repository */
  readonly file: string;
  /** path of the JUnit file that it writes */
  readonly report: string;
}

/** The steps by how they may be run. */
export interface Suite {
  /** mostly wait, for time to pass or for a Docker Engine: several at a time */
  readonly waiting: readonly TestStep[];
  /** measure throughput, memory or processor time: one at a time and nothing beside them */
  readonly measuring: readonly TestStep[];
}

/** The folder of the double of macOS, in that of the programs that run from source. */
export const DOUBLE_PART = "darwin";

/** How long one file may take, in milliseconds. */
const FILE_LIMIT = 7 * 60_000;

const FOLDERS = ["tests/topology", "tests/e2e", "tests/faults", "tests/fuzz", "tests/packaging"];

/** Files that measure throughput, memory, processor time or how soon something is noticed. What counts collections does not. */
const MEASURING = new Set([
  "tests/e2e/accessor_crowd_test.ts",
  "tests/e2e/darwin_engine_test.ts",
  "tests/e2e/exposed_flood_test.ts",
  "tests/e2e/hostile_test.ts",
  "tests/e2e/impairment_test.ts",
  "tests/e2e/offload_test.ts",
  "tests/e2e/path_engine_test.ts",
  "tests/e2e/path_switch_test.ts",
  "tests/e2e/path_direct_test.ts",
  "tests/e2e/route_scale_test.ts",
  "tests/e2e/session_hostile_test.ts",
  "tests/e2e/session_traffic_test.ts",
  "tests/e2e/sharing_hostile_test.ts",
  "tests/e2e/sharing_scale_test.ts",
  "tests/e2e/traffic_test.ts",
]);

/** Files that bring what they test, or that are about the binaries as files: they run once. */
const ONCE = [
  /^tests\/topology\//,
  /^tests\/fuzz\//,
  /^tests\/packaging\//,
  /^tests\/faults\//,
  /^tests\/e2e\/allocation_test\.ts$/,
  /^tests\/e2e\/(binary|capture|sbom)_test\.ts$/,
  /^tests\/e2e\/darwin_\w+_test\.ts$/,
  /^tests\/e2e\/doctor_\w+_test\.ts$/,
  /^tests\/e2e\/engines_test\.ts$/,
  /^tests\/e2e\/engine_commands_test\.ts$/,
  /^tests\/e2e\/(exec_stream|engine_attachment|faults)_test\.ts$/,
  /^tests\/e2e\/path_switch_test\.ts$/,
  /^tests\/e2e\/reachability_test\.ts$/,
  /^tests\/e2e\/(hosts_)?proxy_test\.ts$/,
  /^tests\/e2e\/https(_engine)?_test\.ts$/,
  /^tests\/e2e\/image_contents_test\.ts$/,
  /^tests\/e2e\/local_engine_test\.ts$/,
  /^tests\/e2e\/names(_resolved)?_test\.ts$/,
  /^tests\/e2e\/(amplification|other_user|privileges|secrets)_test\.ts$/,
  /^tests\/e2e\/path_(direct|engine)_test\.ts$/,
  /^tests\/e2e\/session_\w+_test\.ts$/,
  /^tests\/e2e\/web_page_test\.ts$/,
  /^tests\/e2e\/status_test\.ts$/,
  /^tests\/e2e\/vpn(_docker)?_test\.ts$/,
];

/** Files that run behind a network in user space too: the tunnel, Docker, sharing. */
const BEHIND_USER_SPACE = new Set([
  "tests/e2e/accessor_test.ts",
  "tests/e2e/client_container_test.ts",
  "tests/e2e/client_container_user_test.ts",
  "tests/e2e/docker_containers_test.ts",
  "tests/e2e/recovery_test.ts",
  "tests/e2e/sharing_recovery_test.ts",
  "tests/e2e/sharing_test.ts",
  "tests/e2e/traffic_test.ts",
]);

function lanesOf(file: string): readonly Lane[] {
  if (ONCE.some((pattern) => pattern.test(file))) return ["compiled"];
  return ["compiled", "from source", ...BEHIND_USER_SPACE.has(file) ? ["user-space network"] as const : []];
}

/** The test files of the suite, relative to the repository. */
export function suiteFiles(): string[] {
  return FOLDERS.flatMap((folder) =>
    Array.from(Deno.readDirSync(join(ROOT_FOLDER, folder)), (entry) => `${folder}/${entry.name}`)
      .filter((path) => path.endsWith("_test.ts"))
      .sort()
  );
}

/** Orders files so that those known to take long start first; the rest keep their order. */
const SLOWEST_FIRST = [
  "darwin_suite",
  "user_space_network",
  "faults/",
  "client_container",
  "darwin_mutation",
  "doctor",
  "session_allocation",
  "engines",
  "image_test",
  "docker_network",
];

function rank(file: string): number {
  const at = SLOWEST_FIRST.findIndex((name) => file.includes(name));
  return at === -1 ? SLOWEST_FIRST.length : at;
}

/**
 * Plans the suite.
 *
 * @param options `files` to run; `programs` the folder with the programs for each lane; `reports` the folder that gets
 *   the JUnit files
 */
export function planSuite(
  options: {
    readonly files: readonly string[];
    readonly programs: Readonly<Record<"compiled" | "from source", string>>;
    readonly reports: string;
  },
): Suite {
  const { programs, reports } = options;
  const steps = options.files.toSorted((a, b) => rank(a) - rank(b)).flatMap((file) => {
    return lanesOf(file).map((lane): TestStep => {
      const link: Link = lane === "user-space network" ? "user-space" : "veth";
      const report = join(reports, `${lane}-${file}.xml`.replaceAll(/[/ ]/g, "_"));
      return {
        name: `${lane}: ${file}`,
        lane,
        file,
        report,
        argv: [Deno.execPath(), "test", "-A", "--no-check", "--quiet", `--junit-path=${report}`, file],
        env: {
          [PROGRAMS_VARIABLE]: programs[lane === "from source" ? lane : "compiled"],
          [LINK_VARIABLE]: link,
          [DOUBLE_VARIABLE]: join(programs["from source"], DOUBLE_PART),
        },
        limit: FILE_LIMIT,
      };
    });
  });
  return {
    waiting: steps.filter(({ file }) => !MEASURING.has(file)),
    measuring: steps.filter(({ file }) => MEASURING.has(file)),
  };
}
