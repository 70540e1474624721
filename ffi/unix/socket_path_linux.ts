import { AF_UNIX } from "../libc/constants_linux.ts";

/** `char sun_path[108]` (linux/un.h), a closing zero among them. */
const SUN_PATH_SIZE = 108;

/** Bytes that the path of a socket may have. */
export const MAX_SOCKET_PATH_BYTES = SUN_PATH_SIZE - 1;

/** Whether a path fits an address. A path that begins with a zero byte would name no file (unix(7), "abstract"). */
export function isSocketPath(path: string): boolean {
  const { length } = new TextEncoder().encode(path);
  return length > 0 && length <= MAX_SOCKET_PATH_BYTES && !path.includes("\0");
}

/**
 * A path as `struct sockaddr_un` (unix(7)): sun_family u16 in the host's order @0, sun_path @2, 110 bytes.
 *
 * @throws {RangeError} for a path that does not fit, which {@linkcode isSocketPath} tells before
 */
export function unixSocketAddress(path: string): Uint8Array<ArrayBuffer> {
  if (!isSocketPath(path)) throw new RangeError(`a socket's path has 1 to ${MAX_SOCKET_PATH_BYTES} bytes`);
  const address = new Uint8Array(2 + SUN_PATH_SIZE);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(new TextEncoder().encode(path), 2);
  return address;
}
