/**
 * Sockets for ICMP echo requests of a chosen size that no router may cut (RFC 792, RFC 4443 section 4): how large a packet may be
 * on the way to an address, and whether anything answers there.
 *
 * Linux: a raw socket, which needs root, else one of type SOCK_DGRAM, which the system may forbid (icmp(7), ping_group_range).
 * macOS: SOCK_DGRAM, which needs no rights (bsd/netinet/ip_icmp.c of xnu).
 *
 * @module
 */
import type { IpAddress } from "../../core/net/address.ts";
import { ECHO_HEADER, encodeEchoRequest, readEchoReply } from "../../core/packet/icmp_message.ts";
import * as darwin from "../libc/constants_darwin.ts";
import * as linux from "../libc/constants_linux.ts";
import { setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { prepareErrno, readErrno, SystemError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinSystem } from "../libc/libc_darwin.ts";
import { platform } from "../platform.ts";
import { socketAddressCodec } from "../udp/udp_socket.ts";
import { IPPROTO_ICMP } from "./icmp_socket.ts";

/** netinet/in.h of both systems. */
const IPPROTO_IP = 0;
/** linux/in.h: the packet may not be cut, and what is known of the path's MTU does not matter. */
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_PROBE = 3;
/** bsd/netinet/in.h of xnu, since macOS 11. */
const IP_DONTFRAG = 28;

/** Bytes of the IP header before an ICMP message, without options. */
export const IP_HEADER = { 4: 20, 6: 40 } as const;
/** The largest packet of any path of ours and some more. */
const MAX_PACKET = 65_535;
/** Bytes that the kernel may keep for us: a flood of answers is read in time or lost. */
const BUFFER = 1 << 20;

const open = () =>
  openLibc(pick(POSIX, "socket", "setsockopt", "sendto", "recv", "pollLater", "close")).symbols;
let opened: ReturnType<typeof open> | undefined;
/** Opened once: each opening takes memory, which only a late garbage collection gives back. */
const libc = () => opened ??= open();

/** An answer to an echo request. */
export interface SizedReply {
  readonly sequence: number;
  /** Bytes of the whole packet. */
  readonly size: number;
}

/** Requests carry nothing that their answers are known by. */
const ANY_DATA = new Uint8Array();

/** One socket for one IP version. One wait has to end before the next. */
export class EchoSocket implements Disposable {
  readonly #identifier = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  readonly #room = new Uint8Array(MAX_PACKET);
  /** struct pollfd {fd i32, events i16, revents i16}. The other thread writes to it. */
  readonly #entry = new Int32Array(2);

  private constructor(
    readonly descriptor: number,
    readonly family: 4 | 6,
    readonly isRaw: boolean,
  ) {}

  /** @throws {SystemError} "socket ICMP": EPERM or EACCES without the right to it, EAFNOSUPPORT without IPv6 */
  static open(family: 4 | 6): EchoSocket {
    prepareErrno();
    const constants = platform.os === "darwin" ? darwin : linux;
    const domain = family === 4 ? constants.AF_INET : constants.AF_INET6;
    const flags = platform.os === "darwin" ? 0 : linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
    const types = platform.os === "darwin" ? [linux.SOCK_DGRAM] : [linux.SOCK_RAW, linux.SOCK_DGRAM];
    let number = 0;
    for (const type of types) {
      const descriptor = libc().socket(domain, type | flags, IPPROTO_ICMP[family]);
      if (descriptor < 0) {
        number = readErrno();
        continue;
      }
      configure(descriptor, family);
      return new EchoSocket(descriptor, family, type === linux.SOCK_RAW);
    }
    throw new SystemError("socket ICMP", number);
  }

  /**
   * Sends a request.
   *
   * @param size bytes of the whole packet
   * @returns false where the system refused it, as one that is larger than the interface's MTU
   */
  send(address: IpAddress, sequence: number, size: number): boolean {
    const data = new Uint8Array(Math.max(0, size - IP_HEADER[this.family] - ECHO_HEADER));
    const message = encodeEchoRequest(this.family, this.#identifier, sequence, data);
    const to = socketAddressCodec(this.family).encode({ address, port: 0 });
    return libc().sendto(this.descriptor, message, message.length, 0, to, to.length) >= 0;
  }

  /** The answers that have come so far. */
  receive(): SizedReply[] {
    const replies: SizedReply[] = [];
    // Without a raw socket the system chooses the identifier, and gives no other's replies.
    const identifier = this.isRaw ? this.#identifier : undefined;
    for (;;) {
      const length = libc().recv(this.descriptor, this.#room, this.#room.length, 0);
      if (length <= 0) return replies;
      const reply = readEchoReply(this.family, this.#room.subarray(0, length), identifier, ANY_DATA);
      if (reply !== undefined) {
        replies.push({ sequence: reply.sequence, size: reply.length + IP_HEADER[this.family] });
      }
    }
  }

  /** Waits until something has come, at most so many milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    this.#entry[0] = this.descriptor;
    this.#entry[1] = 1;
    await libc().pollLater(this.#entry, 1, Math.ceil(milliseconds));
  }

  [Symbol.dispose](): void {
    libc().close(this.descriptor);
  }
}

function configure(descriptor: number, family: 4 | 6): void {
  const set = (level: number, option: number, value: number) =>
    libc().setsockopt(descriptor, level, option, new Int32Array([value]), 4);
  if (platform.os === "darwin") {
    setSocketDefaults(darwinSystem().libc, descriptor);
    set(darwin.SOL_SOCKET, darwin.SO_RCVBUF, BUFFER);
    // No request is longer than this buffer, which has 8,192 bytes at first (RIPSNDQ in bsd/netinet/raw_ip.c of xnu).
    set(darwin.SOL_SOCKET, darwin.SO_SNDBUF, BUFFER);
    if (family === 4) set(IPPROTO_IP, IP_DONTFRAG, 1);
    return;
  }
  set(linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, BUFFER);
  if (family === 4) set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
}
