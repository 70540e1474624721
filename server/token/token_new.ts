/**
 * `docker-connector token add` and `token generate`: make strong tokens.
 *
 * @module
 */
import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Config } from "../../core/config/config.ts";
import { addLine } from "../../core/config/text.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { freeAddress } from "../../core/config/virtual_network.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix } from "../../core/net/prefix.ts";
import { generateToken, TOKEN_ENTROPY, tokenStrength } from "../../core/token/strength.ts";
import { adviseOnRights, changeConfig, FIX_FIRST } from "../config/edit_config.ts";

/**
 * `token add`: makes a token, adds it to the config file, and prints it: the token alone to stdout, advice to stderr.
 *
 * @param request the beginning of the token, which names its owner, and its address; undefined takes a free one
 * @returns the exit status
 * @throws {OperationError} `config` where no address is free, or the file is faulty or out of reach
 */
export async function addToken(
  request: { readonly name: string; readonly address: IpAddress | undefined },
  given: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const token = newToken(request.name);
  let [advice, result] = ["", ""];
  const written = await changeConfig("add", given, (before, file) => {
    const { config, faults: [fault] } = parseConfig(before, file);
    if (config === undefined) {
      throw new OperationError(
        "config",
        `Cannot add a token: ${fault === undefined ? `${file} is faulty` : formatDiagnostic(fault)}`,
        FIX_FIRST,
      );
    }
    const address = request.address ?? freeAddress(config);
    if (address === undefined) {
      throw new OperationError(
        "config",
        `Cannot add a token: every address of ${formatPrefix(maskPrefix(config.addr))} is taken`,
        "Remove a token, or set addr to a wider network",
      );
    }
    advice = adviceOn(file, formatAddress(address), config);
    result = addLine(before, `token ${token} ${formatAddress(address)}`).text;
    return result;
  });
  terminal.out(`${token}\n`);
  terminal.err(advice);
  await adviseOnRights(written, result, terminal);
  return EXIT_OK;
}

function adviceOn(file: string, address: string, { expose, routes }: Config): string {
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

/**
 * `token generate`: prints a strong token, and advice on a terminal.
 *
 * @param name the beginning of the token; undefined for none
 * @returns the exit status
 */
export function printToken(name: string | undefined, terminal: Terminal): number {
  terminal.out(`${newToken(name)}\n`);
  if (terminal.outIsTerminal) {
    terminal.err(
      'Write "token TOKEN ADDRESS" into the config file to use it. In one step: docker-connector token add NAME\n',
    );
  }
  return EXIT_OK;
}

/** Makes a token, and again if it looks weak, as one in some thousands does. */
function newToken(name: string | undefined): string {
  for (;;) {
    const token = generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY)));
    if (!tokenStrength(token).isWeak) return name === undefined ? token : `${name}-${token}`;
  }
}
