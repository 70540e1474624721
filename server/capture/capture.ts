import * as v from "valibot";
import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import { type CaptureStatistics, readStatistics, STATISTICS_BYTES } from "../../core/packet/pcapng.ts";
import { quote } from "../../core/result.ts";
import { createCaptureFile } from "../../system/capture/capture_file.ts";
import { RemoteCapture } from "../../system/control/capture_client.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { wordsOf } from "../../system/process/runtime_error.ts";
import { StopSignal } from "../../system/process/stop_signal.ts";

/** What `capture` is told. */
export interface CaptureOptions {
  readonly control: string;
  /** "-" is stdout. */
  readonly file: string;
  /** The name of a Docker network, or a prefix. */
  readonly network: string | undefined;
  readonly count: number | undefined;
  readonly snap: number | undefined;
}

/** Where the bytes go. */
interface CaptureTarget {
  write(bytes: Uint8Array): Promise<number>;
}

/** What is read of the server's status. */
const FACTS = v.object({
  interface: v.object({ name: v.string() }),
  paths: v.object({
    inUse: v.nullable(v.string()),
    list: v.array(v.object({ kind: v.string(), interface: v.exactOptional(v.string()) })),
  }),
  docker: v.object({
    networks: v.array(v.object({ name: v.string(), subnets: v.array(v.object({ prefix: v.string() })) })),
  }),
});

type Facts = v.InferOutput<typeof FACTS>;

/**
 * Writes packets of the running server's tunnel until they are enough or the user interrupts.
 *
 * @returns the exit status
 * @throws {OperationError} `not-running`, `privilege`, `io`, `usage` for an unknown network
 */
export async function capturePackets(options: CaptureOptions, terminal: Terminal): Promise<number> {
  const { control, file } = options;
  if (file === "-" && terminal.outIsTerminal) {
    const remedy = "Name a file, or write: sudo docker-connector capture - | tcpdump -n -r -";
    throw new OperationError("usage", "Cannot write packets to a terminal", remedy);
  }
  const facts = await readFacts(control);
  const query = queryOf(options, facts);
  using stop = new StopSignal();
  using capture = await RemoteCapture.open(control, query);
  using output = file === "-" ? undefined : await createCaptureFile(file);
  const say = (line: string) => terminal.err(`docker-connector: ${escapeControls(line)}\n`);
  const where = file === "-" ? "stdout" : file;
  say(`capturing packets of ${facts.interface.name} to ${where}; Ctrl-C ends it`);
  const note = directNote(facts);
  if (note !== undefined) say(note);
  void stop.received.then(() => capture.stop());
  const end = await copy(capture, output ?? Deno.stdout, where);
  if (end === "broken-off") {
    throw new OperationError(
      "failure",
      "Cannot go on with the capture: the server has ended",
      "Look at its log",
    );
  }
  if (end !== "unread") say(`${end.packets} packets captured, ${end.dropped} dropped`);
  return EXIT_OK;
}

async function readFacts(control: string): Promise<Facts> {
  const { success, output } = v.safeParse(FACTS, await readStatus(control, "docker-connector"));
  if (success) return output;
  const state = "the running docker-connector is of another version";
  throw new OperationError("failure", `Cannot capture packets: ${state}`, "Restart it");
}

function queryOf({ network, count, snap }: CaptureOptions, { docker: { networks } }: Facts): URLSearchParams {
  const query = new URLSearchParams();
  if (network !== undefined) query.set("network", prefixesOf(network, networks).join(","));
  if (count !== undefined) query.set("count", String(count));
  if (snap !== undefined) query.set("snap", String(snap));
  return query;
}

function prefixesOf(network: string, networks: Facts["docker"]["networks"]): readonly string[] {
  if (parsePrefix(network) !== undefined) return [network];
  const found = networks.find(({ name }) => name === network);
  const prefixes = found?.subnets.map(({ prefix }) => prefix) ?? [];
  if (prefixes.length > 0) return prefixes;
  const known = networks.map(({ name }) => name).join(", ");
  throw new OperationError(
    "usage",
    `Cannot capture packets of ${quote(network)}: there is no such Docker network`,
    known === "" ? "Give its subnet, as in 172.20.0.0/16" : `There are ${known}; or give a subnet`,
  );
}

/** What the capture cannot show. */
function directNote({ paths: { inUse, list } }: Facts): string | undefined {
  if (inUse !== "direct") return undefined;
  const device = list.find(({ kind }) => kind === "direct")?.interface;
  return "packets take the path direct now, which is no part of the tunnel; see them by " +
    `tcpdump${device === undefined ? "" : ` -i ${device}`}`;
}

/** How the copy ended: at the end of the capture, in its midst, or since nobody reads stdout any more. */
type CopyEnd = CaptureStatistics | "broken-off" | "unread";

async function copy(capture: RemoteCapture, output: CaptureTarget, file: string): Promise<CopyEnd> {
  let tail = new Uint8Array();
  for (;;) {
    const bytes = await capture.read().catch((error) => {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return undefined;
    });
    if (bytes === undefined) return readStatistics(tail) ?? "broken-off";
    try {
      for (let at = 0; at < bytes.length;) at += await output.write(bytes.subarray(at));
    } catch (error) {
      // As after tcpdump -c.
      if (error instanceof Deno.errors.BrokenPipe) return "unread";
      throw new OperationError("io", `Cannot write capture ${file}: ${wordsOf(error)}`, "Name another file", {
        cause: error,
      });
    }
    tail = Uint8Array.from([...tail, ...bytes.subarray(-STATISTICS_BYTES)]).slice(-STATISTICS_BYTES);
  }
}
