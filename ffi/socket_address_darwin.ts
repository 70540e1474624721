/**
 * macOS socket addresses. Unlike Linux's they begin with their own length, and the family is one octet.
 *
 * @module
 */
import type { Endpoint } from "../core/net/endpoint.ts";
import { AF_INET, AF_INET6 } from "./constants_darwin.ts";
import { SOCKADDR_IN, SOCKADDR_IN6 } from "./layout_darwin.ts";
import type { SocketAddressCodec } from "./udp_socket.ts";

/** Room for either form. */
export const SOCKET_ADDRESS_ROOM = 32;

/** Endpoints in the form of the macOS kernel. */
export const darwinSocketAddress: SocketAddressCodec = {
  encode({ address, port }: Endpoint): Uint8Array<ArrayBuffer> {
    const isIpv4 = address.family === 4;
    const layout = isIpv4 ? SOCKADDR_IN : SOCKADDR_IN6;
    const bytes = new Uint8Array(layout.size);
    bytes[layout.length] = layout.size;
    bytes[layout.family] = isIpv4 ? AF_INET : AF_INET6;
    new DataView(bytes.buffer).setUint16(layout.port, port);
    bytes.set(address.bytes, layout.address);
    return bytes;
  },
  decode(bytes: Uint8Array): Endpoint | undefined {
    if (bytes.length < SOCKADDR_IN.size) return undefined;
    const port = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(SOCKADDR_IN.port);
    const family = bytes[SOCKADDR_IN.family];
    if (family === AF_INET) {
      return {
        address: { family: 4, bytes: bytes.slice(SOCKADDR_IN.address, SOCKADDR_IN.address + 4) },
        port,
      };
    }
    if (family !== AF_INET6 || bytes.length < SOCKADDR_IN6.size) return undefined;
    return {
      address: { family: 6, bytes: bytes.slice(SOCKADDR_IN6.address, SOCKADDR_IN6.address + 16) },
      port,
    };
  },
};
