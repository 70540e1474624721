import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ServerFacts } from "./server_facts.ts";

/** Faults of what the server offers beside packets and names: the desktop's names and services, the page. */
export function serviceFaults({ hosts, proxies, https, web }: ServerFacts): Fault[] {
  return [
    ...hosts.flatMap(({ fault: why }) => why === undefined ? [] : [fault("hosts.unreadable", { why })]),
    ...proxies.flatMap(({ listen, target, fault: why }) => {
      if (why === undefined) return [];
      return [listen.length === 0 ? fault("proxy.closed", { why }) : fault("proxy.target-down", { target })];
    }),
    ...https?.fault === undefined ? [] : [fault("https.not-served", { why: https.fault })],
    ...web?.fault === undefined ? [] : [fault("web.closed", { why: web.fault })],
  ];
}
