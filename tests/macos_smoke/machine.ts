/**
 * The machine that the smoke test runs on: a Mac, or Linux with the doubles of tests/darwin.
 *
 * @module
 */
import { run } from "../../tools/command.ts";
import { DARWIN_SERVER, DOUBLE_FOLDER } from "../../tools/darwin_double.ts";
import { ROOT_FOLDER } from "../../tools/freshness.ts";

const isMac = Deno.build.os === "darwin";
const root = isMac ? "" : DOUBLE_FOLDER;

/** The server under test. */
export const SERVER: string = isMac ? `${ROOT_FOLDER}dist/docker-connector` : DARWIN_SERVER;

/** Runs one of ifconfig, route, netstat; its output, or an Error when it fails. */
export async function tell(program: "ifconfig" | "route" | "netstat", ...args: string[]): Promise<string> {
  const path = program === "netstat" ? "/usr/sbin/netstat" : `/sbin/${program}`;
  const { success, stdout, stderr } = await run([root + path, ...args]);
  // route tells what it could not do in words, and exits with 0.
  const hasFailed = !success || (program === "route" && stderr.trim() !== "");
  if (hasFailed) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Names of the interfaces, and the routes that are no neighbour's: what has to be as it was. */
export async function snapshot(): Promise<string> {
  const names = (await tell("ifconfig", "-l")).trim().split(/\s+/).sort().join(" ");
  const rows = (await tell("netstat", "-rn")).split("\n").map((line) => line.trim().split(/\s+/))
    // L is an address of the link, W a clone: both come and go with what the machine talks to.
    .filter(([, , flags = ""]) => /^U/.test(flags) && !/[LW]/.test(flags));
  return [names, ...rows.map((words) => words.slice(0, 4).join(" ")).sort()].join("\n");
}

/** Pings three times; true when all were answered within ten seconds. */
export async function ping(address: string, octets: number): Promise<boolean> {
  const program = address.includes(":") ? (isMac ? ["ping6"] : ["ping", "-6"]) : ["ping"];
  const child = new Deno.Command(program[0] ?? "", {
    args: [...program.slice(1), "-n", "-c", "3", "-i", "0.2", "-s", `${octets}`, address],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(10_000),
  });
  const { stdout } = await child.output();
  return / 3 (packets )?received/.test(new TextDecoder().decode(stdout));
}
