/** Arbitrary addresses, prefixes and endpoints for property tests. */
import fc from "fast-check";
import type { IpAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Prefix } from "./prefix.ts";

// Zero and all-ones bytes are where carries, masks and the shortening of IPv6 texts go wrong, so they come often.
const octet = fc.oneof(fc.constant(0), fc.constant(0xff), fc.integer({ min: 0, max: 0xff }));

function addressOf(family: 4 | 6): fc.Arbitrary<IpAddress> {
  const length = family === 4 ? 4 : 16;
  return fc.array(octet, { minLength: length, maxLength: length })
    .map((octets) => ({ family, bytes: Uint8Array.from(octets) }));
}

export const anyIpv4: fc.Arbitrary<IpAddress> = addressOf(4);
export const anyIpv6: fc.Arbitrary<IpAddress> = addressOf(6);
export const anyAddress: fc.Arbitrary<IpAddress> = fc.oneof(anyIpv4, anyIpv6);

export const anyPrefix: fc.Arbitrary<Prefix> = anyAddress.chain((address) =>
  fc.integer({ min: 0, max: address.bytes.length * 8 }).map((length) => ({ address, length }))
);

export const anyEndpoint: fc.Arbitrary<Endpoint> = fc.tuple(anyAddress, fc.integer({ min: 1, max: 0xffff }))
  .map(([address, port]) => ({ address, port }));
