import * as linux from "../libc/constants_linux.ts";
import { prepareErrno, readErrno, SystemError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { linuxSocketAddress } from "../udp/socket_address.ts";
import { type EchoMark, type IcmpSocket, icmpSocket, IPPROTO_ICMP } from "./icmp_socket.ts";

/** asm-generic/socket.h */
const SO_ATTACH_FILTER = 26;
/** Bytes of `struct sock_filter`: code u16, jt u8, jf u8, k u32; and of `struct sock_fprog`: len u16, filter pointer @8 (linux/filter.h). */
const SOCK_FILTER = 8;
const SOCK_FPROG = 16;

/** Instructions of classic BPF (linux/bpf_common.h): each a code of the flags that its name has. */
const LDX_B_MSH = 0xb1;
const LD_B_IND = 0x50;
const LD_H_IND = 0x48;
const JEQ_K = 0x15;
const RET_K = 0x06;

/** Types of echo replies (RFC 792, RFC 4443 section 4.2). */
const ECHO_REPLY = { 4: 0, 6: 129 } as const;

let calls: ReturnType<typeof openCalls> | undefined;
const openCalls = () => openLibc(pick(POSIX, "socket", "close", "setsockopt", "sendto", "recv")).symbols;

/**
 * Opens a raw socket (raw(7), CAP_NET_RAW): sockets of the type SOCK_DGRAM need a setting that many machines lack
 * (net.ipv4.ping_group_range in ip-sysctl.rst). The kernel passes on the replies to this socket's requests alone.
 *
 * @throws {SystemError} "socket" or "setsockopt"
 */
export function openLinuxIcmpSocket(family: 4 | 6, mark: EchoMark): IcmpSocket {
  prepareErrno();
  const libc = calls ??= openCalls();
  const type = linux.SOCK_RAW | linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
  const domain = family === 4 ? linux.AF_INET : linux.AF_INET6;
  const descriptor = libc.socket(domain, type, IPPROTO_ICMP[family]);
  if (descriptor < 0) throw new SystemError("socket", readErrno());
  const filter = echoFilter(family, mark.identifier);
  const program = new Uint8Array(SOCK_FPROG);
  const view = new DataView(program.buffer);
  view.setUint16(0, filter.length / SOCK_FILTER, true);
  view.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))), true);
  if (libc.setsockopt(descriptor, linux.SOL_SOCKET, SO_ATTACH_FILTER, program, program.length) < 0) {
    const error = new SystemError("setsockopt", readErrno());
    libc.close(descriptor);
    throw error;
  }
  const flags = linux.MSG_DONTWAIT;
  return icmpSocket(family, descriptor, mark, {
    libc,
    codec: linuxSocketAddress,
    sendFlags: flags | linux.MSG_NOSIGNAL,
    receiveFlags: flags,
  });
}

/**
 * The program that lets echo replies with this identifier pass. It sees an IPv4 packet from its IP header on, and an ICMPv6
 * message without one (net/ipv4/raw.c, net/ipv6/raw.c).
 */
function echoFilter(family: 4 | 6, identifier: number): Uint8Array<ArrayBuffer> {
  const instructions:
    readonly (readonly [code: number, whenTrue: number, whenFalse: number, value: number])[] = [
      // X = length of the IPv4 header; X is 0 at the start of a program.
      ...family === 4 ? [[LDX_B_MSH, 0, 0, 0] as const] : [],
      [LD_B_IND, 0, 0, 0],
      [JEQ_K, 0, 3, ECHO_REPLY[family]],
      [LD_H_IND, 0, 0, 4],
      [JEQ_K, 0, 1, identifier],
      [RET_K, 0, 0, 0xffff],
      [RET_K, 0, 0, 0],
    ];
  const bytes = new Uint8Array(instructions.length * SOCK_FILTER);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, whenTrue, whenFalse, value]] of instructions.entries()) {
    const at = index * SOCK_FILTER;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, whenTrue);
    view.setUint8(at + 3, whenFalse);
    view.setUint32(at + 4, value, true);
  }
  return bytes;
}
