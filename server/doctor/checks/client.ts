import { clientSettings } from "../../../core/doctor/client_settings.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { keyFault, portFault } from "../../faults/client_faults.ts";
import { absentFault } from "../../faults/path_faults.ts";
import { isHeard } from "../../faults/server_facts.ts";
import type { ServerStatus } from "../../status/status_document.ts";
import type { Examination } from "../examination.ts";
import { clientCandidate } from "./container.ts";

/** Whether the client is heard, and what it was told if it is not. */
export function checkClient(examination: Examination): CheckResult {
  const { status: { value: status }, config: { config } } = examination;
  if (status === undefined) return skipped("client", "no server was asked");
  if (status.docker.container?.state === "not-required") {
    return sound("client", "not required: Docker runs on this machine");
  }
  const candidate = clientCandidate(examination);
  const settings = candidate && clientSettings(candidate.environment, candidate.command);
  const text = describe(status);
  const port = portFault(status.listen, settings?.port);
  if (port !== undefined) return faulty("client", text, port);
  const key = keyFault(status);
  if (key !== undefined) return faulty("client", text, key);
  if (config.key !== undefined && settings !== undefined && settings.key !== config.key) {
    return faulty(
      "client",
      text,
      fault("client.wrong-key", { count: Math.max(1, status.refused?.count ?? 1) }),
    );
  }
  if (isHeard(status)) return sound("client", text);
  // Where its container runs, the paths say what keeps it from being heard.
  if (candidate?.container.state === "running" && isUdpAlone(status)) return skipped("client", text);
  return faulty("client", text, absentFault(status));
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
