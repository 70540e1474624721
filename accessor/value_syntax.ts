/**
 * The syntax of the accessor's own flags.
 *
 * @module
 */
import { serverSyntax, type ValueSyntax } from "../cli/value_syntax.ts";
import { readTokenName } from "../core/config/keys_access.ts";
import { found, problem, quote } from "../core/config/result.ts";
import { networkOf, parsePrefix, type Prefix } from "../core/net/prefix.ts";
import { parseRemote, type Remote } from "../core/net/host_port.ts";

/** Where the server is. */
export const remoteSyntax: ValueSyntax<Remote> = {
  ...serverSyntax,
  read: (text) => {
    const remote = parseRemote(text);
    return remote === undefined ? problem(serverSyntax.read(text).problem ?? "") : found(remote);
  },
};

/** A token, which no problem repeats. */
export const tokenSyntax: ValueSyntax<string> = {
  metavar: "TOKEN",
  read: (text) => {
    if (text === "") return problem("the token is empty; expected one of the server's token lines");
    // The config file's words are cut at white space, so no token has any.
    if (/\s/.test(text)) return problem("the token holds white space; expected one word");
    return readTokenName(text);
  },
};

/** Networks that are not routed; host bits are ignored. */
export const excludeSyntax: ValueSyntax<readonly Prefix[]> = {
  metavar: "CIDR,...",
  read: (text) => {
    const prefixes: Prefix[] = [];
    for (const word of text.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
      const prefix = parsePrefix(word);
      if (prefix === undefined) {
        return problem(`${quote(word)} is no network; expected a CIDR as in "172.18.0.0/16"`);
      }
      prefixes.push(networkOf(prefix));
    }
    return found(prefixes);
  },
};
