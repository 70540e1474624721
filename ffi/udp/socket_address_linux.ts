/**
 * Linux socket addresses (netinet/in.h).
 *
 * | | sockaddr_in, 16 bytes | sockaddr_in6, 28 bytes |
 * |---|---|---|
 * | family u16, host order | 0 | 0 |
 * | port, network order | 2 | 2 |
 * | flow information | | 4 |
 * | address | 4 | 8 |
 * | scope id u32, host order | | 24 |
 *
 * @module
 */
import { unmapAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_linux.ts";
import type { SocketAddressCodec } from "./udp_socket.ts";

const SIZE4 = 16;
const SIZE6 = 28;
const SCOPE = 24;
/** Room for either form. */
export const SOCKET_ADDRESS_CAPACITY = 32;

/** Endpoints in the form of the Linux kernel. */
export const linuxSocketAddress: SocketAddressCodec = {
  encode({ address, port }: Endpoint): Uint8Array<ArrayBuffer> {
    const isIpv4 = address.family === 4;
    const bytes = new Uint8Array(isIpv4 ? SIZE4 : SIZE6);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, isIpv4 ? AF_INET : AF_INET6, true);
    view.setUint16(2, port);
    bytes.set(address.bytes, isIpv4 ? 4 : 8);
    if (!isIpv4) view.setUint32(SCOPE, address.scope ?? 0, true);
    return bytes;
  },
  decode(bytes: Uint8Array): Endpoint | undefined {
    if (bytes.length < SIZE4) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const family = view.getUint16(0, true);
    const port = view.getUint16(2);
    if (family === AF_INET) return { address: { family: 4, bytes: bytes.slice(4, 8) }, port };
    if (family !== AF_INET6 || bytes.length < SIZE6) return undefined;
    const scope = view.getUint32(SCOPE, true);
    const address = { family: 6, bytes: bytes.slice(8, 24), ...scope === 0 ? {} : { scope } } as const;
    return { address: unmapAddress(address), port };
  },
  trim(bytes: Uint8Array): Uint8Array {
    const family = (bytes[0] ?? 0) | (bytes[1] ?? 0) << 8;
    return bytes.subarray(0, family === AF_INET ? SIZE4 : family === AF_INET6 ? SIZE6 : bytes.length);
  },
};
