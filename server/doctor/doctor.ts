import { EXIT_OK, EXIT_STATUS } from "../../cli/exit_status.ts";
import { formatJson } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { deadline, sleep } from "../../core/async/clock.ts";
import { nameCauses } from "../../core/doctor/causes.ts";
import { type Area, type CheckResult, skipped } from "../../core/doctor/check_result.ts";
import { asOperationError } from "../../core/error.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { checkClient } from "./checks/client.ts";
import { checkClock } from "./checks/clock.ts";
import { checkConfigFile } from "./checks/config.ts";
import { checkContainer } from "./checks/container.ts";
import { checkDevice } from "./checks/device.ts";
import { checkEngine } from "./checks/engine.ts";
import { checkFirewall } from "./checks/firewall.ts";
import { checkHttps } from "./checks/https.ts";
import { checkMtu } from "./checks/mtu.ts";
import { checkNames } from "./checks/names.ts";
import { checkNetworks } from "./checks/network.ts";
import { checkPaths } from "./checks/path.ts";
import { checkPort } from "./checks/port.ts";
import { checkProgram } from "./checks/program.ts";
import { checkRoot } from "./checks/root.ts";
import { checkRoutes } from "./checks/route.ts";
import { checkService } from "./checks/service.ts";
import { checkSharing } from "./checks/sharing.ts";
import { checkVersion } from "./checks/version.ts";
import { type DoctorDocument, doctorDocument } from "./doctor_document.ts";
import { doctorText } from "./doctor_text.ts";
import { type Examination, examine } from "./examination.ts";
import { findReach, type Reach } from "./reach.ts";

/** Milliseconds that one check may take: all run side by side. */
const CHECK_LIMIT = 5_000;

/** Milliseconds between what --fix has done and the look at what is wrong now: a client is heard within a second. */
const FIX_PAUSE = 2_500;

/** How it was asked. */
export interface DoctorOptions {
  /** The server's control socket. */
  readonly control: string;
  /** The config file; undefined: the running server's, or the usual places. */
  readonly configFile: string | undefined;
  readonly json: boolean;
  /** Whether to do what is safe. */
  readonly fix: boolean;
  /** Whether to measure throughput for a second. */
  readonly speed: boolean;
}

type Check = (examination: Examination, reach: Promise<Reach>) => CheckResult | Promise<CheckResult>;

const CHECKS: Readonly<Record<Area, Check>> = {
  root: checkRoot,
  device: checkDevice,
  config: checkConfigFile,
  port: checkPort,
  program: checkProgram,
  engine: checkEngine,
  container: checkContainer,
  client: checkClient,
  path: checkPaths,
  route: checkRoutes,
  firewall: checkFirewall,
  mtu: checkMtu,
  network: checkNetworks,
  names: checkNames,
  https: checkHttps,
  sharing: checkSharing,
  service: checkService,
  clock: checkClock,
  version: checkVersion,
};

/**
 * `docker-connector doctor`: walks from this machine to a container, and says of each hop what it saw, what is wrong and what
 * fixes it.
 *
 * @returns the exit status: 0 when nothing is wrong, else 1
 */
export async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const { control, configFile, json, fix, speed } = options;
  let examination = await examine(control, configFile);
  let fixed: string[] = [];
  if (fix) {
    const { fixWhatIsSafe } = await import("./fix.ts");
    fixed = await fixWhatIsSafe(examination);
    if (fixed.length > 0) {
      await sleep(FIX_PAUSE, SYSTEM_CLOCK);
      examination = await examine(control, configFile);
    }
  }
  const reach = findReach(examination);
  const results = nameCauses(await runChecks(examination, reach));
  if (speed) await addSpeed(examination, reach, results);
  const document = doctorDocument(results, fixed);
  terminal.out(
    json ? `${formatJson(document)}\n` : doctorText(document, terminal.outColor),
  );
  return document.ok ? EXIT_OK : EXIT_STATUS.failure;
}

/**
 * Looks once, and changes nothing.
 *
 * @param control the control socket of the server
 * @param configFile the config file that was named; undefined: the running server's, or the usual places
 */
export async function diagnose(control: string, configFile: string | undefined): Promise<DoctorDocument> {
  return doctorDocument(nameCauses(await runChecks(await examine(control, configFile))), []);
}

/** Runs all checks side by side. One that breaks or takes too long says so and stops no other. */
async function runChecks(
  examination: Examination,
  reach: Promise<Reach> = findReach(examination),
): Promise<CheckResult[]> {
  // Each check that needs it reports its failure.
  reach.catch(() => {});
  return await Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      const area = name as Area;
      const late = () => skipped(area, `no answer within ${CHECK_LIMIT / 1000} s`);
      try {
        return await deadline(Promise.resolve(check(examination, reach)), CHECK_LIMIT, late, SYSTEM_CLOCK);
      } catch (error) {
        return skipped(area, asOperationError(error, "Cannot look").message);
      }
    }),
  );
}

/** Adds the throughput to the line of the paths; after the checks, which it would disturb. */
async function addSpeed(
  examination: Examination,
  reach: Promise<Reach>,
  results: CheckResult[],
): Promise<void> {
  const at = results.findIndex(({ area }) => area === "path");
  const path = results[at];
  if (path === undefined) return;
  const { measureSpeed } = await import("./speed.ts");
  const { networks } = await reach.catch(() => ({ networks: [] }));
  const container = networks.find(({ answered }) => answered !== undefined)?.answered?.address;
  results[at] = { ...path, text: `${path.text}; ${await measureSpeed(examination, container)}` };
}
