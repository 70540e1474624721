/**
 * `docker-connector token export`.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Config, Token } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { tunnelAddresses } from "../../core/config/virtual_network.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { accessorPeerKeys, deriveTokenKeys } from "../../core/token/token_keys.ts";
import { wgQuickFile } from "../../core/token/wg_quick.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import { configFileToRead } from "../config/config_path.ts";
import { exposedPrefixes } from "../sharing/exposed_prefixes.ts";

/** The options of an export. */
export interface ExportOptions {
  /** The token, or its address. */
  readonly token: string;
  /** The server as the accessor reaches it: HOST:PORT. */
  readonly endpoint: string;
  /** The config file; undefined searches the usual places. */
  readonly file: string | undefined;
  /** True for a QR code. */
  readonly qr: boolean;
}

/**
 * Prints the configuration of a token.
 *
 * @returns the exit status
 * @throws {OperationError} `config` for a faulty file, or one without the token; `failure` for what no QR code holds
 */
export async function printExport(request: ExportOptions, terminal: Terminal): Promise<number> {
  const { endpoint, qr } = request;
  const file = await configFileToRead({ given: request.file });
  const config = await soundConfig(file);
  const { name, address } = findToken(config, request.token, file);
  const text = wgQuickFile({
    keys: accessorPeerKeys(await deriveTokenKeys(name, scrypt)),
    address,
    server: tunnelAddresses(config.addr).server,
    mtu: config.mtu,
    endpoint,
    routes: exposedPrefixes(config),
  });
  terminal.out(qr ? await drawing(text, terminal) : text);
  terminal.err("This holds the secrets of the token: keep it readable for its owner alone (umask 077).\n");
  if (config.expose === undefined) {
    terminal.err(`No device can log in yet: ${file} has no "expose ADDRESS:PORT" line.\n`);
  }
  return EXIT_OK;
}

async function soundConfig(file: string): Promise<Config> {
  const { config, faults } = parseConfig(await readConfigFile(file), file);
  if (config !== undefined) return config;
  throw new OperationError(
    "config",
    `Cannot read ${file}: ${faults.length === 1 ? "one fault" : `${faults.length} faults`}`,
    `Run "docker-connector check --config ${file}" and fix it first`,
  );
}

function findToken({ tokens }: Config, wanted: string, file: string): Token {
  const found = tokens.find(({ name }) => name === wanted) ??
    tokens.find(({ address }) => formatAddress(address) === wanted);
  if (found !== undefined) return found;
  // The word may be a secret of another file, so it is not repeated.
  throw new OperationError(
    "config",
    `Cannot export the token: ${file} has no such token, and none for such an address`,
    'Make one with "docker-connector token add NAME" first',
  );
}

async function drawing(text: string, terminal: Terminal): Promise<string> {
  const { drawQrCode, QrCapacityError } = await import("./qr_code.ts");
  try {
    return drawQrCode(text, terminal.outColor);
  } catch (error) {
    if (!(error instanceof QrCapacityError)) throw error;
    throw new OperationError(
      "failure",
      "Cannot draw the QR code: there are too many exposed routes for one",
      "Leave --qr out and carry the file over, or join the networks to wider routes",
      { cause: error },
    );
  }
}
