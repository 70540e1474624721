/**
 * `docker-connector token add`.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Config } from "../../core/config/config.ts";
import { addLine } from "../../core/config/edit.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { freeAddress } from "../../core/config/virtual_network.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix } from "../../core/net/prefix.ts";
import type { ConfigPathOptions } from "../config/config_path.ts";
import { changeConfig } from "../config/edit_config.ts";
import { newToken } from "./token_generate.ts";

/** The options of a new token. */
export interface TokenOptions {
  /** The beginning of the token, which names its owner. */
  readonly name: string;
  /** The virtual address; undefined takes a free one. */
  readonly address: IpAddress | undefined;
}

/**
 * Makes a token, adds it to the config file, and prints it: the token alone to stdout, advice to stderr.
 *
 * @returns the exit status
 * @throws {OperationError} `config` where no address is free, or the file is faulty or out of reach
 */
export async function addToken(
  request: TokenOptions,
  place: ConfigPathOptions,
  terminal: Terminal,
): Promise<number> {
  const token = newToken(request.name);
  let added: { address: string; config: Config } | undefined;
  const file = await changeConfig("add", place, (before, file) => {
    const { config, faults: [fault] } = parseConfig(before, file);
    if (config === undefined) {
      throw new OperationError(
        "config",
        `Cannot add a token: ${fault === undefined ? `${file} is faulty` : formatDiagnostic(fault)}`,
        'Run "docker-connector check" and fix it first',
      );
    }
    const address = formatAddress(request.address ?? freeOrThrow(config));
    added = { address, config };
    return addLine(before, `token ${token} ${address}`).text;
  });
  if (added === undefined) throw new TypeError("the file was not changed");
  terminal.out(`${token}\n`);
  terminal.err(advice(file, added.address, added.config));
  return EXIT_OK;
}

function freeOrThrow(config: Config): IpAddress {
  const address = freeAddress(config);
  if (address !== undefined) return address;
  throw new OperationError(
    "config",
    `Cannot add a token: every address of ${formatPrefix(maskPrefix(config.addr))} is taken`,
    "Remove a token, or set addr to a wider network",
  );
}

function advice(file: string, address: string, { expose, routes }: Config): string {
  const port = expose?.endpoint.port ?? "PORT";
  const lines = [
    `The line is in ${file}, with the address ${address}. The token is a secret, for one device; put it into a file of mode 0600 there:`,
    `  sudo docker-accessor run --remote HOST:${port} --token-file FILE`,
    "For a WireGuard app instead:",
    `  docker-connector token export ${address} --endpoint HOST:${port}`,
  ];
  if (expose === undefined) lines.push('No device can log in yet: there is no "expose ADDRESS:PORT" line.');
  if (!routes.some((route) => route.expose)) {
    lines.push('There is nothing to reach yet: no "route CIDR expose" line.');
  }
  return lines.map((line) => `${line}\n`).join("");
}
