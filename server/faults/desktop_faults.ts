import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ServerFacts } from "./server_facts.ts";

/** What other programs did to the tunnel's interface. */
export function interfaceFault({ name, fault: why, remedy }: ServerFacts["interface"]): Fault | undefined {
  return why === undefined ? undefined : fault("interface.changed", { name, why }, remedy);
}

/** Faults of the config file. */
export function configFaults(config: ServerFacts["config"]): Fault[] {
  const faults: Fault[] = [];
  if (config.faults.length > 0) {
    faults.push(fault("config.invalid", { file: config.file ?? "the config file", faults: config.faults }));
  }
  if (config.fault !== undefined) {
    faults.push(fault("config.not-applied", { why: config.fault }, config.remedy));
  }
  return faults;
}
