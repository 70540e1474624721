/**
 * Addresses, prefixes, endpoints and names: what is read is written so that it is read as the same again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { equalAddress, formatAddress, parseAddress, parseScopedAddress } from "../../../core/net/address.ts";
import {
  equalEndpoint,
  formatEndpoint,
  formatHostPort,
  parseEndpoint,
  parseHostPort,
} from "../../../core/net/endpoint.ts";
import { readDomain, readDomainEnding } from "../../../core/net/host_name.ts";
import { equalPrefix, formatPrefix, maskPrefix, parsePrefix } from "../../../core/net/prefix.ts";
import { parseDirect } from "../../../core/protocol/direct_command.ts";
import { tokenStrength } from "../../../core/token/strength.ts";
import { textTarget } from "../target.ts";

export const addressTexts = textTarget({
  name: "address-texts",
  modules: ["core/net/", "core/protocol/direct_command.ts", "core/token/strength.ts"],
  share: 3,
  take(text) {
    for (const word of [text, ...text.split(/\s+/, 8)]) {
      const address = parseAddress(word);
      const again = address && parseAddress(formatAddress(address));
      assert.ok(address === undefined || again && equalAddress(address, again), word);
      parseScopedAddress(word);
      const prefix = parsePrefix(word);
      const same = prefix && parsePrefix(formatPrefix(prefix));
      assert.ok(prefix === undefined || same && equalPrefix(prefix, same), word);
      if (prefix !== undefined) maskPrefix(prefix);
      const endpoint = parseEndpoint(word);
      const equal = endpoint && parseEndpoint(formatEndpoint(endpoint));
      assert.ok(endpoint === undefined || equal && equalEndpoint(endpoint, equal), word);
      const host = parseHostPort(word);
      assert.ok(host === undefined || parseHostPort(formatHostPort(host)) !== undefined, word);
      readDomain(word);
      readDomainEnding(word);
    }
    parseDirect(text.split(" "));
    // Users type tokens of any length.
    assert.ok(tokenStrength(text.slice(0, 512)).bits >= 0);
  },
});
