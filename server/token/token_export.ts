import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Config, Token } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { tunnelAddresses } from "../../core/config/virtual_network.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { accessorPeerKeys, deriveTokenKeys, wgQuickFile } from "../../core/token/token_keys.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import { configFileToRead } from "../config/config_path.ts";
import { exposedPrefixes } from "../sharing/login_texts.ts";

/** Bytes of the largest QR code with the least error correction (ISO/IEC 18004 table 7, version 40-L). */
const QR_CAPACITY = 2953;
/** ECMA-48: bright white on black, as the drawing means it, whatever the terminal's own colors are; and back. */
const [COLORS, NO_COLORS] = ["\x1b[97;40m", "\x1b[0m"];

export interface ExportOptions {
  /** The token, or its address. */
  readonly token: string;
  /** The server as the accessor reaches it: HOST:PORT. */
  readonly endpoint: string;
  /** The config file; undefined searches the usual places. */
  readonly file: string | undefined;
  readonly qr: boolean;
}

/**
 * `docker-connector token export`: prints a token as the configuration of a WireGuard app.
 *
 * @returns the exit status
 * @throws {OperationError} `config` for a faulty file, or one without the token; `failure` for what no QR code holds
 */
export async function printExport(request: ExportOptions, terminal: Terminal): Promise<number> {
  const { endpoint, qr } = request;
  const file = await configFileToRead(request.file);
  const config = await soundConfig(file);
  const { name, address } = findToken(config, request.token, file);
  const text = wgQuickFile({
    keys: accessorPeerKeys(await deriveTokenKeys(name, scrypt)),
    address,
    server: tunnelAddresses(config.addr).server,
    mtu: config.mtu,
    endpoint,
    routes: exposedPrefixes(config),
    // A picture has no room for comments, and who scans it does not read them.
    domain: qr ? undefined : config.dns,
  });
  terminal.out(qr ? await drawQrCode(text, terminal.outColor) : text);
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

/** Draws a text as a QR code, in lines of half blocks. Colors make it easier to scan. */
async function drawQrCode(text: string, color: boolean): Promise<string> {
  if (new TextEncoder().encode(text).length > QR_CAPACITY) {
    throw new OperationError(
      "failure",
      "Cannot draw the QR code: there are too many exposed routes for one",
      "Leave --qr out and carry the file over, or join the networks to wider routes",
    );
  }
  const { default: encodeQr } = await import("qr");
  const lines = encodeQr(text, "ascii", { ecc: "low" }).trimEnd().split("\n");
  return lines.map((line) => color ? `${COLORS}${line}${NO_COLORS}\n` : `${line}\n`).join("");
}
