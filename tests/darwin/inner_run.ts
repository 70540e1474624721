/**
 * Runs an end-to-end test file once more, with the macOS side of server and accessor, and tells its faults in few lines.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { SIDE_VARIABLE } from "../topology/server_side.ts";
import { type CallRecord, CALLS_VARIABLE, readCalls, RELEASE_VARIABLE } from "./call_record.ts";

/** How long one file may take, in milliseconds. */
const LIMIT = 4 * 60_000;
/** Lines of a fault that are shown: its message and where it was, and the first of what the programs said. */
const FAULT_LINES = 25;
/** Lines that are shown of a run that has no report, since it was ended. */
const LAST_LINES = 60;

/** A run of a file in which all tests passed. */
export interface InnerRun {
  /** What the programs called of the double of libSystem. */
  readonly calls: ReadonlyMap<string, CallRecord>;
}

const CASE = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([^]*?)<\/testcase>)/g;
const FAULT = /<(?:failure|error)\b[^>]*?message="([^"]*)"[^>]*>([^]*?)<\//;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? "");
}

/**
 * What is wrong in a report of `deno test --junit-path`: each fault behind the name of its test or step, and the names of the
 * skipped tests; empty when all passed. A test that failed for one of its steps only is left out beside the step.
 */
export function faultsOf(report: string): string[] {
  const cases = Array.from(
    report.matchAll(CASE),
    ([, name = "", body = ""]) => ({ name: unescape(name), body }),
  );
  const faults: string[] = [];
  for (const { name, body } of cases) {
    const [, message = "", text = ""] = FAULT.exec(body) ?? [];
    if (/^\d+ test steps? failed/.test(message)) continue;
    if (message !== "" || text !== "") {
      const lines = unescape(text === "" ? message : text).split("\n").filter((line) =>
        !line.includes("(ext:")
      );
      faults.push([`failed: ${name}`, ...lines.slice(0, FAULT_LINES).map((line) => `  ${line}`)].join("\n"));
    } else if (/<skipped\b/.test(body)) faults.push(`skipped: ${name}`);
  }
  return faults;
}

/**
 * Runs a file. No output of its tests is passed on.
 *
 * @param name the file below tests/, such as "e2e/traffic"
 * @param release the release of Darwin that the double plays, such as "24.6.0"
 * @throws Error that names the tests which failed or were skipped, each with its message
 */
export async function runWithMacSide(name: string, release: string): Promise<InnerRun> {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-darwin-" });
  try {
    const [report, record] = [`${folder}/report.xml`, `${folder}/calls`];
    const file = fileURLToPath(new URL(`../${name}_test.ts`, import.meta.url));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--quiet", `--junit-path=${report}`, file],
      env: {
        [SIDE_VARIABLE]: "darwin",
        [RELEASE_VARIABLE]: release,
        [CALLS_VARIABLE]: record,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(LIMIT),
    });
    const { success, code, signal, stdout, stderr } = await command.output();
    const text = await Deno.readTextFile(report).catch(() => undefined);
    const faults = text === undefined ? [] : faultsOf(text);
    if (success && faults.length === 0 && text?.includes("<testcase ")) {
      return { calls: await readCalls(record) };
    }
    if (faults.length > 0) throw new Error(faults.join("\n"));
    const decoder = new TextDecoder();
    const lines = `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trimEnd().split("\n").slice(
      -LAST_LINES,
    );
    const end = signal === null ? `with status ${code}` : `by ${signal}`;
    throw new Error([`${name} ended ${end} and without a fault of a test:`, ...lines].join("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
