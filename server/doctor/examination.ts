/**
 * What the checks of `doctor` look at, asked for once: the running server's status, the configuration, the Engine.
 *
 * @module
 */
import * as v from "valibot";
import { type Config, DEFAULT_CONFIG } from "../../core/config/config.ts";
import { type Diagnostic, formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { type LiveContainer, liveContainers } from "../../core/doctor/live_containers.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { findConfigFile, readConfigFile } from "../../system/config/config_file.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { type EngineClient, parseReply } from "../../system/docker/engine_client.ts";
import { connectDocker } from "../../system/docker/search/connect_docker.ts";
import { searchSockets } from "../../system/docker/search/socket_search.ts";
import { defaultPaths } from "../config/config_path.ts";
import { type ClientCandidate, listCandidates } from "../docker/managed_containers.ts";
import { SERVER_STATUS, type ServerStatus } from "../status/status_document.ts";

/** Milliseconds that the Engine may take to answer. */
const ENGINE_TIMEOUT = 1_500;

/** What was found, or why it was not. */
export type Found<T> = { readonly value: T; readonly error?: undefined } | {
  readonly value?: undefined;
  readonly error: OperationError;
};

/** The configuration on disk. */
export interface FoundConfig {
  /** The file; undefined where there is none. */
  readonly file: string | undefined;
  /** The configuration; the default one where the file is faulty or absent. */
  readonly config: Config;
  /** Why it cannot be used, a line each. */
  readonly faults: readonly string[];
  /** Whether this user may not read it. */
  readonly isHidden: boolean;
}

/** What the Engine shows. */
export interface FoundEngine {
  readonly client: EngineClient;
  /** The containers that concern the client. */
  readonly candidates: readonly ClientCandidate[];
  readonly live: readonly LiveContainer[];
}

/** Everything that checks look at; all of it is of the same moment. */
export interface Examination {
  readonly control: string;
  readonly isRoot: boolean;
  /** The running server's status; the error's code is `not-running` where none runs, `privilege` where it may not be asked. */
  readonly status: Found<ServerStatus>;
  readonly config: FoundConfig;
  /** Undefined where the configuration switches Docker off. */
  readonly engine: Found<FoundEngine> | undefined;
}

/**
 * Looks at everything.
 *
 * @param control the server's control socket
 * @param file the config file that was named; undefined: the running server's, or the usual places
 */
export async function examine(control: string, file: string | undefined): Promise<Examination> {
  const status = await found(() => askStatus(control));
  const config = await findConfig(file ?? status.value?.config.file ?? undefined);
  return {
    control,
    isRoot: Deno.uid() === 0,
    status,
    config,
    engine: await findEngine(status.value, config.config),
  };
}

/** Asks the running server for its status. */
export async function askStatus(control: string): Promise<ServerStatus> {
  const document = await readStatus(control, "docker-connector");
  const { success, output } = v.safeParse(SERVER_STATUS, document);
  if (success) return output;
  throw new OperationError(
    "failure",
    `Cannot read the status at ${control}: the running docker-connector is of another version`,
    "Restart it",
  );
}

async function found<T>(work: () => Promise<T>): Promise<Found<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: asOperationError(error, "Cannot look") };
  }
}

async function findConfig(given: string | undefined): Promise<FoundConfig> {
  const file = given ?? await findConfigFile(defaultPaths());
  const base = { file, config: DEFAULT_CONFIG, faults: [], isHidden: false };
  if (file === undefined) return base;
  try {
    const { config, faults } = parseConfig(await readConfigFile(file), file);
    const lines = faults.map((fault: Diagnostic) => formatDiagnostic(fault));
    return { ...base, config: config ?? DEFAULT_CONFIG, faults: lines };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const isHidden = Deno.uid() !== 0 && error.message.includes("permission denied");
    return { ...base, faults: isHidden ? [] : [error.message], isHidden };
  }
}

async function findEngine(
  status: ServerStatus | undefined,
  { docker }: Config,
): Promise<Examination["engine"]> {
  if (status === undefined ? docker.mode === "off" : status.docker.state === "off") return undefined;
  return await found(async () => {
    const socket = status?.docker.socket ?? (docker.mode === "socket" ? docker.path : undefined);
    const search = socket === undefined ? await searchSockets() : { paths: [socket] };
    const client = await connectDocker(search, AbortSignal.timeout(ENGINE_TIMEOUT));
    const [candidates, live] = await Promise.all([listCandidates(client, undefined), listLive(client)]);
    return { client, candidates, live };
  });
}

async function listLive(client: EngineClient): Promise<LiveContainer[]> {
  return liveContainers(parseReply(client, await client.send("GET", "/containers/json")));
}
