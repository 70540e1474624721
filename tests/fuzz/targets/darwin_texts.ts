/**
 * What `ifconfig`, `netstat -rn` and `route -n get` of macOS print.
 *
 * @module
 */
import assert from "node:assert/strict";
import { formatAddress } from "../../../core/net/address.ts";
import { formatPrefix } from "../../../core/net/prefix.ts";
import {
  parseFoundRoute,
  parseInterfaceState,
  parseReachedNetworks,
  parseRouteTable,
} from "../../../system/routing/network_listing_darwin.ts";
import { textTarget } from "../target.ts";

export const darwinTexts = textTarget({
  name: "darwin-texts",
  modules: ["system/routing/network_listing_darwin.ts"],
  share: 1,
  take(text) {
    const { addresses, mtu } = parseInterfaceState(text);
    assert.ok(Number.isFinite(mtu) || /mtu \d{300}/.test(text));
    addresses.forEach(({ local }) => formatAddress(local));
    for (const family of [4, 6] as const) {
      const found = parseFoundRoute(text, family);
      const routes = [...parseRouteTable(text, family), ...parseReachedNetworks(text, family)];
      for (const { prefix } of found === undefined ? routes : [...routes, found]) {
        assert.equal(prefix.address.family, family);
        assert.ok(prefix.length >= 0 && prefix.length <= prefix.address.bytes.length * 8);
        formatPrefix(prefix);
      }
    }
  },
});
