import { formatAddress, type IpAddress, parseAddress } from "../../net/address.ts";
import { type Endpoint, formatEndpoint } from "../../net/endpoint.ts";
import { err, ok, type Result } from "../../result.ts";
import { formatOr, listKey, orOff, singleKey } from "../key.ts";
import { readListenEndpoint, readSwitch } from "../values.ts";

/** Where accessors log in. */
export interface Expose {
  /** The local address and UDP port. */
  readonly endpoint: Endpoint;
  /** Whether the login of upstream v1, with the token in clear, is admitted too. */
  readonly legacy: boolean;
}

/** What one accessor logs in with. */
export interface Token {
  /** The secret. It must never be logged. */
  readonly name: string;
  /** The virtual IPv4 address that the accessor is given. */
  readonly address: IpAddress;
}

// A login of upstream v1 is one byte and the token in one datagram of at most `mtu` bytes, which may be 576.
const MAX_TOKEN_BYTES = 512;

/** Reads a token's name. No problem repeats it. */
export function readTokenName(text: string): Result<string> {
  // The login's answer and the control text join their parts with commas (docs/internals/protocol.md).
  if (text.includes(",")) return err("the token holds a comma: expected one without");
  if (/\p{C}/u.test(text)) return err("the token holds a control character: expected one without");
  return new TextEncoder().encode(text).length > MAX_TOKEN_BYTES
    ? err(`the token is too long: expected at most ${MAX_TOKEN_BYTES} bytes`)
    : ok(text);
}

/** Reads a token's address. The message does not repeat the word: it may be the token. */
export function readTokenAddress(text: string): Result<IpAddress> {
  const address = parseAddress(text);
  return address?.family === 4
    ? ok(address)
    : err(`invalid IPv4 address: expected the token and then an address, for example "192.168.251.3"`);
}

/** The records, by their fields of the configuration. */
export const accessKeys = {
  /** The accessors' listener; undefined if it is off. */
  expose: singleKey({
    name: "expose",
    syntax: "expose ADDRESS:PORT [legacy] or expose off",
    default: "off",
    example: "expose 0.0.0.0:2512",
    meaning: "where accessors log in; with legacy, also those that send their token in clear",
    effect: ["routes", "sharing"],
    read: (line) => {
      const endpoint = line.value("ADDRESS:PORT", orOff((text) => readListenEndpoint(text, "0.0.0.0:2512")));
      // Files of upstream v1 may say "restart", which has no meaning for a listener that follows the file.
      const flags = endpoint?.value === undefined ? line.flags() : line.flags("legacy", "restart");
      const legacy = flags.has("legacy");
      const value: Expose | undefined = endpoint?.value && { endpoint: endpoint.value, legacy };
      return endpoint && { ...endpoint, value };
    },
    format: formatOr(
      "off",
      ({ endpoint, legacy }: Expose) => formatEndpoint(endpoint) + (legacy ? " legacy" : ""),
    ),
  }),
  /** The accessors; no two share a name or an address. */
  tokens: listKey({
    name: "token",
    syntax: "token NAME ADDRESS",
    default: "none",
    example: "token 3yGqv8mZrPw1 192.168.251.3",
    meaning: "the secret of one accessor and the virtual address it is given",
    secret: true,
    effect: ["sharing"],
    read: (line) => {
      const name = line.value("NAME", readTokenName);
      const address = line.only("ADDRESS", readTokenAddress);
      if (name === undefined || address === undefined) return undefined;
      const value: Token = { name: name.value, address: address.value };
      return { ...name, value, addressAt: { line: address.line, column: address.column } };
    },
    format: ({ name, address }) => `${name} ${formatAddress(address)}`,
    needsExpose: { line: "token", applies: () => true },
  }),
  /** Whether the server itself answers the pings of accessors. */
  pong: singleKey({
    name: "pong",
    syntax: "pong on|off",
    default: "off",
    example: "pong on",
    meaning: "whether the server itself answers the pings of accessors",
    effect: ["sharing"],
    read: (line) => line.only("on or off", readSwitch),
    format: (on) => on ? "on" : "off",
    needsExpose: { line: "pong", applies: (on) => on },
  }),
} as const;
