/**
 * macOS socket addresses. Unlike Linux's they begin with their own length, and the family is one byte.
 *
 * @module
 */
import { unmapAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_darwin.ts";
import { SOCKADDR_IN, SOCKADDR_IN6 } from "../libc/layout_darwin.ts";
import type { SocketAddressCodec } from "./udp_socket.ts";

/** Room for either form. */
export const SOCKET_ADDRESS_CAPACITY = 32;

/** Endpoints in the form of the macOS kernel. */
export const darwinSocketAddress: SocketAddressCodec = {
  encode({ address, port }: Endpoint): Uint8Array<ArrayBuffer> {
    const isIpv4 = address.family === 4;
    const layout = isIpv4 ? SOCKADDR_IN : SOCKADDR_IN6;
    const bytes = new Uint8Array(layout.size);
    bytes[layout.length] = layout.size;
    bytes[layout.family] = isIpv4 ? AF_INET : AF_INET6;
    const view = new DataView(bytes.buffer);
    view.setUint16(layout.port, port);
    if (!isIpv4) view.setUint32(SOCKADDR_IN6.scope, address.scope ?? 0, true);
    bytes.set(address.bytes, layout.address);
    return bytes;
  },
  decode(bytes: Uint8Array): Endpoint | undefined {
    if (bytes.length < SOCKADDR_IN.size) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const port = view.getUint16(SOCKADDR_IN.port);
    const family = bytes[SOCKADDR_IN.family];
    if (family === AF_INET) {
      return {
        address: { family: 4, bytes: bytes.slice(SOCKADDR_IN.address, SOCKADDR_IN.address + 4) },
        port,
      };
    }
    if (family !== AF_INET6 || bytes.length < SOCKADDR_IN6.size) return undefined;
    const scope = view.getUint32(SOCKADDR_IN6.scope, true);
    const octets = bytes.slice(SOCKADDR_IN6.address, SOCKADDR_IN6.address + 16);
    const address = { family: 6, bytes: octets, ...scope === 0 ? {} : { scope } } as const;
    return { address: unmapAddress(address), port };
  },
  trim(bytes: Uint8Array): Uint8Array {
    const family = bytes[SOCKADDR_IN.family];
    if (family === AF_INET) return bytes.subarray(0, SOCKADDR_IN.size);
    return family === AF_INET6 ? bytes.subarray(0, SOCKADDR_IN6.size) : bytes;
  },
};
