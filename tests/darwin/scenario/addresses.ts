/**
 * Socket addresses: as the scenario writes them, and those of macOS by themselves: what the kernel leaves behind them is cut
 * off, and a scope is there only if it was given.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseAddress } from "../../../core/net/address.ts";
import type { Endpoint } from "../../../core/net/endpoint.ts";
import { darwinSocketAddress } from "../../../ffi/udp/socket_address.ts";

/** "ADDRESS:PORT", where port 0 stands for any free one. */
export function endpoint(text: string): Endpoint {
  const border = text.lastIndexOf(":");
  const address = parseAddress(text.slice(0, border).replace(/^\[|\]$/g, ""));
  assert.ok(address !== undefined, text);
  return { address, port: Number(text.slice(border + 1)) };
}

/** A socket address in the form that is passed to ports, written out here once more. */
export function encoded(text: string): Uint8Array {
  const { address: { family, bytes }, port } = endpoint(text);
  const ports = [port >> 8, port & 0xff];
  if (family === 4) return Uint8Array.from([16, 2, ...ports, ...bytes, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Uint8Array.from([28, 30, ...ports, 0, 0, 0, 0, ...bytes, 0, 0, 0, 0]);
}

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
