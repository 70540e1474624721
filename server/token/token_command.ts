/**
 * `docker-connector token add|generate|export`: makes and exports the tokens of teammates.
 *
 * @module
 */
import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { joinedWords, optionalWord, switchFlag, usageError, valueFlag } from "../../cli/flag.ts";
import { readValue, serverSyntax, type ValueSyntax } from "../../cli/value_syntax.ts";
import { readTokenAddress, readTokenName } from "../../core/config/keys/access.ts";
import { err, ok } from "../../core/result.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { configFileFlag } from "../config/config_command.ts";

/** Characters of a name before the random part of a token. */
const MAX_NAME_LENGTH = 64;

const nameSyntax: ValueSyntax<string> = {
  metavar: "NAME",
  read: (text) =>
    readTokenName(text).problem === undefined && /^[^\s#]+$/.test(text) && text.length <= MAX_NAME_LENGTH
      ? ok(text)
      : err(
        `a token cannot begin with this; expected one word of at most ${MAX_NAME_LENGTH} characters, no comma`,
      ),
};

const addressSyntax: ValueSyntax<IpAddress> = { metavar: "ADDRESS", read: readTokenAddress };

const add = defineCommand(
  "add",
  {
    brief: "Make a token and add it to the config file.",
    description:
      "Makes a token of 130 random bits, adds it to the config file with an address, and prints it once. " +
      "The token begins with NAME and a hyphen, so that people can tell whose it is. " +
      "ADDRESS is one of the virtual network; by default the lowest that is free.",
    examples: ["token add anna", "token add anna 192.168.251.7"],
  },
  {
    words: joinedWords(
      "NAME [ADDRESS]",
      "Whose token it is, and its virtual address.",
      "Cannot add a token: the name is missing",
      "Say whose it is, for example: docker-connector token add anna",
    ),
    file: configFileFlag,
  },
  async ({ words, file }, terminal) => {
    const [name = "", address, ...surplus] = words.split(" ");
    if (surplus.length > 0) {
      throw usageError(
        "Cannot add a token: there are too many words",
        "Give NAME and ADDRESS",
      );
    }
    const request = {
      name: readValue("usage", "NAME", nameSyntax, name),
      address: address === undefined ? undefined : readValue("usage", "ADDRESS", addressSyntax, address),
    };
    const { addToken } = await import("./token_new.ts");
    return await addToken(request, file, terminal);
  },
);

const generate = defineCommand(
  "generate",
  {
    brief: "Print a new strong token.",
    description:
      "Prints a new token of 130 random bits; after NAME and a hyphen, so that people can tell whose it is.",
  },
  { name: optionalWord(nameSyntax, "Whose token it is.") },
  async ({ name }, terminal) => {
    const { printToken } = await import("./token_new.ts");
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
    examples: ["token export 192.168.251.7 --endpoint desk.example.com:2512 --qr"],
  },
  {
    token: joinedWords(
      "TOKEN",
      "The token, or its address.",
      "Cannot export: the token is missing",
      "Give it, or its address in the config file",
      [],
      async (before) =>
        before.length > 0 ? [] : await (await import("../completion/suggestions.ts")).suggestTokens(),
    ),
    endpoint: valueFlag("--endpoint", serverSyntax, "Where the accessor reaches this server. Required."),
    file: configFileFlag,
    qr: switchFlag("--qr", "Draw it as a QR code, for the WireGuard app of a telephone."),
  },
  async ({ token, endpoint, file, qr }, terminal) => {
    if (endpoint === undefined) {
      throw usageError(
        "Cannot export without --endpoint",
        "Name this machine as the accessor reaches it, with the port of expose, as in --endpoint 192.0.2.7:2512",
      );
    }
    const { printExport } = await import("./token_export.ts");
    return await printExport({ token, endpoint, file, qr }, terminal);
  },
);

export const tokenCommand: Command = defineGroup("token", "Make tokens for accessors.", [
  add,
  generate,
  exportToken,
]);
