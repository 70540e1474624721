import * as darwin from "../libc/constants_darwin.ts";
import { setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { prepareErrno, readErrno, SystemError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinSystem } from "../libc/libc_darwin.ts";
import { darwinSocketAddress } from "../udp/socket_address.ts";
import { type EchoMark, type IcmpSocket, icmpSocket, IPPROTO_ICMP } from "./icmp_socket.ts";

let calls: ReturnType<typeof openCalls> | undefined;
const openCalls = () => openLibc(pick(POSIX, "socket", "close", "sendto", "recv")).symbols;

/**
 * Opens an ICMP socket of the type SOCK_DGRAM, which any user may (icmp(4) of macOS). With IPv4 a reply stands behind its IP
 * header. Replies to other programs may come too; they are told by their identifier and data.
 *
 * @throws {SystemError} "socket" or "ioctl"
 */
export function openDarwinIcmpSocket(family: 4 | 6, mark: EchoMark): IcmpSocket {
  prepareErrno();
  const libc = calls ??= openCalls();
  const domain = family === 4 ? darwin.AF_INET : darwin.AF_INET6;
  const descriptor = libc.socket(domain, darwin.SOCK_DGRAM, IPPROTO_ICMP[family]);
  if (descriptor < 0) throw new SystemError("socket", readErrno());
  try {
    setSocketDefaults(darwinSystem().libc, descriptor);
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
  return icmpSocket(family, descriptor, mark, {
    libc,
    codec: darwinSocketAddress,
    sendFlags: darwin.MSG_DONTWAIT,
    receiveFlags: darwin.MSG_DONTWAIT,
  });
}
