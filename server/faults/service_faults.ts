import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ServerFacts } from "./server_facts.ts";

/** Faults of what the server offers beside packets: names, the desktop's names and services, the page. */
export function serviceFaults({ names, hosts, proxies, web }: ServerFacts): Fault[] {
  return [
    ...nameFaults(names),
    ...hosts.flatMap(({ fault: why }) => why === undefined ? [] : [fault("hosts.unreadable", { why })]),
    ...proxies.flatMap(({ listen, target, fault: why }) => {
      if (why === undefined) return [];
      return [listen.length === 0 ? fault("proxy.closed", { why }) : fault("proxy.target-down", { target })];
    }),
    ...web?.fault === undefined ? [] : [fault("web.closed", { why: web.fault })],
  ];
}

/** Without a name server the resolver finds nothing either. */
function nameFaults(names: ServerFacts["names"]): Fault[] {
  if (names === null) return [];
  const { domain, fault: closed, resolver: { fault: why } } = names;
  if (closed !== undefined) return [fault("names.port-taken", { why: closed })];
  return why === undefined ? [] : [fault("names.resolver-missing", { domain, why })];
}
