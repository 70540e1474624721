import { clientSettings } from "../../../core/doctor/client_settings.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { sleep } from "../../../core/async/clock.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { SYSTEM_CLOCK } from "../../../system/process/system_clock.ts";
import type { ServerStatus } from "../../status/status_document.ts";
import { askStatus, type Examination } from "../examination.ts";
import { clientCandidate } from "./container.ts";

/** Seconds without a heartbeat after which the client counts as silent: it sends one every second at least. */
const SILENT_AFTER = 5;

/** How long refused heartbeats are watched, and how often is looked; a client sends one every half to whole second. */
const WATCH = { totalMs: 1_500, everyMs: 250 } as const;

/** Whether the client is heard, and what it was told if it is not. */
export async function checkClient(examination: Examination): Promise<CheckResult> {
  const { status: { value: status }, config: { config }, control } = examination;
  if (status === undefined) return skipped("client", "no server was asked");
  if (status.docker.container?.state === "not-required") {
    return sound("client", "not required: Docker runs on this machine");
  }
  const candidate = clientCandidate(examination);
  const settings = candidate && clientSettings(candidate.environment, candidate.command);
  const own = Number(status.listen.slice(status.listen.lastIndexOf(":") + 1));
  const text = describe(status);
  if (settings?.port !== undefined && settings.port !== own) {
    return faulty("client", text, fault("client.other-port", { own, theirs: settings.port }));
  }
  const refused = await refusedHeartbeats(status, control);
  const hasOtherKey = config.key !== undefined && settings !== undefined && settings.key !== config.key;
  if (refused > 0 || hasOtherKey) {
    return faulty("client", text, fault("client.wrong-key", { count: Math.max(refused, 1) }));
  }
  const { client, listen } = status;
  if (client !== null && client.lastHeardSeconds < SILENT_AFTER) return sound("client", text);
  // Where its container runs, the paths say what keeps it from being heard.
  if (candidate?.container.state === "running" && isUdpAlone(status)) return skipped("client", text);
  return faulty(
    "client",
    text,
    client === null
      ? fault("client.never-heard", { listen })
      : fault("client.silent", { seconds: client.lastHeardSeconds }),
  );
}

/** Whether packets can go by UDP alone, so that a firewall may be all that keeps a running client from being heard. */
export function isUdpAlone({ paths }: ServerStatus): boolean {
  return paths.preference === "udp";
}

function describe({ client }: ServerStatus): string {
  if (client === null) return "no client has been heard";
  const { endpoint, version, lastHeardSeconds } = client;
  const of = version === undefined ? "" : ` of version ${version}`;
  return `client${of} heard ${lastHeardSeconds} s ago from ${endpoint ?? "the Engine's stream"}`;
}

/** How many heartbeats are refused from now on: those of before may be of a client that is gone. */
async function refusedHeartbeats(status: ServerStatus, control: string): Promise<number> {
  const refusedOf = ({ counters: { drops } }: ServerStatus) => drops.heartbeatRefused ?? 0;
  const before = refusedOf(status);
  if (before === 0) return 0;
  try {
    for (let waited = 0; waited < WATCH.totalMs; waited += WATCH.everyMs) {
      await sleep(WATCH.everyMs, SYSTEM_CLOCK);
      const more = refusedOf(await askStatus(control)) - before;
      if (more > 0) return before + more;
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
  }
  return 0;
}
