import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ServerFacts } from "./server_facts.ts";

/** Faults of the config file and of the tunnel's interface. */
export function desktopFaults(
  { config, interface: own }: Pick<ServerFacts, "config" | "interface">,
): Fault[] {
  const faults: Fault[] = [];
  if (config.faults.length > 0) {
    faults.push(fault("config.invalid", { file: config.file ?? "the config file", faults: config.faults }));
  }
  if (config.fault !== undefined) {
    faults.push(fault("config.not-applied", { why: config.fault }, config.remedy));
  }
  if (own.fault !== undefined) {
    faults.push(fault("interface.changed", { name: own.name, why: own.fault }, own.remedy));
  }
  return faults;
}
