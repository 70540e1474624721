/**
 * `docker-connector token generate|export`: what teammates log in with.
 *
 * @module
 */

import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { joinedWords, optionalWord, switchFlag, valueFlag } from "../../cli/flag.ts";
import { fileSyntax, serverSyntax, type ValueSyntax } from "../../cli/value_syntax.ts";
import { readTokenName } from "../../core/config/keys_access.ts";
import { found, problem } from "../../core/config/reading.ts";
import { OperationError } from "../../core/error.ts";

/** Characters of a name before the random part of a token. */
const LONGEST_NAME = 64;

const nameSyntax: ValueSyntax<string> = {
  metavar: "NAME",
  read: (text) =>
    readTokenName(text).problem === undefined && /^[^\s#]+$/.test(text) && text.length <= LONGEST_NAME
      ? found(text)
      : problem(
        `a token cannot begin with this; expected one word of at most ${LONGEST_NAME} characters, no comma`,
      ),
};

const generate = defineCommand(
  "generate",
  {
    brief: "Print a new strong token.",
    description:
      "Prints a new token of 130 random bits; after NAME and a hyphen, so that people can tell whose it is.",
  },
  { name: optionalWord(nameSyntax, "Whose token it is.") },
  async ({ name }, terminal) => {
    const { printToken } = await import("../token_generate.ts");
    return printToken(name, terminal);
  },
);

const exportToken = defineCommand(
  "export",
  {
    brief: "Print a token as a WireGuard configuration.",
    description:
      "Prints the configuration of a token for any WireGuard app, as wg-quick reads it. It holds secrets. " +
      "TOKEN is a token of the config file, or the address that it is given there.",
  },
  {
    token: joinedWords(
      "TOKEN",
      "The token, or its address.",
      "Cannot export: the token is missing",
      "Give it, or its address in the config file",
    ),
    endpoint: valueFlag("--endpoint", serverSyntax, "Where the accessor reaches this server. Required."),
    file: valueFlag(
      "--config",
      fileSyntax,
      "The config file. Default: docker-connector.conf in the usual places.",
    ),
    qr: switchFlag("--qr", "Draw it as a QR code, for the WireGuard app of a telephone."),
  },
  async ({ token, endpoint, file, qr }, terminal) => {
    if (endpoint === undefined) {
      throw new OperationError(
        "usage",
        "Cannot export without --endpoint",
        "Name this machine as the accessor reaches it, with the port of expose, as in --endpoint 192.0.2.7:2512",
      );
    }
    const { printExport } = await import("../token_export.ts");
    return await printExport({ token, endpoint, file, qr }, terminal);
  },
);

/** The commands. */
export const tokenCommand: Command = defineGroup("token", "Make tokens for accessors.", [
  generate,
  exportToken,
]);
