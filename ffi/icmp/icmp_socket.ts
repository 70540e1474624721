/**
 * Sockets for ICMP echo requests of this machine and the replies to them. One file per system opens them.
 *
 * @module
 */
import { encodeEchoRequest, readEchoReply } from "../../core/packet/icmp_message.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { POSIX } from "../libc/libc.ts";
import { platform } from "../platform.ts";
import type { SocketAddressCodec } from "../udp/socket_address.ts";

/** ICMP and ICMPv6 as protocols of IP (netinet/in.h, the same on both systems). */
export const IPPROTO_ICMP = { 4: 1, 6: 58 } as const;

/** Bytes of the longest reply that is read: the longest IPv4 header and an echo message with {@linkcode ECHO_DATA}. */
const MAX_REPLY = 60 + 8 + 8;
/** Bytes that a request carries, so that no other program's reply is taken for its own. */
export const ECHO_DATA = 8;

/** A socket for echo requests, never waiting. */
export interface IcmpSocket extends Disposable {
  readonly family: 4 | 6;
  /**
   * Sends an echo request by the kernel's routes.
   *
   * @param sequence 16 bits
   * @returns false when the kernel refused it
   */
  send(address: IpAddress, sequence: number): boolean;
  /** The sequence number of a reply that has come; -1 for another message, undefined when none waits. */
  receive(): number | undefined;
}

/** What the systems do each in their own way. */
export interface IcmpSystem {
  readonly libc: Deno.DynamicLibrary<Pick<typeof POSIX, "close" | "sendto" | "recv">>["symbols"];
  readonly codec: SocketAddressCodec;
  readonly sendFlags: number;
  readonly receiveFlags: number;
}

/** What a socket's requests are known by. */
export interface EchoMark {
  /** 16 bits. */
  readonly identifier: number;
  /** {@linkcode ECHO_DATA} bytes. */
  readonly data: Uint8Array;
}

/** An identifier and data that nobody can guess. */
export function randomMark(): EchoMark {
  const [identifier] = crypto.getRandomValues(new Uint16Array(1));
  return { identifier, data: crypto.getRandomValues(new Uint8Array(ECHO_DATA)) };
}

/**
 * Opens a socket for one IP version.
 *
 * @throws {SystemError} "socket", "ioctl" or "setsockopt": without the right to it, for instance
 */
export async function openIcmpSocket(family: 4 | 6, mark: EchoMark = randomMark()): Promise<IcmpSocket> {
  if (platform.os === "darwin") {
    return (await import("./icmp_socket_darwin.ts")).openDarwinIcmpSocket(family, mark);
  }
  return (await import("./icmp_socket_linux.ts")).openLinuxIcmpSocket(family, mark);
}

/** Makes the interface of an open descriptor. */
export function icmpSocket(
  family: 4 | 6,
  descriptor: number,
  { identifier, data }: EchoMark,
  { libc, codec, sendFlags, receiveFlags }: IcmpSystem,
): IcmpSocket {
  const room = new Uint8Array(MAX_REPLY);
  return {
    family,
    send(address, sequence) {
      const message = encodeEchoRequest(family, identifier, sequence & 0xffff, data);
      const to = codec.encode({ address, port: 0 });
      const attempt = () =>
        libc.sendto(descriptor, message, message.length, sendFlags, to, to.length) === message.length;
      // A first failure may be the report of an earlier request's fate, which the call has now cleared.
      return attempt() || attempt();
    },
    receive() {
      const length = libc.recv(descriptor, room, room.length, receiveFlags);
      if (length < 0) return undefined;
      return readEchoReply(family, room.subarray(0, length), identifier, data)?.sequence ?? -1;
    },
    [Symbol.dispose]: () => void libc.close(descriptor),
  };
}
