import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import type { POSIX } from "../libc/libc.ts";
import { SystemError } from "../libc/errno.ts";
import { SOCKET_ADDRESS_CAPACITY, type SocketAddressCodec } from "./socket_address.ts";

/** An open socket, as the main thread holds it. */
export interface UdpSocket extends Disposable {
  readonly descriptor: number;
  /** The IP version of the socket. */
  readonly family: 4 | 6;
  /** The address and port it is bound to. */
  localEndpoint(): Endpoint;
  /**
   * Sends and receives to and from this endpoint only, from now on; again with another to follow a moved peer. On Linux a
   * socket opened with port 0 gets another port each time.
   *
   * @throws {SystemError}
   */
  connect(peer: Endpoint): void;
  /** Sends one datagram; `to` is undefined on a connected socket. False when the network refused it. */
  send(datagram: Uint8Array<ArrayBuffer>, to?: Endpoint): boolean;
  close(): void;
}

type SocketCall = "close" | "socket" | "bind" | "connect" | "getsockname" | "sendto";

/** What the systems do each in their own way. */
export interface SocketSystem {
  readonly libc: Deno.DynamicLibrary<Pick<typeof POSIX, SocketCall>>["symbols"];
  /** Why the call before failed. */
  readonly errno: () => number;
  readonly codec: SocketAddressCodec;
  /** The address family of each IP version. */
  readonly families: Readonly<Record<4 | 6, number>>;
  /** SOCK_DGRAM, with flags beside it. */
  readonly type: number;
  readonly sendFlags: number;
  /** Sets up a new socket. */
  readonly configure: (descriptor: number) => void;
  /** Runs before each connect. */
  readonly disconnect?: (descriptor: number) => void;
}

/**
 * Opens a UDP socket bound to `local`, with the calls that Linux and macOS have alike.
 *
 * @throws {SystemError} "socket" or "bind"
 */
export function bindUdpSocket(local: Endpoint, system: SocketSystem): UdpSocket {
  const { libc, codec } = system;
  const { family } = local.address;
  const succeed = (call: string, result: number): number => {
    if (result < 0) throw new SystemError(call, system.errno());
    return result;
  };
  const descriptor = succeed("socket", libc.socket(system.families[family], system.type, 0));
  const close = () => void libc.close(descriptor);
  system.configure(descriptor);
  const address = codec.encode(local);
  if (libc.bind(descriptor, address, address.length) < 0) {
    const number = system.errno();
    close();
    throw new SystemError("bind", number);
  }
  return {
    descriptor,
    family,
    close,
    [Symbol.dispose]: close,
    localEndpoint(): Endpoint {
      const room = new Uint8Array(SOCKET_ADDRESS_CAPACITY);
      const length = new Uint32Array([room.length]);
      succeed("getsockname", libc.getsockname(descriptor, room, length));
      const endpoint = codec.decode(room.subarray(0, length[0]));
      if (endpoint === undefined) throw new SystemError("getsockname", 0);
      return endpoint;
    },
    connect(peer: Endpoint): void {
      system.disconnect?.(descriptor);
      const to = codec.encode(toSocketFamily(peer, family));
      succeed("connect", libc.connect(descriptor, to, to.length));
    },
    send(datagram: Uint8Array<ArrayBuffer>, to?: Endpoint): boolean {
      const target = to === undefined ? null : codec.encode(toSocketFamily(to, family));
      const attempt = () =>
        libc.sendto(descriptor, datagram, datagram.length, system.sendFlags, target, target?.length ?? 0) >=
          0;
      // A first failure may be the report of an earlier datagram's fate (an ICMP error), which the call has now cleared.
      return attempt() || attempt();
    },
  };
}
