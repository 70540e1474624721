/**
 * Endpoints as `struct sockaddr_in` and `struct sockaddr_in6` (netinet/in.h, netinet6/in6.h). The systems differ in the first two
 * bytes alone: the family in the host's order on Linux, a length byte and the family on macOS.
 *
 * @module
 */
import { unmapAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_linux.ts";
import * as darwin from "../libc/layout_darwin.ts";

/** Room for either form. */
export const SOCKET_ADDRESS_CAPACITY = 32;

/** Endpoints as `struct sockaddr_in` and `struct sockaddr_in6`. */
export interface SocketAddressCodec {
  /** 16 bytes for IPv4, 28 for IPv6. */
  encode(endpoint: Endpoint): Uint8Array<ArrayBuffer>;
  /** The endpoint, or undefined for another family or too few bytes. An IPv4-mapped address is IPv4. */
  decode(bytes: Uint8Array): Endpoint | undefined;
  /** The socket address without what follows it in its room, as a view. */
  trim(bytes: Uint8Array): Uint8Array;
}

/** The offsets of one form. Port and address are in network order, the scope id is in the host's. */
interface Layout {
  readonly size: number;
  /** The first two bytes, as a number in the host's order. */
  readonly start: number;
  readonly port: number;
  readonly address: number;
}

function codec(ipv4: Layout, ipv6: Layout & { readonly scope: number }): SocketAddressCodec {
  const layoutOf = (bytes: Uint8Array): Layout | undefined => {
    const start = bytes[0] | bytes[1] << 8;
    if (start === ipv4.start) return ipv4;
    return start === ipv6.start ? ipv6 : undefined;
  };
  return {
    encode({ address, port }) {
      const layout = address.family === 4 ? ipv4 : ipv6;
      const bytes = new Uint8Array(layout.size);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, layout.start, true);
      view.setUint16(layout.port, port);
      bytes.set(address.bytes, layout.address);
      if (layout === ipv6) view.setUint32(ipv6.scope, address.scope ?? 0, true);
      return bytes;
    },
    decode(bytes) {
      const layout = layoutOf(bytes);
      if (layout === undefined || bytes.length < layout.size) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const port = view.getUint16(layout.port);
      if (layout === ipv4) {
        return { address: { family: 4, bytes: bytes.slice(ipv4.address, ipv4.address + 4) }, port };
      }
      const scope = view.getUint32(ipv6.scope, true);
      const octets = bytes.slice(ipv6.address, ipv6.address + 16);
      const address = { family: 6, bytes: octets, ...scope === 0 ? {} : { scope } } as const;
      return { address: unmapAddress(address), port };
    },
    trim: (bytes) => bytes.subarray(0, layoutOf(bytes)?.size),
  };
}

/** Endpoints in the form of the Linux kernel. */
export const linuxSocketAddress: SocketAddressCodec = codec(
  { size: 16, start: AF_INET, port: 2, address: 4 },
  { size: 28, start: AF_INET6, port: 2, address: 8, scope: 24 },
);

/** Endpoints in the form of the macOS kernel. */
export const darwinSocketAddress: SocketAddressCodec = codec(darwin.SOCKADDR_IN, darwin.SOCKADDR_IN6);
