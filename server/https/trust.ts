import { EXIT_OK, EXIT_STATUS } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import { certificatePem } from "../../core/https/pem.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { authorityPath, openAuthority } from "../../system/https/authority_file.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { findStores } from "../../system/trust/find_stores.ts";
import type { TrustStore } from "../../system/trust/trust_store.ts";
import { configFileToRead } from "../config/config_path.ts";

/**
 * `docker-connector trust`: installs the authority in each store; a failure does not stop the rest.
 *
 * @param file the config file, which says the domain; undefined searches the usual places
 * @returns the exit status
 * @throws {OperationError} where there is no authority and no store
 */
export async function trust(file: string | undefined, terminal: Terminal): Promise<number> {
  requireRoot("trust");
  const domain = await readDomain(file);
  const { certificate } = await openAuthority(domain, SYSTEM_CLOCK.wallClock());
  const pem = certificatePem(certificate);
  const stores = await findStores((words) => terminal.err(`docker-connector: ${words}\n`));
  if (stores.length === 0) {
    throw new OperationError(
      "unavailable",
      "Cannot install the local authority: no store of this system is known",
      `Have the certificate in ${authorityPath(domain)} trusted by hand`,
    );
  }
  return await onEach(stores, terminal, async (store) => {
    await store.install(pem);
    return `${store.name} trusts the authority of ${domain}`;
  });
}

/** `docker-connector untrust`: removes it from each store. Returns the exit status; throws {@linkcode OperationError}. */
export async function untrust(terminal: Terminal): Promise<number> {
  requireRoot("untrust");
  return await onEach(
    await findStores((words) => terminal.err(`docker-connector: ${words}\n`)),
    terminal,
    async (store) =>
      await store.remove()
        ? `${store.name} does not trust the authority any more`
        : `${store.name} has not trusted it`,
  );
}

function requireRoot(command: string): void {
  if (Deno.uid() === 0) return;
  throw new OperationError(
    "privilege",
    "Cannot change the stores of this system: this user is not root",
    `Run: sudo docker-connector ${command}`,
  );
}

async function onEach(
  stores: readonly TrustStore[],
  terminal: Terminal,
  act: (store: TrustStore) => Promise<string>,
): Promise<number> {
  let status: number = EXIT_OK;
  for (const store of stores) {
    try {
      terminal.out(`${escapeControls(await act(store))}\n`);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      status = EXIT_STATUS[error.code];
      terminal.err(`docker-connector: ${escapeControls(error.report)}\n`);
    }
  }
  return status;
}

async function readDomain(given: string | undefined): Promise<string> {
  const file = await configFileToRead(given).catch((error) => {
    if (given === undefined && error instanceof OperationError) return undefined;
    throw error;
  });
  const config = file === undefined ? DEFAULT_CONFIG : parseConfig(await readConfigFile(file), file).config;
  if (config?.dns !== undefined) return config.dns;
  const [state, remedy] = config === undefined
    ? [`${file} has faults`, "Run: docker-connector check"]
    : ["names of containers are off", 'Write "dns container.internal" into the config file'];
  throw new OperationError("config", `Cannot tell the domain of containers: ${state}`, remedy);
}
