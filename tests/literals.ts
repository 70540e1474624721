/**
 * Addresses, prefixes and endpoints as tests write them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type IpAddress, parseAddress } from "../core/net/address.ts";
import { type Endpoint, parseEndpoint } from "../core/net/endpoint.ts";
import { parsePrefix, type Prefix } from "../core/net/prefix.ts";

/** The address of a text that is one. */
export function address(text: string): IpAddress {
  return parseAddress(text) ?? assert.fail(`${text} is no address`);
}

/** The prefix of a text that is one. */
export function prefix(text: string): Prefix {
  return parsePrefix(text) ?? assert.fail(`${text} is no prefix`);
}

/** The endpoint of a text that is one. */
export function endpoint(text: string): Endpoint {
  return parseEndpoint(text) ?? assert.fail(`${text} is no endpoint`);
}
