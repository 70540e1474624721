import { serverSyntax, type ValueSyntax } from "../cli/value_syntax.ts";
import { readTokenName } from "../core/config/keys/access.ts";
import { err, ok, quote } from "../core/result.ts";
import { maskPrefix, parsePrefix, type Prefix } from "../core/net/prefix.ts";
import { type HostPort, parseHostPort } from "../core/net/endpoint.ts";

/** Where the server is. */
export const remoteSyntax: ValueSyntax<HostPort> = {
  ...serverSyntax,
  read: (text) => {
    const remote = parseHostPort(text);
    return remote === undefined ? err(serverSyntax.read(text).problem ?? "") : ok(remote);
  },
};

/** A token, which no problem repeats. */
export const tokenSyntax: ValueSyntax<string> = {
  metavar: "TOKEN",
  read: (text) => {
    if (text === "") return err("the token is empty; expected one of the server's token lines");
    // The config file's words are cut at white space, so no token has any.
    if (/\s/.test(text)) return err("the token holds white space; expected one word");
    return readTokenName(text);
  },
};

/** Networks that are not routed; host bits are ignored. */
export const excludeSyntax: ValueSyntax<readonly Prefix[]> = {
  metavar: "CIDR,...",
  read: (text) => {
    const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
    const faulty = words.find((word) => parsePrefix(word) === undefined);
    return faulty === undefined
      ? ok(words.map(parsePrefix).filter((prefix) => prefix !== undefined).map(maskPrefix))
      : err(`invalid network ${quote(faulty)}: expected a CIDR such as "172.18.0.0/16"`);
  },
};
