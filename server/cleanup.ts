import { EXIT_OK } from "../cli/exit_status.ts";
import { escapeControls } from "../cli/format.ts";
import type { Terminal } from "../cli/terminal.ts";
import { DEFAULT_CONFIG, type DockerSetting } from "../core/config/config.ts";
import { parseConfig } from "../core/config/parse.ts";
import { OperationError } from "../core/error.ts";
import { formatPrefix, type Prefix } from "../core/net/prefix.ts";
import { platform } from "../ffi/platform.ts";
import { findConfigFile, readConfigFile } from "../system/config/config_file.ts";
import { readStatus } from "../system/control/control_client.ts";
import { captureSocketPath } from "../system/control/capture_socket.ts";
import { removeStaleSocket } from "../system/control/control_socket.ts";
import type { EngineClient } from "../system/docker/engine_client.ts";
import { connectDocker } from "../system/docker/search/connect_docker.ts";
import { searchSockets } from "../system/docker/search/socket_search.ts";
import {
  deleteStaleInterface,
  removeRecord,
  resetStaleInterface,
} from "../system/interface/stale_interface.ts";
import { INTERFACE_NAME } from "./commands.ts";
import { defaultPaths } from "./config/config_path.ts";
import { removeManagedContainers } from "./docker/managed_containers.ts";

/**
 * `docker-connector cleanup`: removes what a killed run has left, and the client container; prints the name of each
 * thing. A failure does not stop the rest.
 *
 * @param configFile says where the Engine is; undefined searches the usual places
 * @returns the exit status
 * @throws {OperationError} "failure" while a server runs; else the first of what failed
 */
export async function cleanUp(
  control: string,
  configFile: string | undefined,
  terminal: Terminal,
): Promise<number> {
  await refuseWhileRunning(control);
  const say = (line: string) => terminal.out(`${escapeControls(line)}\n`);
  const faults: OperationError[] = [];
  let removed = 0;
  const captures = captureSocketPath(control);
  const steps = [
    () => cleanInterface(control),
    () => cleanContainers(configFile),
    cleanResolver,
    async () => await removeStaleSocket(control) ? [`control socket ${control}`] : [],
    async () => await removeStaleSocket(captures) ? [`capture socket ${captures}`] : [],
  ];
  for (const clean of steps) {
    try {
      for (const thing of await clean()) {
        removed++;
        say(`removed ${thing}`);
      }
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      faults.push(error);
    }
  }
  const [first, ...others] = faults;
  if (first !== undefined) {
    for (const { report } of others) terminal.err(`docker-connector: ${escapeControls(report)}\n`);
    throw first;
  }
  if (removed === 0) say("nothing was left");
  return EXIT_OK;
}

async function refuseWhileRunning(control: string): Promise<void> {
  try {
    const { pid } = await readStatus(control, "docker-connector");
    throw new OperationError(
      "failure",
      `Cannot clean up: docker-connector runs (pid ${typeof pid === "number" ? pid : "unknown"})`,
      "Stop it first",
    );
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== "not-running") throw error;
  }
}

/** Removes the interface and its routes; returns their names. Some systems keep both after a killed process. */
export async function cleanInterface(control: string): Promise<string[]> {
  const name = (routes: readonly Prefix[]) => routes.map((route) => `route ${formatPrefix(route)}`);
  const cleared = await resetStaleInterface(control);
  const routes = await deleteStaleInterface(INTERFACE_NAME);
  await removeRecord(control);
  return [
    ...cleared === undefined ? [] : [...name(cleared.routes), `the addresses of ${cleared.name}`],
    ...routes === undefined ? [] : [...name(routes), `interface ${INTERFACE_NAME}`],
  ];
}

/** Removes the files that lead the Mac's resolver here. On Linux the resolver forgets the server with the interface. */
async function cleanResolver(): Promise<string[]> {
  if (platform.os !== "darwin") return [];
  const { removeOwnFiles } = await import("../system/names/resolver_darwin.ts");
  return (await removeOwnFiles("docker-connector")).map((path) => `resolver file ${path}`);
}

/** Removes managed containers and no others. With `docker off` too: an earlier run may have left one. */
async function cleanContainers(configFile: string | undefined): Promise<string[]> {
  const engine = await findEngine(await dockerSetting(configFile));
  if (engine === undefined) return [];
  return (await removeManagedContainers(engine)).map((name) => `container ${name}`);
}

/** Finds the Docker Engine. With `docker off` it may be missing. */
async function findEngine(setting: DockerSetting): Promise<EngineClient | undefined> {
  try {
    return await connectDocker(setting.mode === "socket" ? { paths: [setting.path] } : await searchSockets());
  } catch (error) {
    if (setting.mode === "off" && error instanceof OperationError) return undefined;
    throw error;
  }
}

/** Reads the docker setting. With a faulty file the Engine is searched for, so that nothing stays behind. */
async function dockerSetting(given: string | undefined): Promise<DockerSetting> {
  const file = given ?? await findConfigFile(defaultPaths());
  if (file === undefined) return DEFAULT_CONFIG.docker;
  return parseConfig(await readConfigFile(file), file).config?.docker ?? DEFAULT_CONFIG.docker;
}
