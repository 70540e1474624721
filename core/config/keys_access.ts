/**
 * The keys of accessors: expose, token, pong.
 *
 * @module
 */
import { type IpAddress, parseAddress } from "../net/address.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { KeyReader } from "./draft.ts";
import type { KeyName } from "./keys.ts";
import { found, problem, quote, type Reading } from "./result.ts";
import { readListenEndpoint } from "./values.ts";

// A login of the original is one byte and the token in one datagram of at most `mtu` bytes, which may be 576.
const LONGEST_TOKEN = 512;

/** Reads a token's name. No problem repeats it. */
export function readTokenName(text: string): Reading<string> {
  // The login's answer and the control text join their parts with commas (docs/internals/protocol.md).
  if (text.includes(",")) return problem("the token holds a comma; expected one without");
  if (/\p{C}/u.test(text)) return problem("the token holds a control character; expected one without");
  if (new TextEncoder().encode(text).length > LONGEST_TOKEN) {
    return problem(`the token is longer than ${LONGEST_TOKEN} bytes; expected a shorter one`);
  }
  return found(text);
}

/** Reads a token's address. The word may be the token if the two were written the wrong way round, so it is not repeated. */
export function readTokenAddress(text: string): Reading<IpAddress> {
  const address = parseAddress(text);
  return address?.family === 4
    ? found(address)
    : problem(`this is no IPv4 address; expected the token and then an address as in "192.168.251.3"`);
}

const SWITCH = new Map([["on", true], ["true", true], ["off", false], ["false", false]]);

/** Reads `on` or `off`; the original's `true`, and `false`, mean the same. */
export function readSwitch(text: string): Reading<boolean> {
  const on = SWITCH.get(text);
  return on === undefined ? problem(`${quote(text)} is unknown; expected on or off`) : found(on);
}

/** How the lines of these keys are read. */
export const accessKeys = {
  expose(reader, draft) {
    const endpoint = reader.value<Endpoint | undefined>(
      "ADDRESS:PORT",
      (text) => text === "off" ? found(undefined) : readListenEndpoint(text, "0.0.0.0:2512"),
    );
    // The original's files may say "restart", which has no meaning for a listener that follows the file.
    const flags = endpoint?.value === undefined ? reader.flags() : reader.flags("legacy", "restart");
    if (endpoint === undefined) return;
    const value = endpoint.value && { endpoint: endpoint.value, legacy: flags.has("legacy") };
    draft.expose = { ...endpoint, value };
  },
  token(reader, draft) {
    const name = reader.value("NAME", readTokenName);
    const address = reader.value("ADDRESS", readTokenAddress);
    reader.end();
    if (name !== undefined && address !== undefined) draft.tokens.push({ name, address });
  },
  pong(reader, draft) {
    const pong = reader.value("on or off", readSwitch);
    reader.end();
    if (pong !== undefined) draft.pong = pong;
  },
} as const satisfies Partial<Record<KeyName, KeyReader>>;
