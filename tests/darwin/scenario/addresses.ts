/**
 * Socket addresses of macOS by themselves: what the kernel leaves behind them is cut off, and a scope is there only if it was
 * given.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Endpoint } from "../../../core/net/endpoint.ts";
import { darwinSocketAddress } from "../../../ffi/udp/socket_address.ts";

/** Looks at the form of an IPv4 and an IPv6 endpoint. */
export function addressesAreTrimmed(endpoints: readonly Endpoint[]): void {
  for (const endpoint of endpoints) {
    const bytes = darwinSocketAddress.encode(endpoint);
    const room = new Uint8Array(bytes.length + 12);
    room.set(bytes);
    assert.deepEqual(darwinSocketAddress.trim(room), bytes);
    assert.deepEqual(darwinSocketAddress.decode(bytes), endpoint);
  }
}
