import type { PathKind } from "../../core/path/path_kind.ts";
import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { portFault } from "./client_faults.ts";
import type { ServerFacts } from "./server_facts.ts";

type Facts = Pick<ServerFacts, "client" | "docker" | "paths" | "version" | "listen">;

/** Where no client is heard: nothing comes from one, or it fell silent, or the one path that may be used is down. */
export function absentFault({ client, docker, paths, listen }: Facts): Fault {
  const engine = paths.list.find(({ kind }) => kind === "engine");
  const port = paths.preference === "engine" ? undefined : portFault(listen, docker.container?.port);
  if (port !== undefined) return port;
  if (client !== null) return fault("client.silent", { seconds: client.lastHeardSeconds });
  if (paths.preference === "engine") return preferenceFault("engine", paths);
  const isTried = paths.preference === "auto" && engine?.state === "down" && engine.reason !== undefined &&
    engine.reason !== NOT_YET;
  return fault("client.never-heard", { listen, ...isTried ? { why: engine.reason } : {} });
}

/** What is wrong with the paths to a client that is heard. */
export function pathFaults(facts: Facts): Fault[] {
  const { paths } = facts;
  const { preference, inUse, reason } = paths;
  if (inUse === null) {
    return [preference === "auto" ? fault("path.none", { why: reason }) : preferenceFault(preference, paths)];
  }
  if (preference !== "auto") return [];
  const found = inUse === "engine" ? udpFault(facts) : engineFault(facts);
  return found === undefined ? [] : [found];
}

/** Said of a path that was never up. */
const NOT_YET = "not up yet";

function preferenceFault(wanted: PathKind, { list }: Facts["paths"]): Fault {
  const path = list.find(({ kind }) => kind === wanted);
  return fault("path.preference-down", { wanted, why: path?.reason ?? "it is not there" });
}

/** UDP is silent, or was never heard, while the Engine's stream leads to the client. */
function udpFault({ client, docker, paths, listen }: Facts): Fault | undefined {
  const udp = paths.list.find(({ kind }) => kind === "udp");
  if (udp?.state !== "down" && udp?.state !== "silent") return undefined;
  const why = client?.endpoint === null ? `nothing comes to ${listen}` : udp.reason ?? "it does not answer";
  return portFault(listen, docker.container?.port) ?? fault("path.udp-blocked", { why });
}

/** The Engine answers and runs a client of this version, and its stream is not there. */
function engineFault({ client, docker, paths, version }: Facts): Fault | undefined {
  const engine = paths.list.find(({ kind }) => kind === "engine");
  const isThere = docker.state === "connected" &&
    (docker.container?.state === "running" || docker.container?.state === "external");
  // Another version is a fault of its own, and the original's client, which tells none, knows no such path.
  if (!isThere || client?.version !== version) return undefined;
  if (engine?.state !== "down" && engine?.state !== "silent") return undefined;
  return fault("path.engine-refused", { why: engine.reason ?? "it does not answer" }, engine.remedy);
}
